//! The simulated printer behind its link: receive buffer, real-time commands, condition, answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::head::Head;
use super::interp::{Ask, Class, Interp};
use super::receipt::Receipt;

/// Receive buffer in bytes unless a fault makes it smaller.
const BUFFER: usize = 64 * 1024;
/// Silence after which paper that was not cut counts as a receipt.
pub const IDLE_END: Duration = Duration::from_secs(2);
/// Pause between single bytes when answers are split.
const SPLIT_PAUSE: Duration = Duration::from_millis(3);
/// Answers waiting at most; a host that never reads loses the oldest.
const ANSWERS_MAX: usize = 4096;
/// Bytes kept of one receipt; what is printed is not affected.
const RAW_MAX: usize = 4 * 1024 * 1024;
/// A status that changes nothing, put into a block by [`Fault::AsbInBlock`].
const EXTRA_ASB: [u8; 4] = [0x10, 0, 0, 0];

/// Everything between link and paper.
#[derive(Debug)]
pub(super) struct Machine {
    interp: Interp,
    head: Head,
    buffer: VecDeque<u8>,
    raw: Vec<u8>,
    real_time: Vec<u8>,
    faults: Vec<Fault>,
    received_at_fault: u64,
    printed_at_fault: u64,
    received: u64,
    printed: u64,
    cutter_error: bool,
    pulses: u64,
    asb: bool,
    told: [u8; 4],
    answers: VecDeque<(Instant, Vec<u8>)>,
    drop_link: bool,
    last_byte: Instant,
    finished: Vec<Receipt>,
}

impl Machine {
    /// Switched on, with paper of so many dots.
    pub(super) fn new(dots: usize, class: Class, now: Instant) -> Self {
        Self {
            interp: Interp::new(class),
            head: Head::new(dots),
            buffer: VecDeque::new(),
            raw: Vec::new(),
            real_time: Vec::new(),
            faults: Vec::new(),
            received_at_fault: 0,
            printed_at_fault: 0,
            received: 0,
            printed: 0,
            cutter_error: false,
            pulses: 0,
            asb: false,
            told: [0x10, 0, 0, 0],
            answers: VecDeque::new(),
            drop_link: false,
            last_byte: now,
            finished: Vec::new(),
        }
    }

    /// Sets a fault besides those set.
    pub(super) fn set_fault(&mut self, fault: Fault, now: Instant) {
        self.received_at_fault = self.received;
        self.printed_at_fault = self.printed;
        self.faults.push(fault);
        self.changed(now);
    }

    /// Paper loaded, cover closed, cables in. A jammed cutter stays in error until recovered.
    pub(super) fn clear_faults(&mut self, now: Instant) {
        self.faults.clear();
        self.changed(now);
        self.work(now);
    }

    /// How often the drawer connector was fired.
    pub(super) fn pulses(&self) -> u64 {
        self.pulses
    }

    /// Bytes received since the start.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The paper in the making.
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// Receipts finished since last asked.
    pub(super) fn take_finished(&mut self) -> Vec<Receipt> {
        std::mem::take(&mut self.finished)
    }

    /// Whether the link is to be cut now; asked once.
    pub(super) fn take_drop(&mut self) -> bool {
        std::mem::take(&mut self.drop_link)
    }

    /// Bytes the link may hand over now.
    pub(super) fn room(&self) -> usize {
        if self.has(Fault::StuckWrite) {
            return 0;
        }
        let limit = self
            .faults
            .iter()
            .find_map(|fault| match fault {
                Fault::SmallBuffer(bytes) => Some(*bytes),
                _ => None,
            })
            .unwrap_or(BUFFER);
        limit.saturating_sub(self.buffer.len())
    }

