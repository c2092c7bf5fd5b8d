//! Traffic as a list of small descriptions, for a wire viewer.
//!
//! It changes nothing and decides nothing; texts for people are made elsewhere from these. A reply
//! does not say what it answers, so each is read with the last command heard.

use super::wire::{Command, Decoded, Decoder, Frame, Reply, Skip};
use crate::port::Direction;

/// One frame, or bytes that are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Which way it went.
    pub direction: Direction,
    /// The bytes, as they were on the line.
    pub raw: Vec<u8>,
    /// What they say.
    pub what: What,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Host.
    Command(Command),
    /// Reader.
    Reply(Reply),
    /// A frame with a good checksum whose fields do not fit, or a reply to no known command.
    Malformed {
        /// Command code.
        code: Option<u8>,
    },
    /// No frame.
    Noise(Skip),
}

/// Makes [`Described`] of the bytes of both directions.
#[derive(Debug, Default)]
pub struct Describer {
    from_host: Decoder,
    from_reader: Decoder,
    asked: Option<Command>,
}

impl Describer {
    /// At the start of the traffic, or after a reconnection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of one direction.
    pub fn feed(&mut self, direction: Direction, bytes: &[u8]) -> Vec<Described> {
        let found = self.decoder(direction).feed(bytes);
        self.describe(direction, found)
    }

    /// The line has been quiet: what was begun will not be finished.
    pub fn quiet(&mut self, direction: Direction) -> Vec<Described> {
        let found = self.decoder(direction).flush();
        self.describe(direction, found)
    }

    fn decoder(&mut self, direction: Direction) -> &mut Decoder {
        match direction {
            Direction::Out => &mut self.from_host,
            Direction::In => &mut self.from_reader,
        }
    }

    fn describe(&mut self, direction: Direction, found: Vec<Decoded>) -> Vec<Described> {
        let one = |item| match item {
            Decoded::Skipped { bytes, why } => {
                Described { direction, raw: bytes, what: What::Noise(why) }
            }
            Decoded::Frame(frame) => {
                let what = match direction {
                    Direction::Out => self.command(&frame),
                    Direction::In => self.reply(&frame),
                };
                let malformed = || What::Malformed { code: frame.body.first().copied() };
                Described { direction, raw: frame.emit(), what: what.unwrap_or_else(malformed) }
            }
        };
        found.into_iter().map(one).collect()
    }

    fn command(&mut self, frame: &Frame) -> Option<What> {
        self.asked = Command::parse(frame).ok();
        self.asked.clone().map(What::Command)
    }

    fn reply(&self, frame: &Frame) -> Option<What> {
        Reply::parse(frame, self.asked.as_ref()?).ok().map(What::Reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfid::feig::wire::{Form, HostCommand, Inventory, Record, Status};

    #[test]
    fn a_reply_is_read_with_its_command() {
        let mut describer = Describer::new();
        let command = Command::Host(HostCommand::More);
        let records = vec![Record::Iso15693 { dsfid: 6, uid: [0xE0, 4, 1, 0, 0, 0, 0, 1] }];
        let reply = Reply::Inventory(Inventory { status: Status::OK, records });
        let answer = reply.to_frame(Form::Standard, 0).emit();

        let early = describer.feed(Direction::In, &answer);
        assert_eq!(early[0].what, What::Malformed { code: Some(0xB0) });
        let asked = describer.feed(Direction::Out, &command.to_frame(Form::Standard, 255).emit());
        assert_eq!(asked[0].what, What::Command(command));
        let mut told = describer.feed(Direction::In, &answer[..5]);
        told.extend(describer.feed(Direction::In, &answer[5..]));
        assert_eq!((told.len(), &told[0].what), (1, &What::Reply(reply)));
        assert_eq!(told[0].raw, answer);
        assert_eq!(describer.feed(Direction::In, &answer[..5]), []);
        assert!(describer.quiet(Direction::In).iter().all(|d| matches!(d.what, What::Noise(_))));
    }
}
