//! Practice library system.
