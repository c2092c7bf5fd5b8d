//! How one library system differs from the next, as data (sip2.md section 10).
//!
//! ```toml
//! charset = "gbk"
//! checksum = "send_only"
//! institution_id = "YZLIB"
//! ap = { branch_code = "YZ-MAIN" }
//! [login]
//! user = "kiosk01"
//! password = "..."
//! [[refusals]]
//! contains = "已达借阅上限"
//! code = "limit"
//! ```

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::charset::Charset;
use super::codes::Language;
use super::message::{LoginRequest, Request};
use crate::privacy::{Secret, is_field};

/// Most characters of a setting that is sent.
pub const SETTING_MAX: usize = 255;

/// Most seconds between two 99 on an idle connection (sip2.md section 3: every 60 to 300 s).
pub const STATUS_INTERVAL_MAX_S: u64 = 300;
/// Fewest seconds between two 99 on an idle connection.
pub const STATUS_INTERVAL_MIN_S: u64 = 60;

/// What is done about `AY` and `AZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumMode {
    /// Sent, and checked in answers.
    #[default]
    Strict,
    /// Sent, ignored in answers: dp2's are always wrong.
    SendOnly,
    /// Neither sent nor checked.
    Off,
}

/// What ends the station's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// CR, as the protocol has it.
    #[default]
    Cr,
    /// CR LF, for servers that insist.
    CrLf,
}

impl LineEnd {
    /// The bytes.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Cr => b"\r",
            Self::CrLf => b"\r\n",
        }
    }
}

/// What a return carries in `AP`. Koha takes any content for the branch of the return, so nothing
/// is the safe choice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrentLocation {
    /// Nothing.
    #[default]
    Empty,
    /// The code of the branch the station stands in, `station.branch`. What was noted in another
    /// branch is told with that one's.
    Branch,
    /// The same, put in when the file is read.
    #[serde(skip)]
    Here(String),
    /// A branch code of the library system.
    BranchCode(String),
    /// The station's own name.
    KioskId(String),
}

impl CurrentLocation {
    /// The value of `AP`.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            // Put in when the file is read.
            Self::Empty | Self::Branch => "",
            Self::Here(value) | Self::BranchCode(value) | Self::KioskId(value) => value,
        }
    }

    /// The same for a return that was noted in this branch; empty: the journal names none.
    #[must_use]
    pub fn value_in<'a>(&'a self, branch: &'a str) -> &'a str {
        match self {
            Self::Here(_) if !branch.is_empty() => branch,
            _ => self.value(),
        }
    }
}

/// A currency: three letters of ISO 4217.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Currency(String);

impl Currency {
    /// The letters.
    #[must_use]
    pub fn letters(&self) -> &str {
        &self.0
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self("CNY".to_owned())
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fine = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        if fine { Ok(Self(text)) } else { Err("a currency has three capital letters") }
    }
}

/// What the flags "desensitize" (12) and "resensitize" (10) of a yes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityFlags {
    /// Whether a tag is released or secured.
    #[default]
    Obeyed,
    /// Nothing: the library system never sets them. A yes alone releases or secures.
    Ignored,
}

/// What a loan or renewal says in "nb due date" when no date was promised off line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NbDueDate {
    /// 18 blanks.
    #[default]
    Blank,
    /// The transaction date, for servers that take blanks for a damaged message.
    TransactionDate,
}

/// The station's account at the library system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name, `CN`.
    pub user: String,
    /// Password, `CO`.
    #[serde(deserialize_with = "secret")]
    pub password: Secret,
    /// Where the station stands, `CP`. FOLIO wants the service point's UUID.
    #[serde(default)]
    pub location: Option<String>,
}

/// Turns the text of a refusal into a reason. Library systems say it in words only, in `AF`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRule {
    /// Text contained in `AF`, upper and lower case alike.
    pub contains: String,
    /// Reason code of the station.
    pub code: String,
}

