//! One TCP connection at a time, as a source of things that happen.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use zeroize::{Zeroize, Zeroizing};

use super::tls::Tls;

/// Bytes read at once.
const READ_MAX: usize = 8 * 1024;

/// What came of a connection.
pub(super) enum Happened {
    /// It stands.
    Connected,
    /// It could not be made.
    ConnectFailed(io::Error),
    /// Bytes came.
    Received(Vec<u8>),
    /// Bytes left.
    Sent,
    /// The other end closed it (`None`), or it broke.
    Closed(Option<io::Error>),
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

enum State {
    Closed,
    Connecting(Connecting),
    Open {
        stream: Box<dyn Stream>,
        /// Bytes were written that encryption may still hold.
        flush: bool,
    },
}

/// A connection to one host.
pub(super) struct Socket {
    host: String,
    port: u16,
    tls: Option<Tls>,
    state: State,
    /// Bytes not yet written. Bounded by the link, which has one message under way.
    unsent: Zeroizing<Vec<u8>>,
    buffer: Box<[u8; READ_MAX]>,
}

impl Socket {
    pub(super) fn new(host: String, port: u16, tls: Option<Tls>) -> Self {
        Self {
            host,
            port,
            tls,
            state: State::Closed,
            unsent: Zeroizing::default(),
            buffer: Box::new([0; READ_MAX]),
        }
    }

    /// Starts a connection, dropping any other.
    pub(super) fn connect(&mut self) {
        self.close();
        self.state =
            State::Connecting(Box::pin(connect(self.host.clone(), self.port, self.tls.clone())));
    }

    /// Drops the connection or the attempt.
    pub(super) fn close(&mut self) {
        self.state = State::Closed;
        self.unsent = Zeroizing::default();
    }

    /// Sends bytes, as many as are taken at once, and queues the rest. Without a connection they
    /// are dropped: the link hears of the loss.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let State::Open { stream, flush } = &mut self.state else { return };
        self.unsent.extend_from_slice(bytes);
        // Whoever must wait is woken through `poll_next`, which also meets what fails here.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(n)) = Pin::new(stream).poll_write(&mut context, &self.unsent) {
            *flush |= n > 0;
            forget(&mut self.unsent, n);
        }
    }

    /// The next thing that happens.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Happened> {
        let happened = match &mut self.state {
            State::Closed => return Poll::Pending,
            State::Connecting(connecting) => match ready!(connecting.as_mut().poll(context)) {
                Ok(stream) => {
                    self.state = State::Open { stream, flush: false };
                    return Poll::Ready(Happened::Connected);
                }
                Err(error) => Happened::ConnectFailed(error),
            },
            State::Open { stream, flush } => {
                let mut buffer = ReadBuf::new(&mut self.buffer[..]);
                match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) if buffer.filled().is_empty() => Happened::Closed(None),
                    Poll::Ready(Ok(())) => {
                        return Poll::Ready(Happened::Received(buffer.filled().to_vec()));
                    }
                    Poll::Ready(Err(error)) => Happened::Closed(Some(error)),
                    Poll::Pending => match ready!(push(stream, flush, &mut self.unsent, context)) {
                        Ok(()) => return Poll::Ready(Happened::Sent),
                        Err(error) => Happened::Closed(Some(error)),
                    },
                }
            }
        };
        self.close();
        Poll::Ready(happened)
    }
}

/// Bytes that were written: they may hold a PIN, and are wiped when all are.
fn forget(unsent: &mut Zeroizing<Vec<u8>>, n: usize) {
    if n < unsent.len() {
        unsent.drain(..n);
    } else {
        unsent.zeroize();
    }
}

/// Writes some bytes, or where there are none left, what encryption holds. Waits while there is
/// neither.
fn push(
    stream: &mut Box<dyn Stream>,
    flush: &mut bool,
    unsent: &mut Zeroizing<Vec<u8>>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let stream = Pin::new(stream);
    if !unsent.is_empty() {
        let n = ready!(stream.poll_write(context, unsent))?;
        *flush = true;
        forget(unsent, n);
    } else if *flush {
        ready!(stream.poll_flush(context))?;
        *flush = false;
    } else {
        return Poll::Pending;
    }
    Poll::Ready(Ok(()))
}

async fn connect(host: String, port: u16, tls: Option<Tls>) -> io::Result<Box<dyn Stream>> {
    let stream = connect_plain(host, port).await?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let (connector, name) = tls.connector();
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// Tries the host's addresses in order.
async fn connect_plain(host: String, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address for this name");
    for address in lookup_host((host, port)).await? {
        match connect_to(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Keepalive finds a peer that vanished behind a router (sip2.md section 3).
    socket.set_keepalive(true)?;
    // A request is one small segment and the answer is waited for.
    socket.set_nodelay(true)?;
    socket.connect(address).await
}