    /// A new host: automatic status starts off, a half answer is gone. The buffer stays.
    pub(super) fn connected(&mut self) {
        self.answers.clear();
        self.asb = false;
        self.real_time.clear();
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn since(&self, limit: impl Fn(&Fault) -> Option<u64>, count: u64) -> bool {
        self.faults.iter().filter_map(limit).any(|after| count >= after)
    }

    fn paper_out(&self) -> bool {
        let printed = self.printed - self.printed_at_fault;
        let after = |fault: &Fault| match fault {
            Fault::PaperOutAfter(bytes) => Some(*bytes),
            _ => None,
        };
        self.has(Fault::PaperOut) || self.since(after, printed)
    }

    fn cover_open(&self) -> bool {
        let printed = self.printed - self.printed_at_fault;
        let after = |fault: &Fault| match fault {
            Fault::CoverOpenAfter(bytes) => Some(*bytes),
            _ => None,
        };
        self.has(Fault::CoverOpen) || self.since(after, printed)
    }

    fn off_line(&self) -> bool {
        self.paper_out() || self.cover_open() || self.cutter_error || self.has(Fault::HeadHot)
    }

    /// Takes bytes from the link. Real-time commands are obeyed at once, wherever they stand:
    /// also inside picture data (1.3, "Trap").
    pub(super) fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.last_byte = now;
        for byte in bytes {
            self.received += 1;
            if self.has(Fault::Silent) {
                continue;
            }
            self.buffer.push_back(*byte);
            self.watch_real_time(*byte, now);
        }
        let received = self.received - self.received_at_fault;
        let cut = |fault: &Fault| match fault {
            Fault::DropLinkAfter(bytes) => Some(*bytes),
            _ => None,
        };
        if self.since(cut, received) {
            self.faults.retain(|fault| !matches!(fault, Fault::DropLinkAfter(_)));
            self.drop_link = true;
        }
        self.work(now);
    }

    fn watch_real_time(&mut self, byte: u8, now: Instant) {
        self.real_time.push(byte);
        match *self.real_time.as_slice() {
            [0x10] | [0x10, 0x04 | 0x05 | 0x14] | [0x10, 0x14, 1] | [0x10, 0x14, 1, _] => return,
            [0x10, 0x04, n @ 1..=4] => self.answer(vec![self.status_byte(n)], now),
            [0x10, 0x05, n @ (1 | 2)] => self.recover(n, now),
            [0x10, 0x14, 1, _, _] => self.pulses += 1,
            _ => {}
        }
        self.real_time.clear();
        if byte == 0x10 {
            self.real_time.push(byte);
        }
    }

    /// DLE ENQ 2: the buffers are cleared. A cutter is free again once the jam is gone.
    fn recover(&mut self, n: u8, now: Instant) {
        if n == 2 {
            self.buffer.clear();
            self.interp.reset();
            self.head.discard();
        }
        if !self.has(Fault::CutterJam) && !self.cover_open() {
            self.cutter_error = false;
        }
        self.changed(now);
    }

    /// Prints what the buffer holds while the printer is on line.
    pub(super) fn work(&mut self, now: Instant) {
        while !self.off_line() {
            let Some(byte) = self.buffer.pop_front() else { break };
            self.printed += 1;
            if self.raw.len() < RAW_MAX {
                self.raw.push(byte);
            }
            if let Some(ask) = self.interp.byte(byte, &mut self.head) {
                self.obey(ask, now);
            }
            if self.head.too_long() {
                self.finish();
            }
        }
        self.changed(now);
    }

    fn obey(&mut self, ask: Ask, now: Instant) {
        match ask {
            Ask::Cut if self.has(Fault::CutterJam) => self.cutter_error = true,
            Ask::Cut => self.finish(),
            Ask::Pulse => self.pulses += 1,
            Ask::AutoStatus(n) => {
                self.asb = n != 0;
                if self.asb {
                    self.told = self.asb_bytes();
                    self.answer(self.told.to_vec(), now);
                }
            }
            Ask::Status(n) => {
                let near = self.has(Fault::NearEnd);
                let paper = if near { 0x03 } else { 0x00 };
                self.answer(vec![if n % 48 == 1 { paper } else { 0 }], now);
            }
            Ask::Identity(n) => self.answer(identity(n), now),
            Ask::ProcessId(id) => self.answer_process_id(id, now),
        }
    }

