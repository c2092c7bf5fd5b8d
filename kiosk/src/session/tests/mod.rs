//! The session, proved in a deterministic world (patron-experience.md section 18).

mod account;
mod aids;
mod borrow;
mod full;
mod giveback;
mod library;
mod month;
mod offline;
mod owners;
mod posting;
mod power;
mod storm;
mod unsure;
mod world;
