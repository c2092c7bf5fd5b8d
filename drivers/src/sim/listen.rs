//! Where a simulator listens: a TCP address, or a pty under a path.
//!
//! An [`Endpoint`] serves one client at a time; one that leaves is replaced by the next. It never
//! waits longer than it is told.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serialport::{SerialPort, TTYPort};

use crate::port::PortSpec;

/// Longest wait for a client that does not read; bytes it has no room for are lost, as on a
/// serial line without handshake.
pub const WRITE_PATIENCE: Duration = Duration::from_millis(100);

/// Most bytes dropped by one [`Endpoint::drain`].
const DRAIN_MAX: usize = 64 * 1024;

/// Where to listen, written `tcp:ADDR` or `pty:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenSpec {
    /// A TCP address `HOST:PORT`; port 0 takes a free one.
    Tcp(String),
    /// A pty that is reached by this path (a symbolic link).
    Pty(PathBuf),
}

/// A description of where to listen that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a place to listen: write tcp:HOST:PORT (port 0 takes a free one) or pty:PATH"
)]
pub struct ListenSpecError {
    /// The text as given.
    pub text: String,
}

impl FromStr for ListenSpec {
    type Err = ListenSpecError;

    fn from_str(text: &str) -> Result<Self, ListenSpecError> {
        let bad = || ListenSpecError { text: text.to_owned() };
        match text.split_once(':').ok_or_else(bad)? {
            ("tcp", addr) => {
                let (host, port) = addr.rsplit_once(':').ok_or_else(bad)?;
                if host.is_empty() || port.parse::<u16>().is_err() {
                    return Err(bad());
                }
                Ok(Self::Tcp(addr.to_owned()))
            }
            ("pty", path) if !path.is_empty() => Ok(Self::Pty(path.into())),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for ListenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => write!(f, "tcp:{addr}"),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
        }
    }
}

/// A place where it is not possible to listen. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// TCP.
    #[error(
        "cannot listen on tcp:{addr}: {source}. Choose another port, or port 0 for a free one, or end the program that uses it"
    )]
    Tcp {
        /// The address.
        addr: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The path for the pty exists and is not a link left over from an ended simulator.
    #[error("{path} exists: remove it, or choose another path for the pty")]
    PathTaken {
        /// The path.
        path: PathBuf,
    },
    /// The link could not be made.
    #[error("cannot make the link {path}: {source}. Choose a path in a folder you may write to")]
    Link {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No pty.
    #[error("the system gives no pty: {source}. Close programs that hold some")]
    Pty {
        /// The system's answer.
        source: io::Error,
    },
}

/// A simulator's end of the line.
#[derive(Debug)]
pub struct Endpoint(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpEnd),
    Pty(PtyEnd),
}

impl Endpoint {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`ListenError`], which says what to do.
    pub fn bind(spec: &ListenSpec) -> Result<Self, ListenError> {
        Ok(Self(match spec {
            ListenSpec::Tcp(addr) => Kind::Tcp(TcpEnd::bind(addr)?),
            ListenSpec::Pty(path) => Kind::Pty(PtyEnd::bind(path)?),
        }))
    }

    /// How a client reaches it; for TCP with the port that was taken.
    #[must_use]
    pub fn port_spec(&self) -> PortSpec {
        match &self.0 {
            Kind::Tcp(end) => PortSpec::Tcp(end.addr.to_string()),
            Kind::Pty(end) => PortSpec::serial(end.path.clone()),
        }
    }

    /// Whether somebody would hear what is sent now. A pty keeps it for a client that comes later.
    #[must_use]
    pub fn has_client(&self) -> bool {
        match &self.0 {
            Kind::Tcp(end) => end.client.is_some(),
            Kind::Pty(end) => end.pair.is_some(),
        }
    }

    /// Takes bytes of the client, waiting at most `patience`; 0 when nothing came, when there is
    /// no client, or when it left.
    pub fn read(&mut self, buf: &mut [u8], patience: Duration) -> usize {
        match &mut self.0 {
            Kind::Tcp(end) => end.read(buf, patience),
            Kind::Pty(end) => end.read(buf, patience),
        }
    }

    /// Sends bytes. What nobody takes within [`WRITE_PATIENCE`] is lost.
    pub fn write(&mut self, bytes: &[u8]) {
        let sent = match &mut self.0 {
            Kind::Tcp(end) => end.write(bytes),
            Kind::Pty(end) => end.write(bytes),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, bytes = bytes.len(), "bytes lost on the simulated line");
        }
    }

    /// Drops what the client has sent so far; never waits.
    pub fn drain(&mut self) {
        let mut buf = [0; 1024];
        let mut dropped = 0;
        while dropped < DRAIN_MAX {
            let n = match &mut self.0 {
                Kind::Tcp(end) => end.read_now(&mut buf),
                Kind::Pty(end) => end.read_now(&mut buf),
            };
            match n {
                0 => return,
                n => dropped += n,
            }
        }
    }

    /// Pulls the plug: the client's line breaks, and nobody can open it.
    pub fn unplug(&mut self) {
        match &mut self.0 {
            Kind::Tcp(end) => {
                end.client = None;
                end.listener = None;
            }
            Kind::Pty(end) => end.close(),
        }
    }

    /// Puts the plug back, at the same address or path.
    ///
    /// # Errors
    /// [`ListenError`] when the place was taken meanwhile.
    pub fn replug(&mut self) -> Result<(), ListenError> {
        match &mut self.0 {
            Kind::Tcp(end) if end.listener.is_none() => {
                end.listener = Some(listen(&end.addr.to_string())?);
                Ok(())
            }
            Kind::Pty(end) if end.pair.is_none() => end.open(),
            _ => Ok(()),
        }
    }
}

