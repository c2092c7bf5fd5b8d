//! Any bytes from and to a receipt printer, in any chunking: no panic, bounded, and neither replies
//! nor words depend on the chunking.
//!
//! The first byte is the length of the chunks; the rest goes both ways.
#![no_main]

use drivers::printer::describe::{COMMAND_MAX, ReplyReader, Sent, SentReader};
use drivers::printer::status::{Ask, BLOCK_MAX, Demux, Reply, Status};
use libfuzzer_sys::fuzz_target;

/// Up to here the words do not depend on the chunking: a longer line without its end is shown in
/// pieces. In bytes.
const LINE: usize = 512;

fuzz_target!(|input: &[u8]| {
    let Some((&chunk, stream)) = input.split_first() else { return };
    let chunk = usize::from(chunk).max(1);
    from_printer(stream, chunk);
    to_printer(stream, chunk);
});

fn from_printer(stream: &[u8], chunk: usize) {
    let mut demux = Demux::new();
    let mut replies = Vec::new();
    demux.push(stream, |reply| replies.push(reply));

    let (mut slow, mut words) = (Demux::new(), ReplyReader::default());
    let (mut some, mut told) = (Vec::new(), Vec::new());
    for piece in stream.chunks(chunk) {
        slow.push(piece, |reply| some.push(reply));
        told.extend(words.push(piece));
    }
    assert_eq!(some, replies);
    assert_eq!(told, replies);

    let mut status = Status::default();
    for reply in &replies {
        judge(&mut status, reply);
    }
    // Every byte is in a reply or counted as dropped.
    demux.reset();
    let used: usize = replies.iter().map(len).sum();
    assert_eq!(used as u64 + demux.dropped(), stream.len() as u64);
}

fn judge(status: &mut Status, reply: &Reply) {
    match reply {
        Reply::RealTime(byte) => {
            for ask in [Ask::Printer, Ask::OffLineCause, Ask::ErrorCause, Ask::RollSensor] {
                status.apply(ask, *byte);
            }
        }
        Reply::Asb(asb) => *status = Status::from_asb(*asb),
        Reply::Block(block) => assert!(block.len() <= BLOCK_MAX),
        Reply::Xon | Reply::Xoff | Reply::Buffered(_) | Reply::JobDone(_) => {}
    }
    let _ = status.trouble();
}

/// Bytes a reply was made of.
fn len(reply: &Reply) -> usize {
    match reply {
        Reply::Xon | Reply::Xoff | Reply::RealTime(_) | Reply::Buffered(_) => 1,
        Reply::Asb(_) => 4,
        Reply::JobDone(_) => 7,
        Reply::Block(block) => block.len() + 1,
    }
}

fn to_printer(stream: &[u8], chunk: usize) {
    assert!(stream.len() < COMMAND_MAX);
    let whole = sent(stream, stream.len());
    let some = sent(stream, chunk);
    assert!(whole.len() <= stream.len() && some.len() <= stream.len());
    // Text is the patron's business: not in a log.
    let _ = format!("{whole:?}");
    if stream.len() <= LINE {
        assert_eq!(joined(some), joined(whole));
    }
}

fn sent(stream: &[u8], chunk: usize) -> Vec<Sent> {
    let mut reader = SentReader::default();
    stream.chunks(chunk.max(1)).flat_map(|piece| reader.push(piece)).collect()
}

/// Runs of NUL are told per chunk: add them up.
fn joined(items: Vec<Sent>) -> Vec<Sent> {
    let mut out: Vec<Sent> = Vec::new();
    for item in items {
        match (out.last_mut(), item) {
            (Some(Sent::Flush(before)), Sent::Flush(more)) => *before += more,
            (_, item) => out.push(item),
        }
    }
    out
}
