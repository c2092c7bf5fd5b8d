//! Timing for the benchmarks: what is compared runs in turn, round by round, so that a machine
//! that slows down slows all of it; the median of the rounds counts.

use std::time::{Duration, Instant};

/// Rounds; odd, so that the median is a round that was.
const ROUNDS: usize = 7;

/// Something to be timed, and what it is called.
pub(crate) struct Case<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// Time of one run, over as many as fill `span`.
    fn time(&mut self, span: Duration) -> Duration {
        let start = Instant::now();
        let mut runs = 0;
        // The clock is read seldom, so that reading it does not count.
        let mut batch = 1;
        loop {
            (0..batch).for_each(|_| (self.run)());
            runs += batch;
            let spent = start.elapsed();
            if spent >= span {
                return spent / runs;
            }
            if spent < span / 16 {
                batch *= 2;
            }
        }
    }
}

/// Median time of one run of each case, `span` for each in each round.
///
/// Under `cargo test`, which passes no `--bench`, one short round shows that all of it works.
pub(crate) fn medians(cases: &mut [Case<'_>], span: Duration) -> Vec<Duration> {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, span) = if bench { (ROUNDS, span) } else { (1, Duration::ZERO) };
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            times.push(case.time(span));
        }
    }
    times.into_iter().map(median).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How often `part` goes into `whole`.
pub(crate) fn ratio(whole: Duration, part: Duration) -> f64 {
    whole.as_secs_f64() / part.as_secs_f64()
}
