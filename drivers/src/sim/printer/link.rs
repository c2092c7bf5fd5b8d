//! The simulated printer's plug: TCP with one host at a time, or a pty behind a path.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serialport::{SerialPort, TTYPort};

use crate::port::PortSpec;

/// Longest wait of one read or write.
const TURN: Duration = Duration::from_millis(10);

/// Where the simulator listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address; port 0 takes a free one.
    Tcp(String),
    /// A pty, reachable by a symbolic link at this path.
    Pty(PathBuf),
}

/// A listening place that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("listening place {0:?} is not understood: write tcp:HOST:PORT or pty:PATH")]
pub struct ListenError(pub String);

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        match text.split_once(':') {
            Some(("tcp", at)) if at.contains(':') => Ok(Self::Tcp(at.to_owned())),
            Some(("pty", path)) if !path.is_empty() => Ok(Self::Pty(path.into())),
            _ => Err(ListenError(text.to_owned())),
        }
    }
}

/// What came of waiting for bytes.
pub(super) enum Heard {
    /// This many.
    Bytes(usize),
    /// None for now.
    Nothing,
    /// A host arrived.
    Connected,
    /// The host left.
    Gone,
}

/// The plug.
pub(super) enum Link {
    /// TCP.
    Tcp {
        /// Waits for hosts.
        listener: TcpListener,
        /// Its own address.
        address: SocketAddr,
        /// The one host.
        host: Option<TcpStream>,
    },
    /// Pty.
    Pty {
        /// Our end, and the host's end held open so that ours never sees a hang-up.
        pair: (TTYPort, TTYPort),
        /// The symbolic link.
        path: PathBuf,
    },
}

impl Link {
    /// Begins listening.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(at) => {
                let listener = TcpListener::bind(at.as_str())?;
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?;
                Ok(Self::Tcp { listener, address, host: None })
            }
            Listen::Pty(path) => Ok(Self::Pty { pair: pty(path)?, path: path.clone() }),
        }
    }

    /// How a driver reaches it.
    pub(super) fn port_spec(&self) -> PortSpec {
        match self {
            Self::Tcp { address, .. } => PortSpec::Tcp(address.to_string()),
            Self::Pty { path, .. } => PortSpec::serial(path.clone()),
        }
    }

    /// Waits a moment for bytes or a host.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Heard {
        match self {
            Self::Tcp { listener, host, .. } => match host {
                None => accept(listener, host),
                Some(stream) => match stream.read(buf) {
                    Ok(0) => Heard::Gone,
                    Ok(count) => Heard::Bytes(count),
                    Err(error) if later(&error) => Heard::Nothing,
                    Err(_) => Heard::Gone,
                },
            },
            Self::Pty { pair, .. } => match pair.0.read(buf) {
                Ok(count) if count > 0 => Heard::Bytes(count),
                Ok(_) => Heard::Nothing,
                Err(error) if later(&error) => Heard::Nothing,
                Err(_) => {
                    std::thread::sleep(TURN);
                    Heard::Nothing
                }
            },
        }
    }

    /// Sends an answer; a host that does not take it loses it.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let sent = match self {
            Self::Tcp { host: Some(stream), .. } => stream.write_all(bytes),
            Self::Tcp { host: None, .. } => Ok(()),
            Self::Pty { pair, .. } => pair.0.write_all(bytes),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "simulated printer: answer lost");
        }
    }

    /// Breaks the link as by pulling the plug, then listens again.
    ///
    /// # Errors
    /// The system's, for a new pty.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp { host, .. } => *host = None,
            Self::Pty { pair, path } => {
                // The new pair first: the old one hangs up when it is replaced.
                *pair = pty(path)?;
            }
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Self::Pty { path, .. } = self
            && path.is_symlink()
            && let Err(error) = fs::remove_file(path)
        {
            tracing::debug!(%error, "simulated printer: pty link stays");
        }
    }
}

fn later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn accept(listener: &TcpListener, host: &mut Option<TcpStream>) -> Heard {
    if let Ok((stream, _)) = listener.accept()
        && stream.set_nonblocking(false).is_ok()
        && stream.set_nodelay(true).is_ok()
        && stream.set_read_timeout(Some(TURN)).is_ok()
        && stream.set_write_timeout(Some(Duration::from_secs(1))).is_ok()
    {
        *host = Some(stream);
        return Heard::Connected;
    }
    std::thread::sleep(TURN);
    Heard::Nothing
}

fn pty(path: &Path) -> io::Result<(TTYPort, TTYPort)> {
    let (mut ours, theirs) = TTYPort::pair().map_err(io::Error::from)?;
    ours.set_timeout(TURN).map_err(io::Error::from)?;
    let name = theirs.name().ok_or_else(|| io::Error::other("the pty has no name"))?;
    if path.is_symlink() {
        fs::remove_file(path)?;
    }
    symlink(name, path)?;
    Ok((ours, theirs))
}
