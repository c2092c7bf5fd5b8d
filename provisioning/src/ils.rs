//! `jiehuan-tech ils probe`: which library system answers, and how it should be configured.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use kiosk::clock::Clock;
use kiosk::config::{Config, LibraryConfig, PlainTcp, is_this_machine, split_address};
use kiosk::privacy::{PatronId, Secret, is_field};
use kiosk::session::ItemId;
use kiosk::sip2::conn::{Tls, TlsFiles};
use kiosk::sip2::probe::{self, Options, Report};
use kiosk::sip2::profile::{Login, Profile, SETTING_MAX};
use kiosk::sip2::systems::System;
use kiosk::sip2::{Charset, SipDate};

/// Most bytes of a file that holds a password.
const SECRET_MAX: u64 = 1024;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Log in, ask for status, an item and a test patron, and say which profile fits. Changes
    /// nothing.
    Probe(ProbeArgs),
}

/// Where to ask, and with what.
#[derive(Args)]
pub(crate) struct ProbeArgs {
    /// A station's configuration: its address, account and institution count where no option says
    /// otherwise.
    #[arg(long, value_name = "FILE", required_unless_present = "address")]
    station: Option<PathBuf>,
    /// The library system.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// CA (PEM) of the library system's certificate: speak TLS. A station's own settings have more.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Speak plain TCP beyond this machine: a VPN protects it.
    #[arg(long)]
    trusted_network: bool,
    /// User name of the account, CN.
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// File with the account's password; never given as an argument, where others would see it.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Where the station stands, CP. FOLIO wants the service point's UUID.
    #[arg(long, requires = "user")]
    location: Option<String>,
    /// Institution, AO.
    #[arg(long, value_name = "ID")]
    institution: Option<String>,
    /// Number of an item the library has.
    #[arg(long)]
    item: Option<String>,
    /// Number of a patron made for tests, not of a reader.
    #[arg(long)]
    patron: Option<String>,
    /// File with that patron's PIN.
    #[arg(long, value_name = "FILE", requires = "patron")]
    pin_file: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command; `false` when no profile stands out or the account was refused.
///
/// # Errors
/// No connection, a file that cannot be read, a wrong address, an argument that cannot be sent.
pub(crate) fn run(command: &Command, output: impl Write) -> anyhow::Result<bool> {
    let Command::Probe(args) = command;
    let (library, zone) = match &args.station {
        Some(file) => {
            let config = Config::load(file)?;
            (config.library, config.station.zone)
        }
        None => (LibraryConfig::default(), "Asia/Shanghai".to_owned()),
    };
    let LibraryConfig { address: usual, tls, plain_tcp, mut profile, .. } = library;
    let elsewhere = args.address.is_some() && args.address != usual;
    if elsewhere {
        // The station's account is for the station's library system, nobody else's.
        profile.login = None;
    }
    let Some(address) = args.address.clone().or(usual) else {
        bail!(
            "the station's library is the practice library inside it; give --address HOST:PORT of another"
        )
    };
    let Some((host, port)) = split_address(&address) else {
        bail!("--address {address:?}: write HOST:PORT")
    };
    let own = args.ca_file.clone().map(|ca_file| TlsFiles {
        ca_file,
        server_name: None,
        client_cert_file: None,
        client_key_file: None,
    });
    let files = own.or(tls.filter(|_| !elsewhere));
    let vouched = args.trusted_network || !elsewhere && plain_tcp == PlainTcp::TrustedNetwork;
    if files.is_none() && !vouched && !is_this_machine(&host) {
        bail!(
            "password and PIN would go to {host:?} unencrypted; give --ca-file, or --trusted-network if a VPN protects them"
        )
    }
    let tls = files.map(|files| Tls::load(&files, &host)).transpose()?;
    let options = Options { tls, ..options(args, host, port, profile)? };
    let wrong = unsendable(&options);
    if !wrong.is_empty() {
        bail!(
            "{} cannot be sent: empty, too long, or with '|' or a control character in it; nothing was sent",
            wrong.join(", ")
        )
    }
    let now = Clock::new(&zone)?.now();
    let report = probe::probe(&options, SipDate::local(now.wall))?;
    let done = if args.json {
        serde_json::to_string_pretty(&report).map(|text| print(output, &text))
    } else {
        Ok(print(output, describe(&report).trim_end()))
    };
    done?.context("writing standard output")?;
    Ok(report.profile.is_some() && report.login != Some(false))
}

fn print(mut output: impl Write, text: &str) -> std::io::Result<()> {
    writeln!(output, "{text}")?;
    output.flush()
}

fn options(
    args: &ProbeArgs,
    host: String,
    port: u16,
    mut profile: Profile,
) -> anyhow::Result<Options> {
    if let (Some(user), Some(file)) = (&args.user, &args.password_file) {
        let (user, location) = (user.clone(), args.location.clone());
        profile.login = Some(Login { user, password: secret(file)?, location });
    }
    if let Some(institution) = &args.institution {
        profile.institution_id.clone_from(institution);
    }
    let pin = args.pin_file.as_deref().map(secret).transpose()?;
    let patron = args.patron.as_deref().map(PatronId::new);
    // What goes out is ASCII, so that no character set has to be known before.
    profile.charset = Charset::Utf8;
    Ok(Options { host, port, tls: None, profile, item: args.item.clone(), patron, pin })
}

/// Arguments that would reach the library system altered. Named, never shown: they may be about a
/// reader, or secret.
fn unsendable(options: &Options) -> Vec<&'static str> {
    let mut wrong: Vec<_> = options.profile.unsendable().into_iter().map(argument).collect();
    let item = options.item.as_ref().is_none_or(|item| ItemId::new(item).is_ok());
    let patron = options.patron.as_ref().is_none_or(PatronId::is_well_formed);
    let pin = options.pin.as_ref().is_none_or(|pin| is_field(pin.expose(), SETTING_MAX));
    let own = [("--item", item), ("--patron", patron), ("the line in --pin-file", pin)];
    wrong.extend(own.into_iter().filter(|(_, fine)| !fine).map(|(name, _)| name));
    wrong
}

