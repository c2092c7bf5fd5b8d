//! What a tag remembers only as long as it has power.

/// State of an ISO 15693 tag in the field (ISO/IEC 15693-3, 7.3). Power off is no state here: a
/// tag without power is back at [`State::Ready`] when it gets some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Answers everything.
    #[default]
    Ready,
    /// Answers only what is addressed to it.
    Quiet,
    /// Answers what is addressed to it or to the selected tag.
    Selected,
}

/// State of an ISO 14443A card (ISO/IEC 14443-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CardState {
    /// Waits for REQA or WUPA.
    #[default]
    Idle,
    /// In the anticollision of this cascade level.
    Ready {
        /// Cascade level, from 0.
        level: u8,
    },
    /// Selected.
    Active,
    /// Waits for WUPA.
    Halt,
}

/// All that one tag forgets without power.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Powered {
    pub(super) state: State,
    pub(super) card: CardState,
    /// NXP: the random number last given out, which masks passwords.
    pub(super) random: Option<[u8; 2]>,
    /// NXP: whether the EAS/AFI password was given.
    pub(super) password_given: bool,
    /// ISO 14443A: the random UID of this time in the field.
    pub(super) random_uid: Option<[u8; 4]>,
}
