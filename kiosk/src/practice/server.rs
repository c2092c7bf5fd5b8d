//! Sockets around the sessions, and the handle.

mod config;
mod connection;
mod encryption;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::clock::Clock;
use super::desk::{Availability, status_response};
use super::fault::{Fault, Faults};
use super::model::{Language, Station};
use super::session::Manner;
use super::store::{LedgerEntry, Library, Loan, Store, StoreError, Tally};
use super::texts;
use crate::sip2::wire::TERMINATOR;
use crate::sip2::{ErrorDetection, Response};

pub use encryption::TlsFiles;

pub use config::{
    CONNECTIONS, Config, IDLE_TIMEOUT, MAX_CONNECTIONS, MESSAGE_TIMEOUT, PracticeError, Source,
};

/// Connections being told that there is no room; more are closed unheard.
const MAX_REFUSALS: usize = 32;

/// Time a station has to take an answer.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait until encryption is agreed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after the system could not hand over a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that may wait to be accepted: all stations of a city after a power cut. A further
/// one is tried again by its system, a second later.
const BACKLOG: u32 = 1024;

/// Ledger entries read at once.
const LEDGER_CHUNK: u32 = 1000;

/// What all connections share.
struct Engine {
    store: Mutex<Store>,
    faults: Mutex<Faults>,
    library: Library,
    manner: Manner,
    clock: Clock,
    idle_timeout: Duration,
    message_timeout: Duration,
    /// Stations connected at once.
    connections: usize,
    requests: AtomicU64,
}

impl Engine {
    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic inside a transaction rolled it back: the connection itself is sound.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a station hears when there is no room: 98, off line, with the reason.
    fn busy(&self) -> Vec<u8> {
        let offline = Availability::Offline;
        let station = Station::default();
        let mut status = status_response(&self.library, &station, offline, None, self.clock.now());
        status.screen_message = [Language::Zh, Language::En]
            .map(|language| texts::text(language, "server_busy").to_owned())
            .to_vec();
        let mut bytes = Response::from(status).encode(self.manner.charset, ErrorDetection::Off);
        bytes.push(TERMINATOR);
        bytes
    }
}

/// A running practice library. Dropping it stops it.
pub struct Practice {
    addr: SocketAddr,
    engine: Arc<Engine>,
    /// Ledger number at the start.
    since: i64,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Practice {
    /// Opens the database, fills an empty one, and listens. Returns once connections are accepted.
    ///
    /// # Errors
    /// [`PracticeError`], each saying what to do.
    pub fn start(config: Config) -> Result<Self, PracticeError> {
        let (mut store, library) = config.open()?;
        let since = store.write(|tx| tx.ledger_end())?;
        let mut faults = Faults::default();
        for fault in &config.faults {
            faults.set(*fault);
        }
        let tls = config.tls.as_ref().map(TlsFiles::acceptor).transpose();
        let tls = tls.map_err(PracticeError::Tls)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(PracticeError::Thread)?;
        let listener = {
            let _within = runtime.enter();
            listen(config.listen)?
        };
        let addr = listener
            .local_addr()
            .map_err(|source| PracticeError::Listen { addr: config.listen, source })?;
        let engine = Arc::new(Engine {
            store: Mutex::new(store),
            faults: Mutex::new(faults),
            library,
            manner: config.manner(),
            clock: config.clock,
            idle_timeout: config.idle_timeout,
            message_timeout: config.message_timeout,
            connections: config.connections.clamp(1, MAX_CONNECTIONS),
            requests: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::clone(&engine);
        let thread = std::thread::Builder::new()
            .name("practice".to_owned())
            .spawn(move || runtime.block_on(accept(listener, tls, shared, stopped)))
            .map_err(PracticeError::Thread)?;
        info!(%addr, "practice library listens");
        Ok(Self { addr, engine, since, stop, thread: Some(thread) })
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What the library is.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.engine.library
    }

    /// Sets a fault, from the next answer on.
    pub fn set_fault(&self, fault: Fault) {
        self.engine.faults().set(fault);
    }

    /// Every accepted transaction ever, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn ledger(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        self.ledger_after(0)
    }

    /// The transactions accepted since this start.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn ledger_since_start(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        self.ledger_after(self.since)
    }

    fn ledger_after(&self, mut after: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut all = Vec::new();
        loop {
            // In pieces, so that a long ledger does not keep stations waiting.
            let part = self.engine.store().write(|tx| tx.ledger(after, LEDGER_CHUNK))?;
            let Some(last) = part.last() else { return Ok(all) };
            after = last.id;
            all.extend(part);
        }
    }

    /// Figures since this start, of one station when its location code (CP) is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn tally(&self, location: Option<&str>) -> Result<Tally, StoreError> {
        self.engine.store().write(|tx| tx.tally(self.since, location))
    }

    /// Every open loan, in the order they were made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn open_loans(&self) -> Result<Vec<Loan>, StoreError> {
        self.engine.store().write(|tx| tx.open_loans())
    }

    /// Lines taken from stations so far, readable or not: something to wait on.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.engine.requests.load(Ordering::SeqCst)
    }

    /// Closes all connections and waits for the thread. What was answered is in the database.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the practice library's thread panicked");
        }
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.shut_down();
    }
}

fn listen(addr: SocketAddr) -> Result<TcpListener, PracticeError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => PracticeError::PortInUse { addr },
        _ => PracticeError::Listen { addr, source },
    };
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(failed)?;
    // A restart need not wait for old connections.
    socket.set_reuseaddr(true).map_err(failed)?;
    socket.bind(addr).map_err(failed)?;
    socket.listen(BACKLOG).map_err(failed)
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    engine: Arc<Engine>,
    mut stopped: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(engine.connections));
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            _ = tasks.join_next(), if !tasks.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => {
                // Answers are small and waited for.
                let _ = stream.set_nodelay(true);
                stream
            }
            Err(error) => {
                warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let engine = Arc::clone(&engine);
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            let (stopped, tls) = (stopped.clone(), tls.clone());
            tasks.spawn(async move {
                match tls {
                    None => connection::serve(stream, engine, stopped).await,
                    Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                        Ok(Ok(stream)) => connection::serve(stream, engine, stopped).await,
                        Ok(Err(error)) => info!(%error, "no encryption agreed"),
                        Err(_) => info!("no encryption agreed in time"),
                    },
                }
                drop(permit);
            });
        } else if let (None, Ok(permit)) = (&tls, Arc::clone(&refusals).try_acquire_owned()) {
            tasks.spawn(async move {
                connection::refuse(stream, &engine.busy()).await;
                drop(permit);
            });
        }
    }
    tasks.shutdown().await;
}
