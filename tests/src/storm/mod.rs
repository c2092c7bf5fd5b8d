//! The storm: the real station's core, library link, journal, reader work and printer spooler, in
//! one thread on a virtual clock, amid simulated devices, network, library system and disk.
//! Everything follows from one seed, or from a script in a file.
//!
//! | module | what |
//! |---|---|
//! | [`script`] | what readers do and what breaks, as data |
//! | [`world`] | the station and all around it |
//! | [`disk`] | keeps, loses or tears what was not synced |
//! | [`library`] | the practice library, and its lies |
//! | [`pad`], [`paper`] | tags and printer |
//! | [`judge`] | what must hold, seen from outside |
//! | [`shrink`] | a failing script made short |

pub mod disk;
pub mod judge;
pub mod library;
pub mod pad;
pub mod paper;
pub mod ports;
pub mod rng;
pub mod script;
pub mod shrink;
pub mod stage;
pub mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

use script::Script;
use stage::Stage;
use world::World;

/// Figures of any number of storms.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Scripts played.
    pub storms: u64,
    /// Sessions that ended in them.
    pub sessions: u64,
    /// Hours of the virtual clock.
    pub hours: u64,
    /// Faults injected, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What the library systems' ledgers hold, by kind.
    pub ledger: BTreeMap<&'static str, u64>,
    /// Units in the journals, by kind and state.
    pub journal: BTreeMap<String, u64>,
    /// Tags on repair lists at the end.
    pub repairs: u64,
    /// Slips that came out whole.
    pub slips: u64,
    /// Things the screen claimed, each judged.
    pub claims: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Disk writes and syncs; writes lost and torn in power cuts; refused ones.
    pub disk: Disks,
    #[serde(skip)]
    micros: u64,
}

/// What the disks went through.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Disks {
    /// Writes.
    pub writes: u64,
    /// Syncs.
    pub syncs: u64,
    /// Writes lost.
    pub lost: u64,
    /// Writes torn.
    pub torn: u64,
    /// Writes and syncs refused.
    pub refused: u64,
}

impl Report {
    fn take(&mut self, world: &World<'_>, left: &world::Left, disk: disk::Counts) {
        self.storms += 1;
        self.sessions += world.sessions();
        self.micros += world.elapsed();
        for (&name, &count) in &world.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (&name, &count) in &world.judge.ledger {
            *self.ledger.entry(name).or_default() += count;
        }
        for row in &left.rows {
            *self.journal.entry(format!("{} {}", row.kind, row.state)).or_default() += 1;
        }
        self.repairs += left.repairs;
        self.slips += world.slips;
        self.claims += world.judge.claims;
        self.add_disk(disk);
    }

    fn add_disk(&mut self, disk: disk::Counts) {
        self.cuts += disk.cuts;
        self.disk.writes += disk.writes;
        self.disk.syncs += disk.syncs;
        self.disk.lost += disk.lost;
        self.disk.torn += disk.torn;
        self.disk.refused += disk.refused;
        self.hours = self.micros / 3_600_000_000;
    }

    fn add(&mut self, other: Self) {
        self.storms += other.storms;
        self.sessions += other.sessions;
        self.micros += other.micros;
        for (name, count) in other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (name, count) in other.ledger {
            *self.ledger.entry(name).or_default() += count;
        }
        for (name, count) in other.journal {
            *self.journal.entry(name).or_default() += count;
        }
        self.repairs += other.repairs;
        self.slips += other.slips;
        self.claims += other.claims;
        self.cuts += other.cuts;
        self.disk.writes += other.disk.writes;
        self.disk.syncs += other.disk.syncs;
        self.disk.lost += other.disk.lost;
        self.disk.torn += other.disk.torn;
        self.disk.refused += other.disk.refused;
        self.hours = self.micros / 3_600_000_000;
    }
}

/// A storm that a judge did not let pass.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was wrong.
    pub what: String,
    /// The script.
    pub script: Script,
}

/// Plays one script.
///
/// # Errors
/// What a judge found wrong.
pub fn play(stage: &Stage, script: &Script, report: &mut Report) -> Result<(), String> {
    stage.log.with(|_| ());
    let mut world = World::new(stage, script)?;
    for step in &script.steps {
        world.play(step.after, step.act);
    }
    let left = world.end();
    report.take(&world, &left, stage.disk.counts());
    world.judge.failure.take().map_or(Ok(()), Err)
}

/// Plays the storms of these seeds on so many threads, until one fails.
///
/// # Errors
/// The failing storm of the least seed found.
pub fn run(seeds: Range<u64>, threads: usize) -> Result<Report, Box<Failure>> {
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let total = Mutex::new(Report::default());
    let failed: Mutex<Option<(u64, String)>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let mut report = Report::default();
                let wrong = with_stage(|stage| {
                    while !stop.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            break;
                        }
                        play(stage, &Script::draw(seed), &mut report).map_err(|w| (seed, w))?;
                    }
                    Ok(())
                });
                if let Err(wrong) = wrong {
                    stop.store(true, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(seed, _)| *seed > wrong.0) {
                        *failed = Some(wrong);
                    }
                }
                total.lock().unwrap_or_else(PoisonError::into_inner).add(report);
            });
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner)),
        Some((seed, what)) => Err(Box::new(Failure { seed, what, script: Script::draw(seed) })),
    }
}

/// Makes a failing script short.
#[must_use]
pub fn shorten(failure: Failure) -> Failure {
    let Failure { seed, what, script } = failure;
    let short = with_stage(|stage| {
        Ok::<_, (u64, String)>(shrink::shrink(&script, |script| {
            let played = play(stage, script, &mut Report::default());
            played.is_err_and(|other| kind(&other) == kind(&what))
        }))
    });
    let script = short.unwrap_or(script);
    let again = with_stage(|stage| {
        play(stage, &script, &mut Report::default()).map_err(|what| (seed, what))
    });
    let what = match again {
        Err((_, shorter)) if shorter != what => format!("{what}\nshortened: {shorter}"),
        _ => what,
    };
    Failure { seed, what, script }
}

/// What a judge said, without numbers: a shorter script must fail for the same reason.
fn kind(what: &str) -> String {
    what.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Runs something on a stage of this thread, its log looked at.
///
/// # Errors
/// What `run` says; seed 0 when the stage itself cannot be made.
pub fn with_stage<T>(
    run: impl FnOnce(&Stage) -> Result<T, (u64, String)>,
) -> Result<T, (u64, String)> {
    let stage = Stage::new().map_err(|error| (0, error))?;
    let subscriber = stage.log.subscriber();
    tracing::subscriber::with_default(subscriber, || run(&stage))
}
