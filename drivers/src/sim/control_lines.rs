//! Control lines of a running simulator, from standard input and from a TCP address: one line in,
//! one line out. What a line does is the simulator's own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use super::listen::{ListenError, ListenSpec};
use super::reader::{LINE_MAX, Next};
use crate::port::PortSpec;

/// A control client that says nothing for so long is let go, so that the next can come.
const CONTROL_IDLE: Duration = Duration::from_secs(600);

/// Why control lines cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The control address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Control lines come by TCP only.
    #[error("--control {0} is not possible: write tcp:HOST:PORT")]
    Kind(ListenSpec),
    /// Standard output or a thread failed.
    #[error("the simulator cannot go on: {0}")]
    Io(#[from] io::Error),
}

/// Where control lines come from.
pub struct ControlLines {
    tcp: Option<(TcpListener, SocketAddr)>,
}

impl ControlLines {
    /// Standard input, and this address where one is given.
    ///
    /// # Errors
    /// [`ControlError`], which says what to do.
    pub fn bind(spec: Option<&ListenSpec>) -> Result<Self, ControlError> {
        Ok(Self { tcp: spec.map(listen).transpose()? })
    }

    /// Prints the one line that says where the simulator listens.
    ///
    /// # Errors
    /// [`ControlError::Io`] when standard output is closed.
    pub fn say_where(&self, port: &PortSpec, what: &str) -> Result<(), ControlError> {
        let mut line = format!("listening {port}");
        if let Some((_, addr)) = &self.tcp {
            line += &format!(" control {}", PortSpec::Tcp(addr.to_string()));
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{line} {what}")?;
        Ok(out.flush()?)
    }

    /// Does lines until one says `quit`. The end of standard input ends nothing.
    ///
    /// # Errors
    /// [`ControlError::Io`] when the system gives no thread.
    pub fn serve<F>(self, control: F) -> Result<(), ControlError>
    where
        F: Fn(&str) -> (String, Next) + Send + Sync + 'static,
    {
        let control = Arc::new(control);
        let (quit, quitting) = mpsc::sync_channel(1);
        if let Some((listener, _)) = self.tcp {
            let (control, quit) = (Arc::clone(&control), quit.clone());
            thread::Builder::new()
                .name("sim-control".into())
                .spawn(move || serve_clients(&listener, &*control, &quit))?;
        }
        thread::Builder::new().name("sim-stdin".into()).spawn(move || {
            serve_lines(io::stdin().lock(), io::stdout(), &*control, &quit);
            // Kept so that the end of standard input does not look like `quit`.
            thread::park();
            drop(quit);
        })?;
        // An error would mean that nobody can say `quit` any more.
        let _ = quitting.recv();
        Ok(())
    }
}

fn listen(spec: &ListenSpec) -> Result<(TcpListener, SocketAddr), ControlError> {
    let ListenSpec::Tcp(addr) = spec else { return Err(ControlError::Kind(spec.clone())) };
    let failed = |source| ListenError::Tcp { addr: addr.clone(), source };
    let addrs: Vec<SocketAddr> = addr.to_socket_addrs().map_err(failed)?.collect();
    let listener = TcpListener::bind(&addrs[..]).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}

/// One control client after the other.
fn serve_clients(
    listener: &TcpListener,
    control: &impl Fn(&str) -> (String, Next),
    quit: &SyncSender<()>,
) {
    for client in listener.incoming().flatten() {
        if let Err(error) = serve_client(&client, control, quit) {
            tracing::debug!(%error, "control client lost");
        }
    }
}

fn serve_client(
    client: &TcpStream,
    control: &impl Fn(&str) -> (String, Next),
    quit: &SyncSender<()>,
) -> io::Result<()> {
    client.set_read_timeout(Some(CONTROL_IDLE))?;
    client.set_write_timeout(Some(CONTROL_IDLE))?;
    client.set_nodelay(true)?;
    serve_lines(BufReader::new(client), client, control, quit);
    Ok(())
}

/// Answers each line by one line until the lines end, the other side is gone, or `quit`.
fn serve_lines(
    mut lines: impl BufRead,
    mut out: impl Write,
    control: &impl Fn(&str) -> (String, Next),
    quit: &SyncSender<()>,
) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.by_ref().take(LINE_MAX as u64).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let (answer, next) = control(&text);
        // One write, so that two sources of lines do not mix their answers.
        let sent = out.write_all(format!("{answer}\n").as_bytes()).and_then(|()| out.flush());
        if next == Next::Quit {
            // A full channel means that somebody said it already.
            let _ = quit.try_send(());
            return;
        }
        if sent.is_err() {
            return;
        }
    }
}
