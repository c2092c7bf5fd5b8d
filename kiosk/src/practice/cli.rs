//! `jiehuan practice`: the practice library as a program of its own.

use std::io::{BufRead, Read};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use tracing::{info, warn};

use super::desk::Duplicates;
use super::fault::Fault;
use super::guise::Guise;
use super::server::{
    CONNECTIONS, Config, MAX_CONNECTIONS, Practice, PracticeError, Source, TlsFiles,
};
use super::session::ChecksumMode;
use super::store::Location;
use crate::sip2::Charset;

/// Longest fault line read from standard input, in bytes.
const LINE_MAX: u64 = 1024;

/// Options of `jiehuan practice`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6001")]
    pub listen: SocketAddr,
    /// Certificate (PEM): speak TLS only.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// CA (PEM) whose certificates stations must have.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,
    /// Data file for an empty database, see docs/data-file.md; the built-in collection without it.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Database file, kept between starts; in memory without it.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Character set on the wire.
    #[arg(long, value_enum, default_value_t = CharsetArg::Utf8)]
    pub charset: CharsetArg,
    /// What is asked of AY and AZ in requests.
    #[arg(long, value_enum, default_value_t = ChecksumArg::Checked)]
    pub checksum: ChecksumArg,
    /// Work on repeated requests anew, as most library systems do.
    #[arg(long)]
    pub no_replay: bool,
    /// Speak as this library system does; its character set and way with repeats then count.
    #[arg(long, value_enum, value_name = "SYSTEM", conflicts_with_all = ["charset", "no_replay"])]
    pub guise: Option<Guise>,
    /// Institution (AO) to serve; any when not given. May be repeated.
    #[arg(long, value_name = "ID")]
    pub institution: Vec<String>,
    /// Stations connected at once, at most 4096.
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS, value_parser = connections)]
    pub connections: usize,
    /// Fault in force from the start, as on standard input: `late=200`, `dp2`. May be repeated.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
}

/// Character sets by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CharsetArg {
    /// UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// GBK.
    Gbk,
    /// GB18030.
    Gb18030,
    /// Code page 850.
    Cp850,
    /// ASCII.
    Ascii,
}

/// Checksum modes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChecksumArg {
    /// Both needed and right.
    Strict,
    /// Right where present.
    Checked,
    /// Not looked at.
    Tolerant,
}

fn connections(text: &str) -> Result<usize, String> {
    let within = |n: &usize| (1..=MAX_CONNECTIONS).contains(n);
    let number = text.parse().ok().filter(within);
    number.ok_or_else(|| format!("write a number from 1 to {MAX_CONNECTIONS}"))
}

impl Args {
    /// The server's settings.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            listen: self.listen,
            tls: self.tls_cert.clone().zip(self.tls_key.clone()).map(|(cert_file, key_file)| {
                TlsFiles { cert_file, key_file, client_ca_file: self.tls_client_ca.clone() }
            }),
            database: self.db.clone().map_or(Location::Memory, Location::File),
            source: self.data.clone().map_or(Source::BuiltIn, Source::File),
            charset: match self.charset {
                CharsetArg::Utf8 => Charset::Utf8,
                CharsetArg::Gbk => Charset::Gbk,
                CharsetArg::Gb18030 => Charset::Gb18030,
                CharsetArg::Cp850 => Charset::Cp850,
                CharsetArg::Ascii => Charset::Ascii,
            },
            checksum: match self.checksum {
                ChecksumArg::Strict => ChecksumMode::Strict,
                ChecksumArg::Checked => ChecksumMode::Checked,
                ChecksumArg::Tolerant => ChecksumMode::Tolerant,
            },
            duplicates: if self.no_replay { Duplicates::Process } else { Duplicates::Replay },
            guise: self.guise,
            institutions: self.institution.clone(),
            connections: self.connections,
            faults: self.fault.clone(),
            ..Config::default()
        }
    }
}

/// Serves until standard input ends or says `stop`, then stops cleanly; every other line sets a
/// fault ([`super::fault`]). Where standard input is closed from the start, serves until killed:
/// every answered transaction is in the database all the same.
///
/// # Errors
/// [`PracticeError`] when the library cannot start.
pub fn run(args: &Args) -> Result<(), PracticeError> {
    let practice = Practice::start(args.config())?;
    // Whoever started it, person or program, can wait for this line and learns the port.
    crate::demo::app::say(&format!("listening {}", practice.addr()));
    info!("type a fault line, or stop");
    let any_line = obey(&practice, std::io::stdin().lock());
    if !any_line {
        loop {
            std::thread::park();
        }
    }
    practice.stop();
    Ok(())
}

/// Takes control lines to their end or to `stop`; whether there was any.
fn obey(practice: &Practice, mut input: impl BufRead) -> bool {
    let mut any = false;
    loop {
        let mut line = String::new();
        match input.by_ref().take(LINE_MAX).read_line(&mut line) {
            Ok(0) | Err(_) => return any,
            Ok(_) => any = true,
        }
        match line.trim() {
            "" => {}
            "stop" => return true,
            text => match text.parse::<Fault>() {
                Ok(fault) => {
                    practice.set_fault(fault);
                    info!(%fault, "set");
                }
                Err(error) => warn!("{error}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        practice: Args,
    }

    #[test]
    fn options_become_settings() {
        let program = Program::try_parse_from([
            "x",
            "--listen",
            "127.0.0.1:0",
            "--charset",
            "gbk",
            "--checksum",
            "strict",
            "--fault",
            "late=5",
            "--fault",
            "dp2",
            "--no-replay",
            "--db",
            "p.db",
            "--connections",
            "1000",
        ])
        .unwrap_or_else(|e| panic!("{e}"));
        let config = program.practice.config();
        assert_eq!(config.charset, Charset::Gbk);
        assert_eq!(config.checksum, ChecksumMode::Strict);
        assert_eq!(config.duplicates, Duplicates::Process);
        assert_eq!(config.faults, [Fault::Late(5), Fault::NonStandardChecksum(true)]);
        assert_eq!(config.database, Location::File("p.db".into()));
        assert_eq!(config.connections, 1000);
        for bad in ["0", "4097", "-1", "many"] {
            assert!(Program::try_parse_from(["x", "--connections", bad]).is_err(), "{bad}");
        }
        let bad = Program::try_parse_from(["x", "--fault", "explode"]);
        assert!(bad.is_err_and(|e| e.to_string().contains("explode")));
    }

    #[test]
    fn control_lines_set_faults_and_stop() {
        let practice = Practice::start(Config::default()).unwrap();
        assert!(obey(&practice, &b"offline on\nnonsense\nstop\nlate 600000\n"[..]));
        assert!(!obey(&practice, &b""[..]));
    }
}