/// Bounds on what 98 may ask for (sip2.md section 3, "Clamp"; ours, not the protocol's).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Shortest wait for an answer, in seconds; dp2 asks for 1 s.
    pub answer_min_s: u64,
    /// Longest wait for an answer, in seconds.
    pub answer_max_s: u64,
    /// Wait for an answer when 98 says nothing usable, in seconds.
    pub answer_default_s: u64,
    /// Most retransmissions of one request.
    pub retries_max: u16,
    /// Idle time before a 99, in seconds, held within 60 to 300.
    pub status_interval_s: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer_min_s: 8,
            answer_max_s: 60,
            answer_default_s: 30,
            retries_max: 3,
            status_interval_s: 120,
        }
    }
}

/// Value of 98's time-out and retries for "unknown".
const UNKNOWN: u16 = 999;

impl Timing {
    /// How long to wait for an answer, from 98's "timeout period" in tenths of a second.
    /// 000, 999 and blanks give the default.
    #[must_use]
    pub fn answer_timeout(&self, period: Option<u16>) -> Duration {
        match period {
            None | Some(0 | UNKNOWN) => Duration::from_secs(self.answer_default_s),
            Some(tenths) => Duration::from_millis(u64::from(tenths) * 100)
                .min(Duration::from_secs(self.answer_max_s))
                .max(Duration::from_secs(self.answer_min_s)),
        }
    }

    /// How often to retransmit, from 98's "retries allowed".
    #[must_use]
    pub fn retries(&self, allowed: Option<u16>) -> u16 {
        match allowed {
            None | Some(UNKNOWN) => self.retries_max,
            Some(allowed) => allowed.min(self.retries_max),
        }
    }

    /// Idle time before a 99.
    #[must_use]
    pub fn status_interval(&self) -> Duration {
        let held = self.status_interval_s.clamp(STATUS_INTERVAL_MIN_S, STATUS_INTERVAL_MAX_S);
        Duration::from_secs(held)
    }
}

/// One library system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Character set of values.
    pub charset: Charset,
    /// Error detection.
    pub checksum: ChecksumMode,
    /// What ends our messages.
    pub terminator: LineEnd,
    /// Account; without one the first message is 99.
    pub login: Option<Login>,
    /// Whether a user name that is not ASCII is URL-escaped in 93 (dp2).
    pub escape_user: bool,
    /// Institution, `AO`. May be empty (dp2).
    pub institution_id: String,
    /// The station's password, `AC`; usually empty.
    #[serde(deserialize_with = "secret")]
    pub terminal_password: Secret,
    /// Language of messages, 019 Chinese.
    #[serde(deserialize_with = "language")]
    pub language: Language,
    /// What a return carries in `AP`.
    pub ap: CurrentLocation,
    /// Whether answers without a usable digit must name the patron asked for in `AA`. Switch off
    /// where the library system answers with another number of the same patron (Koha).
    pub patron_echo: bool,
    /// Whether "no block" is understood: what was done off line is reported as done. Where it is
    /// not, the flag is not sent, and the answer is that to an ordinary request (sip2.md section 5).
    pub no_block: bool,
    /// Whether a request that comes again byte for byte is known, and answered as before instead of
    /// being done again (sip2.md section 3: only FOLIO of those read). Where it is not, a renewal is
    /// never sent again, and a no to what was sent again is found out.
    pub replays: bool,
    /// Whether a loan that comes again becomes a renewal (sip2.md sections 3 and 10: Koha, Evergreen,
    /// dp2, Alma). It is then sent once, and silence is found out instead.
    pub renews_own: bool,
    /// Whether a payment of the same `BK` is booked once, however often it comes. Where it is not
    /// known to be so, 37 is sent once. UNCONFIRMED for every system.
    pub fee_dedup: bool,
    /// How a payment is told to have been made, in 37 (sip2.md section 6). 00 is cash; WeChat and
    /// Alipay have no standard value. UNCONFIRMED for every system.
    pub payment_type: u8,
    /// Currency of amounts, ISO 4217.
    pub currency: Currency,
    /// Whether `AF` of an answer that says yes has something to say. dp2's only repeats the yes.
    pub success_messages: bool,
    /// Whether an error is told in words, as a line that is no message (FOLIO). Such a line ends the
    /// request: nobody knows whether it was done. Where it is not, such a line is a damaged answer.
    pub text_errors: bool,
    /// Whether "checkin ok" and "checkout ok" of 98 tell what is served. Evergreen says no to both
    /// and lends.
    pub status_flags: bool,
    /// What "desensitize" and "resensitize" say.
    pub security_flags: SecurityFlags,
    /// "nb due date" without a promise.
    pub nb_due_date: NbDueDate,
    /// Texts of a refused return that mean only that the item was not on loan (Koha).
    pub not_on_loan: Vec<String>,
    /// Printer columns told in 99.
    pub max_print_width: u16,
    /// Bounds on waiting.
    pub timing: Timing,
    /// Meanings of refusal texts; the first that fits counts.
    pub refusals: Vec<RefusalRule>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            charset: Charset::default(),
            checksum: ChecksumMode::default(),
            terminator: LineEnd::default(),
            login: None,
            escape_user: false,
            institution_id: String::new(),
            terminal_password: Secret::default(),
            language: Language::CHINESE,
            ap: CurrentLocation::default(),
            patron_echo: true,
            no_block: true,
            replays: false,
            renews_own: false,
            fee_dedup: false,
            payment_type: 0,
            currency: Currency::default(),
            success_messages: true,
            text_errors: false,
            status_flags: true,
            security_flags: SecurityFlags::default(),
            nb_due_date: NbDueDate::default(),
            not_on_loan: Vec::new(),
            max_print_width: 48,
            timing: Timing::default(),
            refusals: Vec::new(),
        }
    }
}

