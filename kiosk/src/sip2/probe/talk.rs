//! One connection on which lines are said and heard, and how they end is looked at.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::sip2::conn::Tls;
use crate::sip2::wire::{Framer, TERMINATOR};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes read at once.
const READ_LEN: usize = 4096;
/// Most bytes heard on one connection; a library system that says more is not listened to.
const HEARD_MAX: usize = 1 << 20;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// The other end closed, or said more than anybody needs.
    Closed,
    /// Nothing in time.
    Silent,
}

/// How lines ended so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) cr: u32,
    pub(super) lf: u32,
    pub(super) cr_lf: u32,
    after_cr: bool,
}

impl Ends {
    pub(super) fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => self.cr += 1,
                b'\n' if self.after_cr => {
                    self.cr -= 1;
                    self.cr_lf += 1;
                }
                b'\n' => self.lf += 1,
                _ => {}
            }
            self.after_cr = *byte == b'\r';
        }
    }

    pub(super) fn name(self) -> Option<&'static str> {
        match (self.cr, self.lf, self.cr_lf) {
            (0, 0, 0) => None,
            (_, 0, 0) => Some("cr"),
            (0, _, 0) => Some("lf"),
            (0, 0, _) => Some("cr_lf"),
            _ => Some("mixed"),
        }
    }
}

/// Bytes, encrypted or not.
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
}

impl Stream {
    fn new(mut socket: TcpStream, tls: Option<&Tls>) -> io::Result<Self> {
        let Some(tls) = tls else { return Ok(Self::Plain(socket)) };
        let mut client = tls.client().map_err(io::Error::other)?;
        let until = Instant::now() + CONNECT_TIMEOUT;
        while client.is_handshaking() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            socket.set_read_timeout(Some(left))?;
            client.complete_io(&mut socket)?;
        }
        Ok(Self::Encrypted(Box::new(rustls::StreamOwned::new(client, socket))))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Encrypted(stream) => &stream.sock,
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Encrypted(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
        }
    }
}

/// The connection.
pub(super) struct Talk {
    stream: Stream,
    framer: Framer,
    heard: usize,
    pub(super) ends: Ends,
}

impl Talk {
    pub(super) fn connect(host: &str, port: u16, tls: Option<&Tls>) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address for this name");
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(CONNECT_TIMEOUT))?;
                    let stream = Stream::new(stream, tls)?;
                    let (framer, ends) = (Framer::new(), Ends::default());
                    return Ok(Self { stream, framer, heard: 0, ends });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Says a line; what is known of the other end comes out when it is listened to.
    pub(super) fn say(&mut self, line: &[u8]) {
        let line = zeroize::Zeroizing::new([line, &[TERMINATOR]].concat());
        if let Err(error) = self.stream.write_all(&line) {
            tracing::debug!(%error, "not said");
        }
    }

    /// The next line within `wait`.
    pub(super) fn hear(&mut self, wait: Duration) -> Heard {
        let until = Instant::now() + wait;
        let mut buffer = [0; READ_LEN];
        loop {
            match self.framer.next_line() {
                Some(Ok(line)) => return Heard::Line(line.to_vec()),
                Some(Err(_)) => return Heard::Closed,
                None => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Heard::Silent;
            }
            let read = self.stream.socket().set_read_timeout(Some(left));
            match read.and_then(|()| self.stream.read(&mut buffer)) {
                Ok(0) => return Heard::Closed,
                Ok(count) => {
                    self.heard += count;
                    if self.heard > HEARD_MAX {
                        return Heard::Closed;
                    }
                    self.ends.see(&buffer[..count]);
                    self.framer.push(&buffer[..count]);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Heard::Silent,
                    io::ErrorKind::Interrupted => {}
                    _ => return Heard::Closed,
                },
            }
        }
    }
}
