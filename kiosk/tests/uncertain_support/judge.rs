//! What the screen may claim.

use drivers::rfid::security::Security;
use kiosk::practice::Kind;
use ui::view::{LineState, LoanState, Note, Screen};

use super::Stand;

impl Stand {
    /// Nothing is shown as done that is not so.
    pub(super) fn judge_screen(&mut self) {
        let states: Vec<LineState> = self.lines().iter().map(|line| line.state).collect();
        if states.contains(&LineState::Borrowed) {
            assert!(self.is_lent() && self.tag.2 == Security::Released, "shown as borrowed");
            let due = self.due();
            for line in self.lines() {
                let Note::Due(shown) = line.note else { continue };
                assert_eq!(Some((shown.month, shown.day)), due, "another day than it is due");
            }
        }
        if states.contains(&LineState::Returned) {
            let lent = self.is_lent();
            assert!(
                !lent && self.tag.2 == Security::Secured,
                "shown as returned: lent {lent}, tag {:?}",
                self.tag.2
            );
        }
        if let Screen::Loans(page) = self.view().screen
            && page.loans.iter().any(|loan| loan.state == LoanState::Renewed)
        {
            let done = self.ledger().iter().any(|entry| entry.kind == Kind::Renewal);
            assert!(done, "shown as renewed");
        }
    }
}