impl Profile {
    /// The reason for a refusal, from the texts of its `AF` fields.
    #[must_use]
    pub fn refusal_code(&self, screen_messages: &[String]) -> Option<&str> {
        let fits = |rule: &&RefusalRule| says(screen_messages, &rule.contains);
        self.refusals.iter().find(fits).map(|rule| rule.code.as_str())
    }

    /// Whether a refused return says only that the item was not on loan.
    #[must_use]
    pub fn was_not_on_loan(&self, screen_messages: &[String]) -> bool {
        self.not_on_loan.iter().any(|wanted| says(screen_messages, wanted))
    }

    /// Settings that cannot stand in a message as they are.
    #[must_use]
    pub fn unsendable(&self) -> Vec<&'static str> {
        let fits = |text: &str| is_field(text, SETTING_MAX);
        let login = self.login.as_ref();
        let optional = |text: Option<&str>| text.is_none_or(fits);
        [
            ("institution_id", fits(&self.institution_id)),
            ("terminal_password", fits(self.terminal_password.expose())),
            ("ap", fits(self.ap.value())),
            ("login.user", optional(login.map(|login| login.user.as_str()))),
            ("login.password", optional(login.map(|login| login.password.expose()))),
            ("login.location", optional(login.and_then(|login| login.location.as_deref()))),
        ]
        .into_iter()
        .filter(|(_, fine)| !fine)
        .map(|(name, _)| name)
        .collect()
    }

    /// Whether a request is sent once and never again: done twice, it cannot be told from once.
    #[must_use]
    pub fn sent_once(&self, request: &Request) -> bool {
        match request {
            Request::FeePaid(_) => !self.fee_dedup,
            Request::Renew(_) | Request::RenewAll(_) => !self.replays,
            // A loan that is told as done is never refused: a second one becomes a renewal.
            Request::Checkout(m) => (self.renews_own || m.no_block) && !self.replays,
            _ => false,
        }
    }

    /// The login request, where the profile has an account.
    #[must_use]
    pub fn login_request(&self) -> Option<LoginRequest> {
        let login = self.login.as_ref()?;
        Some(LoginRequest {
            uid_algorithm: "0".into(),
            pwd_algorithm: "0".into(),
            login_user_id: match self.escape_user {
                true => escaped(&login.user),
                false => login.user.clone(),
            },
            login_password: login.password.clone(),
            location_code: login.location.clone(),
            ..LoginRequest::default()
        })
    }
}

