//! Whole stations as real processes, their documents, and the shape of the workspace.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod arrows;
mod bad_input;
mod demo;
mod docs;
mod foreign;
mod foreign_client;
mod foreign_server;
mod hardware;
mod hostile;
mod identify;
mod mixed;
mod offline;
mod owners;
mod processes;
mod readers;
mod restart;
mod sip2_client;
mod site;
mod systems;
mod tech;