    fn answer_process_id(&mut self, id: [u8; 4], now: Instant) {
        let shown = if self.has(Fault::WrongJobId) { *b"!!!!" } else { id };
        let mut block = vec![0x37, 0x22];
        block.extend_from_slice(&shown);
        block.push(0);
        if self.has(Fault::AsbInBlock) {
            let tail = block.split_off(3);
            block.extend_from_slice(&EXTRA_ASB);
            block.extend_from_slice(&tail);
        }
        self.answer(block, now);
    }

    fn status_byte(&self, n: u8) -> u8 {
        let bit = |on: bool, mask: u8| if on { mask } else { 0 };
        0x12 | match n {
            // Bit 2: drawer pin 3 high, as an Epson TM without a drawer answers.
            1 => 0x04 | bit(self.off_line(), 0x08),
            2 => {
                bit(self.cover_open(), 0x04)
                    | bit(self.paper_out(), 0x20)
                    | bit(self.cutter_error || self.has(Fault::HeadHot), 0x40)
            }
            3 => bit(self.cutter_error, 0x08) | bit(self.has(Fault::HeadHot), 0x40),
            _ => bit(self.has(Fault::NearEnd), 0x0C) | bit(self.paper_out(), 0x60),
        }
    }

    fn asb_bytes(&self) -> [u8; 4] {
        let bit = |on: bool, mask: u8| if on { mask } else { 0 };
        [
            0x10 | bit(self.off_line(), 0x08) | bit(self.cover_open(), 0x20),
            bit(self.cutter_error, 0x08) | bit(self.has(Fault::HeadHot), 0x40),
            bit(self.paper_out(), 0x0F) | bit(self.has(Fault::NearEnd), 0x03),
            0,
        ]
    }

    /// Sends automatic status when something changed.
    fn changed(&mut self, now: Instant) {
        let asb = self.asb_bytes();
        if self.asb && asb != self.told {
            self.told = asb;
            self.answer(asb.to_vec(), now);
        }
    }

    fn answer(&mut self, bytes: Vec<u8>, now: Instant) {
        if self.has(Fault::NoStatus) || self.has(Fault::Silent) {
            return;
        }
        let late = self.faults.iter().find_map(|fault| match fault {
            Fault::Late(late) => Some(*late),
            _ => None,
        });
        let mut at = now + late.unwrap_or_default();
        if self.has(Fault::SplitReplies) {
            for byte in bytes {
                at += SPLIT_PAUSE;
                self.answers.push_back((at, vec![byte]));
            }
        } else {
            self.answers.push_back((at, bytes));
        }
        while self.answers.len() > ANSWERS_MAX {
            self.answers.pop_front();
        }
    }

    /// The next answer that is due.
    pub(super) fn due_answer(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.answers.front().is_some_and(|(at, _)| *at <= now) {
            return self.answers.pop_front().map(|(_, bytes)| bytes);
        }
        None
    }

    /// Time passed: paper that nobody cuts ends by itself.
    pub(super) fn tick(&mut self, now: Instant) {
        self.work(now);
        let idle = now.saturating_duration_since(self.last_byte) >= IDLE_END;
        if idle && !self.off_line() && self.buffer.is_empty() {
            self.head.flush();
            if self.head.has_paper() {
                self.finish();
            } else {
                // Status requests between receipts belong to none.
                self.raw.clear();
            }
        }
    }

    fn finish(&mut self) {
        let (page, text) = self.head.take();
        let bytes = std::mem::take(&mut self.raw);
        self.finished.push(Receipt {
            bytes,
            text,
            width: page.width(),
            height: page.height(),
            pixels: page.pixels().to_vec(),
        });
    }
}

/// GS I: maker and model as blocks, the single-byte ids as an Epson TM answers.
fn identity(n: u8) -> Vec<u8> {
    let block = |name: &[u8]| [&[0x5F], name, &[0]].concat();
    match n {
        0x42 => block(b"JIEHUAN"),
        0x43 => block(b"SIMULATOR"),
        1 | 49 => vec![0x20],
        2 | 50 => vec![0x02],
        _ => block(b"1"),
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