/// Whether one of the texts contains another, upper and lower case alike.
fn says(texts: &[String], wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    !wanted.is_empty() && texts.iter().any(|text| text.to_lowercase().contains(&wanted))
}

/// URL-escaped, where it is not ASCII. `@` stays: dp2's `user@instance` may be taken apart before it
/// is unescaped.
fn escaped(user: &str) -> String {
    if user.is_ascii() {
        return user.to_owned();
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~@".contains(&b);
    let mut text = String::new();
    for byte in user.bytes() {
        match plain(byte) {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Reads a secret from configuration. Written here, because secrets have no serde of their own.
fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

fn language<'de, D: Deserializer<'de>>(from: D) -> Result<Language, D::Error> {
    let number = u16::deserialize(from)?;
    if number > 999 {
        return Err(serde::de::Error::custom("a language code has three digits"));
    }
    Ok(Language(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_from_toml() {
        let profile: Profile = toml::from_str(
            r#"
            charset = "gb18030"
            checksum = "send_only"
            terminator = "cr_lf"
            institution_id = "YZLIB"
            language = 1
            ap = { kiosk_id = "YZ-DROP-01" }
            login = { user = "kiosk01", password = "s3cret", location = "YZ-MAIN-01" }
            timing = { status_interval_s = 5 }
            refusals = [{ contains = "上限", code = "too_many_loans" }]
            "#,
        )
        .unwrap();
        assert_eq!(profile.charset, Charset::Gb18030);
        assert_eq!(profile.ap.value(), "YZ-DROP-01");
        assert_eq!(profile.terminator.bytes(), b"\r\n");
        assert_eq!(profile.language, Language::ENGLISH);
        assert_eq!(profile.timing.status_interval(), Duration::from_secs(60));
        assert_eq!(profile.refusal_code(&["已达借阅上限".into()]), Some("too_many_loans"));
        assert_eq!(profile.refusal_code(&["成功".into()]), None);
        assert!(!format!("{profile:?}").contains("s3cret"));
    }

    #[test]
    fn a_chinese_user_name_goes_escaped_where_it_must() {
        let user = |user: &str, escape_user| {
            let login = Login { user: user.into(), password: Secret::new("x"), location: None };
            let profile = Profile { login: Some(login), escape_user, ..Profile::default() };
            profile.login_request().unwrap().login_user_id
        };
        assert_eq!(user("张三%1@yz", true), "%E5%BC%A0%E4%B8%89%251@yz");
        assert_eq!(user("kiosk%01@yz", true), "kiosk%01@yz", "ASCII is sent as it is");
        assert_eq!(user("张三", false), "张三");
    }

    #[test]
    fn unknown_settings_are_refused() {
        for text in ["charsett = \"gbk\"", "checksum = \"loose\"", "language = 1000", "ap = \"x\""]
        {
            assert!(toml::from_str::<Profile>(text).is_err(), "{text}");
        }
        assert_eq!(toml::from_str::<Profile>("ap = \"empty\"").unwrap(), Profile::default());
    }

    #[test]
    fn what_98_asks_for_is_held_within_bounds() {
        let timing = Timing::default();
        for (period, seconds) in [
            (None, 30),
            (Some(0), 30),
            (Some(999), 30),
            (Some(10), 8),
            (Some(300), 30),
            (Some(600), 60),
            (Some(998), 60),
        ] {
            assert_eq!(timing.answer_timeout(period), Duration::from_secs(seconds), "{period:?}");
        }
        for (allowed, retries) in
            [(None, 3), (Some(999), 3), (Some(5), 3), (Some(1), 1), (Some(0), 0)]
        {
            assert_eq!(timing.retries(allowed), retries, "{allowed:?}");
        }
    }
}