fn listen(addr: &str) -> Result<TcpListener, ListenError> {
    let failed = |source| ListenError::Tcp { addr: addr.to_owned(), source };
    let addrs: Vec<SocketAddr> = addr.to_socket_addrs().map_err(failed)?.collect();
    let listener = TcpListener::bind(&addrs[..]).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

#[derive(Debug)]
struct TcpEnd {
    addr: SocketAddr,
    listener: Option<TcpListener>,
    client: Option<TcpStream>,
}

impl TcpEnd {
    fn bind(addr: &str) -> Result<Self, ListenError> {
        let listener = listen(addr)?;
        let addr = listener
            .local_addr()
            .map_err(|source| ListenError::Tcp { addr: addr.to_owned(), source })?;
        Ok(Self { addr, listener: Some(listener), client: None })
    }

    /// Waits for a client at most `patience`.
    fn accept(&mut self, patience: Duration) {
        let Some(listener) = &self.listener else { return std::thread::sleep(patience) };
        let mut fds = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
        let spec = rustix::event::Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        // An interrupted wait is as good as one that ended.
        let _ = rustix::event::poll(&mut fds, Some(&spec));
        let Ok((stream, _)) = listener.accept() else { return };
        let ready = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| stream.set_write_timeout(Some(WRITE_PATIENCE)));
        self.client = ready.is_ok().then_some(stream);
    }

    fn read(&mut self, buf: &mut [u8], patience: Duration) -> usize {
        let Some(client) = &mut self.client else {
            self.accept(patience);
            return 0;
        };
        // A zero time-out is an error of the call, not a short wait.
        let patience = patience.max(Duration::from_micros(1));
        let read = client.set_read_timeout(Some(patience)).and_then(|()| client.read(buf));
        self.after_read(read)
    }

    fn read_now(&mut self, buf: &mut [u8]) -> usize {
        let Some(client) = &mut self.client else { return 0 };
        let read = client.set_nonblocking(true).and_then(|()| {
            let read = client.read(buf);
            client.set_nonblocking(false).and(read)
        });
        self.after_read(read)
    }

    fn after_read(&mut self, read: io::Result<usize>) -> usize {
        match read {
            Ok(n) if n > 0 => n,
            Err(e) if is_wait(&e) => 0,
            Ok(_) | Err(_) => {
                self.client = None;
                0
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(client) = &mut self.client else { return Err(io::ErrorKind::NotConnected.into()) };
        client.write_all(bytes).inspect_err(|e| {
            if !is_wait(e) {
                self.client = None;
            }
        })
    }
}

fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

#[derive(Debug)]
struct PtyEnd {
    path: PathBuf,
    pair: Option<Pair>,
}

/// Both ends of a pty. The client's end is held open so that the line lives on when a client
/// leaves; dropping both reads as unplugged at a client.
#[derive(Debug)]
struct Pair {
    ours: TTYPort,
    theirs: TTYPort,
    device: PathBuf,
}

impl PtyEnd {
    fn bind(path: &Path) -> Result<Self, ListenError> {
        let mut end = Self { path: path.to_owned(), pair: None };
        end.open()?;
        Ok(end)
    }

    fn open(&mut self) -> Result<(), ListenError> {
        let (ours, theirs) =
            TTYPort::pair().map_err(|e| ListenError::Pty { source: io::Error::from(e) })?;
        let device = PathBuf::from(theirs.name().unwrap_or_default());
        make_link(&device, &self.path)?;
        self.pair = Some(Pair { ours, theirs, device });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(pair) = self.pair.take()
            && fs::read_link(&self.path).is_ok_and(|target| target == pair.device)
        {
            // Failing to remove it leaves a dangling link, which a later start replaces.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn read(&mut self, buf: &mut [u8], patience: Duration) -> usize {
        let Some(pair) = &mut self.pair else {
            std::thread::sleep(patience);
            return 0;
        };
        let read = pair.ours.set_timeout(patience).map_err(io::Error::from);
        let n = read.and_then(|()| pair.ours.read(buf)).unwrap_or(0);
        if n == 0 {
            pair.forget_killed_client();
        }
        n
    }

    fn read_now(&mut self, buf: &mut [u8]) -> usize {
        match &mut self.pair {
            Some(pair) if pair.ours.bytes_to_read().is_ok_and(|n| n > 0) => {
                pair.ours.read(buf).unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(pair) = &mut self.pair else { return Err(io::ErrorKind::NotConnected.into()) };
        pair.ours.set_timeout(WRITE_PATIENCE).map_err(io::Error::from)?;
        while !bytes.is_empty() {
            bytes = &bytes[pair.ours.write(bytes)?..];
        }
        Ok(())
    }
}

impl Drop for PtyEnd {
    fn drop(&mut self) {
        self.close();
    }
}

impl Pair {
    /// A client that is killed leaves the exclusive mark on the terminal, and the next could not
    /// open it while our end keeps it alive. Closing a copy of our end clears the mark
    /// (serialport does so on every close); the file lock of a living client stays.
    fn forget_killed_client(&self) {
        drop(self.theirs.try_clone_native());
    }
}

/// Makes `path` point to the pty. A link left by an ended simulator points nowhere and is
/// replaced; anything else is not touched.
fn make_link(device: &Path, path: &Path) -> Result<(), ListenError> {
    let failed = |source| ListenError::Link { path: path.to_owned(), source };
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()) && !path.exists() {
        fs::remove_file(path).map_err(failed)?;
    }
    symlink(device, path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => ListenError::PathTaken { path: path.to_owned() },
        _ => failed(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::LineSettings;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn both(dir: &Path) -> [ListenSpec; 2] {
        [ListenSpec::Tcp("127.0.0.1:0".into()), ListenSpec::Pty(dir.join("pad"))]
    }

    fn hear(end: &mut Endpoint) -> Vec<u8> {
        let mut buf = [0; 16];
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            match end.read(&mut buf, Duration::from_millis(20)) {
                0 if std::time::Instant::now() < until => {}
                n => return buf[..n].to_vec(),
            }
        }
    }

    #[test]
    fn specs_read_back_as_written() {
        for text in ["tcp:127.0.0.1:0", "tcp:[::1]:4001", "pty:/tmp/pad"] {
            assert_eq!(text.parse::<ListenSpec>().unwrap().to_string(), text);
        }
        for text in ["", "tcp", "tcp:4001", "tcp::4001", "pty:", "serial:/dev/x"] {
            assert!(text.parse::<ListenSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_pass_clients_change_and_the_plug_can_be_pulled() {
        let dir = tempfile::tempdir().unwrap();
        for spec in both(dir.path()) {
            let mut end = Endpoint::bind(&spec).unwrap();
            for client in 0..3 {
                let mut port = end.port_spec().open(LineSettings::new(19_200), PATIENCE).unwrap();
                port.write_all(&[client, 0xD6, 0x0A, 0x0D]).unwrap();
                assert_eq!(hear(&mut end), [client, 0xD6, 0x0A, 0x0D], "{spec}");
                end.write(&[0x11, client]);
                let mut back = [0; 2];
                port.read_exact(&mut back).unwrap();
                assert_eq!(back, [0x11, client]);
            }
            let mut port = end.port_spec().open(LineSettings::new(19_200), PATIENCE).unwrap();
            port.write_all(&[1]).unwrap();
            assert_eq!(hear(&mut end), [1]);
            end.unplug();
            assert!(!matches!(port.read(&mut [0; 4]), Ok(1..)), "{spec}");
            assert!(end.port_spec().open(LineSettings::new(19_200), PATIENCE).is_err(), "{spec}");
            end.replug().unwrap();
            end.port_spec().open(LineSettings::new(19_200), PATIENCE).unwrap();
        }
        assert!(!dir.path().join("pad").exists(), "the link goes with its simulator");
    }

    #[test]
    fn what_was_sent_meanwhile_can_be_dropped() {
        let dir = tempfile::tempdir().unwrap();
        for spec in both(dir.path()) {
            let mut end = Endpoint::bind(&spec).unwrap();
            let mut port = end.port_spec().open(LineSettings::new(19_200), PATIENCE).unwrap();
            port.write_all(&[1]).unwrap();
            assert_eq!(hear(&mut end), [1]);
            port.write_all(&[2, 3]).unwrap();
            end.drain();
            port.write_all(&[4]).unwrap();
            assert_eq!(hear(&mut end).last(), Some(&4), "{spec}");
        }
    }

    #[test]
    fn taken_places_are_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        for spec in both(dir.path()) {
            let end = Endpoint::bind(&spec).unwrap();
            let again = match end.port_spec() {
                PortSpec::Tcp(addr) => ListenSpec::Tcp(addr),
                _ => spec,
            };
            let text = Endpoint::bind(&again).unwrap_err().to_string();
            assert!(text.contains("hoose another"), "{text}");
        }
        let dangling = dir.path().join("old");
        symlink(dir.path().join("gone"), &dangling).unwrap();
        Endpoint::bind(&ListenSpec::Pty(dangling)).unwrap();
    }
}
