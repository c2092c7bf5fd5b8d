//! The station: what happens between a reader's card, the pile of books, the library system,
//! the tags and the paper.

pub mod practice;
pub mod privacy;
pub mod sip2;
