//! SIP2.