/// Where a setting comes from; those of a station's file are looked at when it is read.
fn argument(setting: &'static str) -> &'static str {
    match setting {
        "institution_id" => "--institution",
        "login.user" => "--user",
        "login.password" => "the line in --password-file",
        "login.location" => "--location",
        other => other,
    }
}

/// The first line of a file.
fn secret(file: &Path) -> anyhow::Result<Secret> {
    let name = file.display();
    let length = std::fs::metadata(file).with_context(|| format!("reading {name}"))?.len();
    if length > SECRET_MAX {
        bail!("{name} is longer than {SECRET_MAX} bytes: it should hold one line")
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
    Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn describe(report: &Report) -> String {
    let mut lines = vec![match report.profile {
        Some(name) => format!("profile  {name}"),
        None => "profile  none stands out; choose by the library system's name".to_owned(),
    }];
    for fit in report.profiles.iter().filter(|fit| fit.points > 0) {
        lines.push(format!("         {} {} of {} points", fit.name, fit.points, fit.of));
    }
    lines.push(match report.login {
        None => "login    none".to_owned(),
        Some(true) => "login    accepted".to_owned(),
        Some(false) => "login    refused: check user, password and location".to_owned(),
    });
    if let Some(time) = &report.round_trip_ms {
        let (min, median, max) = (time.min, time.median, time.max);
        lines.push(format!("answers  after {median:.1} ms ({min:.1} to {max:.1})"));
    }
    if let Some(status) = &report.status {
        let state = if status.online { "on line" } else { "off line" };
        lines.push(format!("status   {state}, institution {:?}", status.institution));
        lines.push(format!("answers  {}", status.supported.join(" ")));
    }
    if let Some(item) = &report.item {
        let known = if item.known { "known" } else { "unknown" };
        lines.push(format!("item     {known}, circulation status {}", item.status));
    }
    if let Some(patron) = &report.patron {
        let may = if patron.may_borrow { "may borrow" } else { "may not borrow" };
        lines.push(format!("patron   {may}"));
    }
    for (key, value) in
        [("charset", report.settings.charset), ("checksum", report.settings.checksum)]
    {
        if let Some(value) = value {
            lines.push(format!("set      {key} = \"{value}\""));
        }
    }
    let signs: Vec<&str> = report.signs.iter().map(String::as_str).collect();
    lines.push(format!("signs    {}", signs.join(" ")));
    if let Some(name) = report.profile.filter(|name| System::named(name).is_ok()) {
        lines.push(format!("write    [library] system = \"{name}\""));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kiosk::practice::{Config as PracticeConfig, Guise, Practice};

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(subcommand)]
        command: Command,
    }

    fn said(practice: &Practice, more: &[&str]) -> (bool, String) {
        let dir = tempfile::tempdir().unwrap();
        let password = dir.path().join("password");
        std::fs::write(&password, "pa55word\n").unwrap();
        let address = practice.addr().to_string();
        let usual = ["x", "probe", "--address", &address, "--user", "kiosk01", "--location", "X"];
        let with = ["--password-file", password.to_str().unwrap(), "--item", "YZ0000101"];
        let arguments = usual.iter().chain(&with).chain(more);
        let program = Program::try_parse_from(arguments).unwrap_or_else(|e| panic!("{e}"));
        let mut out = Vec::new();
        let done = run(&program.command, &mut out).unwrap();
        (done, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_library_system_is_named_and_no_secret_is_told() {
        let config = PracticeConfig { guise: Some(Guise::Dp2), ..PracticeConfig::default() };
        let practice = Practice::start(config).unwrap();
        let patron = ["--patron", "0200006789", "--json"];
        let (done, text) = said(&practice, &patron);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(done);
        assert_eq!(json["profile"], "dp2");
        assert_eq!(json["settings"]["checksum"], "send_only");
        assert_eq!(json["patron"]["may_borrow"], true);
        for secret in ["pa55word", "0200006789"] {
            assert!(!text.contains(secret), "{text}");
        }
        let (_, text) = said(&practice, &[]);
        assert!(text.contains("[library] system = \"dp2\""), "{text}");
    }

    #[test]
    fn nothing_goes_over_a_network_in_clear_unasked() {
        let program = ["x", "probe", "--address", "192.0.2.1:6001"];
        let program = Program::try_parse_from(program).unwrap_or_else(|e| panic!("{e}"));
        let error = run(&program.command, Vec::new()).unwrap_err().to_string();
        assert!(error.contains("unencrypted") && error.contains("--ca-file"), "{error}");
    }

    #[test]
    fn what_would_be_altered_on_the_wire_is_refused_before_it() {
        let practice = Practice::start(PracticeConfig::default()).unwrap();
        let address = practice.addr().to_string();
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (good, piped) = (file("good", "s3cret\n"), file("piped", "4711|08\n"));
        let torn = file("torn", "4711\r08\n");
        let long = "7".repeat(300);
        for (arguments, name) in [
            (vec!["--item", "YZ|1"], "--item"),
            (vec!["--item", ""], "--item"),
            (vec!["--patron", "0200|04711"], "--patron"),
            (vec!["--patron", "0200\r04711"], "--patron"),
            (vec!["--patron", &long], "--patron"),
            (vec!["--institution", "YZ|LIB"], "--institution"),
            (vec!["--user", "k|4711", "--password-file", &good], "--user"),
            (vec!["--user", "k", "--password-file", &piped], "--password-file"),
            (vec!["--user", "k", "--password-file", &torn], "--password-file"),
            (vec!["--user", "k", "--password-file", &good, "--location", "a\tb"], "--location"),
            (vec!["--patron", "02", "--pin-file", &piped], "--pin-file"),
        ] {
            let usual = ["x", "probe", "--address", &address];
            let program = Program::try_parse_from(usual.iter().chain(&arguments));
            let program = program.unwrap_or_else(|e| panic!("{e}"));
            let error = run(&program.command, Vec::new()).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("4711"), "{arguments:?}: {error}");
        }
        assert_eq!(practice.requests(), 0, "nothing was said");
    }

    #[test]
    fn the_practice_library_itself_is_like_no_other() {
        let practice = Practice::start(PracticeConfig::default()).unwrap();
        let (done, text) = said(&practice, &[]);
        assert!(!done && text.contains("none stands out"), "{text}");
    }
}
