//! One connection: reads with bounds, works, writes with a bound.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::debug;

use super::{Engine, WRITE_TIMEOUT};
use crate::practice::guise::Guise;
use crate::practice::session::{Outcome, Session, World};
use crate::sip2::Framer;

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Bytes read at once.
const READ_LEN: usize = 4096;

/// Serves a station until it leaves, falls silent, or the server stops.
pub(super) async fn serve(
    stream: impl Stream,
    engine: Arc<Engine>,
    mut stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = stopped.changed() => {}
        () = talk(stream, engine) => {}
    }
}

/// Tells a station that there is no room.
pub(super) async fn refuse(mut stream: TcpStream, answer: &[u8]) {
    let _ = timeout(WRITE_TIMEOUT, stream.write_all(answer)).await;
    let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
}

async fn talk(mut stream: impl Stream, engine: Arc<Engine>) {
    let mut session = Session::new(&engine.manner);
    let answers_nothing = engine.manner.guise.is_some_and(Guise::answers_nothing);
    let mut framer = if answers_nothing { Framer::with_empty_lines() } else { Framer::new() };
    let mut buffer = [0; READ_LEN];
    let mut begun: Option<Instant> = None;
    loop {
        let deadline = match begun {
            Some(begun) => begun + engine.message_timeout,
            None => Instant::now() + engine.idle_timeout,
        };
        let Ok(Ok(count @ 1..)) = timeout_at(deadline, stream.read(&mut buffer)).await else {
            return debug!("connection ended or fell silent");
        };
        framer.push(&buffer[..count]);
        let mut complete = false;
        loop {
            let line = match framer.next_line() {
                None => break,
                Some(Ok(line)) => line.to_vec(),
                Some(Err(error)) => {
                    debug!(%error, "connection closed");
                    let _ = write(&mut stream, &session.resend_request()).await;
                    return drain(stream).await;
                }
            };
            complete = true;
            engine.requests.fetch_add(1, Ordering::SeqCst);
            let (outcome, late) = work(&engine, &mut session, &line);
            if late > Duration::ZERO {
                sleep(late).await;
            }
            if write(&mut stream, &outcome.send).await.is_err() {
                return debug!("answer not taken");
            }
            if outcome.close {
                let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
                return;
            }
        }
        begun = match framer.pending() {
            0 => None,
            // What is left after a whole message is the beginning of another one.
            _ => begun.filter(|_| !complete).or_else(|| Some(Instant::now())),
        };
    }
}

/// Works on a line. There is one desk, so a thread of its own would only add its awakening to each
/// answer; where the database is on a disk, all wait for that alike.
fn work(engine: &Engine, session: &mut Session, line: &[u8]) -> (Outcome, Duration) {
    let now = engine.clock.now();
    let mut store = engine.store();
    let mut faults = engine.faults();
    let mut world = World {
        store: &mut store,
        library: &engine.library,
        manner: &engine.manner,
        faults: &mut faults,
        now,
    };
    let outcome = session.line(&mut world, line);
    (outcome, Duration::from_millis(world.faults.late_ms))
}

async fn write(stream: &mut impl Stream, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    timeout(WRITE_TIMEOUT, written).await?
}

/// Most bytes read and dropped from a connection that is being closed, so that the station still
/// gets the last answer: closing with unread input would reset the connection.
const DRAIN_MAX: usize = 1 << 20;

/// Longest time spent on it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

async fn drain(mut stream: impl Stream) {
    let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
    let mut buffer = [0; READ_LEN];
    let deadline = Instant::now() + DRAIN_TIMEOUT;
    let mut left = DRAIN_MAX;
    while left > 0 {
        match timeout_at(deadline, stream.read(&mut buffer)).await {
            Ok(Ok(count @ 1..)) => left = left.saturating_sub(count),
            _ => return,
        }
    }
}
