//! What the station may offer, from the link's state and the last 98.

use crate::sip2::SipDate;
use crate::sip2::codes::SupportedMessages;
use crate::sip2::message::AcsStatus;

/// Where the link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LinkState {
    /// No connection; another attempt follows.
    #[default]
    Offline,
    /// The first connection is being made.
    Connecting,
    /// Login or first status under way.
    LoggingIn,
    /// The station's account was refused: a case for the technician. Tried again after a minute.
    LoginRefused,
    /// Requests are served.
    Online,
    /// Connected, but 98 says the library system is not open for business.
    LibraryClosed,
    /// Switched off at the station.
    NetworkOff,
    /// Ended.
    Stopped,
}

/// The link's state and what 98 allows. After a loss the last 98 still stands, because
/// `offline_ok` matters most then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkStatus {
    /// Where the link stands.
    pub state: LinkState,
    /// Whether the library system is open for business.
    pub online: bool,
    /// Whether returns are allowed.
    pub checkin_ok: bool,
    /// Whether loans are allowed.
    pub checkout_ok: bool,
    /// Whether renewals are allowed.
    pub renewal_ok: bool,
    /// Whether 01 is accepted.
    pub status_update_ok: bool,
    /// Whether transactions made off-line are said to be accepted later.
    pub offline_ok: bool,
    /// Requests the library system says it answers.
    pub supported_messages: SupportedMessages,
    /// Name of the library.
    pub library_name: Option<String>,
    /// Notices for the screen, as "closing early".
    pub screen_message: Vec<String>,
    /// The library system's clock when 98 was sent.
    pub date_time_sync: SipDate,
}

impl LinkStatus {
    /// Takes over a 98.
    pub(super) fn apply(&mut self, status: &AcsStatus) {
        *self = Self {
            state: self.state,
            online: status.online_status,
            checkin_ok: status.checkin_ok,
            checkout_ok: status.checkout_ok,
            renewal_ok: status.renewal_policy,
            status_update_ok: status.status_update_ok,
            offline_ok: status.offline_ok,
            supported_messages: status.supported_messages.clone(),
            library_name: status.library_name.clone(),
            screen_message: status.screen_message.clone(),
            date_time_sync: status.date_time_sync,
        };
    }

    /// Whether requests are served now.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.state == LinkState::Online
    }
}
