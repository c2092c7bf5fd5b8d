//! The session, proved in a deterministic world (patron-experience.md section 18).

mod borrow;
mod giveback;
mod library;
mod world;
