//! Whole stations as real processes, their documents, and the shape of the workspace.

mod arrows;
mod bad_input;
mod demo;
mod docs;
mod foreign;
mod mixed;
mod offline;
mod restart;
mod sip2_client;
mod site;
mod tech;
