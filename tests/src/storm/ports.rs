//! What is outside of the station's core, in a storm: the orders the core gives are kept for the
//! world to carry out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use drivers::printer::compose::Composer;
use drivers::printer::device::SubmitError as PrintError;
use drivers::printer::job::{Job, JobId, JobIds};
use drivers::printer::slip::Slip;
use kiosk::clock::Now;
use kiosk::journal::{JournalError, KeyError};
use kiosk::session::{Record, Room, SessionCode};
use kiosk::sip2::SipDate;
use kiosk::sip2::conn::SubmitError;
use kiosk::sip2::{Priority, Request, RequestId};
use kiosk::station::core::Outside;
use kiosk::station::pads::ReaderNo;
use kiosk::station::reader::Command;

use super::disk::Disk;
use super::rng::Rng;

/// An order of the core.
pub enum Order {
    /// Ask the library system.
    Ask(RequestId, Box<Request>, Priority),
    /// Tell the reader.
    Read(Command),
    /// Print.
    Print(Job),
    /// The session is over.
    Forget,
    /// This was to be written to the journal, and whether the disk took it.
    Recorded(Vec<Record>, bool),
}

/// Time and orders, shared by world and core.
#[derive(Default)]
pub struct Desk {
    /// Virtual time in microseconds since the station started.
    pub mono: Cell<u64>,
    /// The wall clock's lead over the world's own time, in seconds.
    pub wall_ahead: Cell<i64>,
    /// Microseconds of the world when this station started.
    pub booted: Cell<u64>,
    /// Orders not carried out yet.
    pub orders: RefCell<VecDeque<Order>>,
}

/// The first moment of every storm.
#[must_use]
pub fn beginning() -> jiff::civil::DateTime {
    jiff::civil::date(2026, 11, 22).at(10, 0, 0, 0)
}

impl Desk {
    /// The world's own civil time.
    #[must_use]
    pub fn civil(&self) -> jiff::civil::DateTime {
        let micros = i64::try_from(self.mono.get()).unwrap_or(i64::MAX);
        beginning().saturating_add(jiff::SignedDuration::from_micros(micros))
    }

    /// Time as the station sees it.
    #[must_use]
    pub fn now(&self) -> Now {
        let ahead = jiff::SignedDuration::from_secs(self.wall_ahead.get());
        let mono = self.mono.get().saturating_sub(self.booted.get());
        Now { mono: Duration::from_micros(mono), wall: self.civil().saturating_add(ahead) }
    }
}

/// The core's outside.
pub struct Ports {
    /// Shared with the world.
    pub desk: Rc<Desk>,
    /// The disk, without which there is no power.
    pub disk: Disk,
    /// The moment from which the devices' real-time stamps count.
    pub origin: Instant,
    /// Makes jobs.
    pub composer: Option<Rc<Composer>>,
    /// Names them.
    pub jobs: JobIds,
    /// Chance.
    pub rng: Rng,
}

const LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Outside for Ports {
    fn now(&self) -> Now {
        self.desk.now()
    }

    fn mono_at(&self, moment: Instant) -> Duration {
        let booted = Duration::from_micros(self.desk.booted.get());
        moment.saturating_duration_since(self.origin).saturating_sub(booted)
    }

    fn has_power(&self) -> bool {
        !self.disk.is_dead()
    }

    fn codes(&mut self, n: usize) -> Result<Vec<SessionCode>, KeyError> {
        let mut letter = || char::from(*self.rng.pick(LETTERS));
        let mut code = || {
            let mut three = || [letter(), letter(), letter()].iter().collect::<String>();
            let (head, tail) = (three(), three());
            SessionCode(format!("{head}-{tail}"))
        };
        Ok((0..n).map(|_| code()).collect())
    }

    fn ask(
        &mut self,
        requests: Vec<(RequestId, Request)>,
        priority: Priority,
    ) -> Result<(), SubmitError> {
        let orders = requests.into_iter().map(|(id, of)| Order::Ask(id, Box::new(of), priority));
        self.desk.orders.borrow_mut().extend(orders);
        Ok(())
    }

    fn read(&mut self, _number: ReaderNo, command: Command) -> bool {
        self.desk.orders.borrow_mut().push_back(Order::Read(command));
        true
    }

    fn print(&mut self, slip: &Slip) -> Option<Result<JobId, PrintError>> {
        let composer = self.composer.as_ref()?;
        let id = self.jobs.next_id();
        Some(match composer.compose(slip, id) {
            Ok(job) => {
                self.desk.orders.borrow_mut().push_back(Order::Print(job));
                Ok(id)
            }
            Err(error) => Err(error.into()),
        })
    }

    fn forget(&mut self) {
        self.desk.orders.borrow_mut().push_back(Order::Forget);
    }

    fn recorded(&mut self, records: &[Record], error: Option<&JournalError>) {
        let order = Order::Recorded(records.to_vec(), error.is_none());
        self.desk.orders.borrow_mut().push_back(order);
    }

    fn room_told(&mut self, _room: Room) {}

    fn library_time(&self, told: SipDate) -> Option<jiff::civil::DateTime> {
        told.civil()
    }

    fn call_staff(&mut self) {}

    fn today(&mut self) -> jiff::civil::Date {
        self.desk.now().wall.date()
    }
}
