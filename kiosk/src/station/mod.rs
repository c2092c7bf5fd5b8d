//! The loop around the session.
pub mod ils;
pub mod reader;
