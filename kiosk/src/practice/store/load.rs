//! Loading a data file.

use rusqlite::params;

use super::holds::HoldState;
use super::secret::hash_secret;
use super::{StoreError, Tx, time_text};
use crate::practice::data::{Data, HoldRecord, ItemRecord, LoanRecord, PatronRecord};
use crate::practice::model::LocalTime;

impl Tx<'_> {
    pub(super) fn load(&self, data: Data, now: LocalTime) -> Result<(), StoreError> {
        let policy = serde_json::to_string(&data.policy)
            .map_err(|_| StoreError::Damaged { what: "set of rules" })?;
        for (key, value) in [
            ("institution", &data.institution),
            ("library_zh", &data.library_zh),
            ("library_en", &data.library_en),
            ("policy", &policy),
        ] {
            self.0.execute("INSERT INTO meta VALUES (?1, ?2)", [key, value.as_str()])?;
        }
        for account in &data.accounts {
            let (salt, hash) = hash_secret(&account.password);
            let charset = match account.charset.map(serde_json::to_value) {
                Some(Ok(serde_json::Value::String(name))) => Some(name),
                _ => None,
            };
            self.0.execute(
                "INSERT INTO accounts VALUES (?1, ?2, ?3, ?4)",
                params![account.user, salt, hash, charset],
            )?;
        }
        for (position, branch) in data.branches.iter().enumerate() {
            self.0.execute(
                "INSERT INTO branches VALUES (?1, ?2, ?3, ?4)",
                params![branch.code, branch.zh, branch.en, position as i64],
            )?;
        }
        for item in &data.items {
            self.load_item(item)?;
        }
        for patron in &data.patrons {
            self.load_patron(patron, now)?;
        }
        for loan in &data.loans {
            self.load_loan(loan)?;
        }
        for hold in &data.holds {
            self.load_hold(hold, now)?;
        }
        Ok(())
    }

    fn load_item(&self, item: &ItemRecord) -> Result<(), StoreError> {
        let entry = &item.entry;
        self.0
            .prepare_cached(
                "INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, ?8, ?9, ?10, ?11, ?12, '')",
            )?
            .execute(params![
                entry.barcode,
                entry.title,
                entry.author,
                entry.call_number,
                entry.owner,
                entry.home,
                item.at,
                entry.media.sip(),
                entry.circulation.name(),
                entry.age_from,
                entry.loan_days,
                entry.parts.unwrap_or(1),
            ])?;
        Ok(())
    }

    fn load_patron(&self, patron: &PatronRecord, now: LocalTime) -> Result<(), StoreError> {
        let (salt, hash) = hash_secret(&patron.pin);
        self.0
            .prepare_cached(
                "INSERT INTO patrons VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                patron.number,
                patron.name,
                salt,
                hash,
                patron.class,
                patron.loan_limit,
                patron.hold_limit,
                patron.fee_limit.0,
                patron.expires.to_string(),
                patron.born.map(|day| day.to_string()),
                patron.state.name(),
                patron.language.name(),
            ])?;
        for (amount, fee_type, item) in &patron.fees {
            self.add_fee(&patron.number, *amount, fee_type, item.as_deref(), None, now)?;
        }
        Ok(())
    }

    fn load_loan(&self, loan: &LoanRecord) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO loans (item, patron, lent_at, due, renewals, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?3)",
            )?
            .execute(params![
                loan.item,
                loan.patron,
                time_text(loan.lent_at),
                time_text(loan.due),
                loan.renewals,
            ])?;
        Ok(())
    }

    fn load_hold(&self, hold: &HoldRecord, now: LocalTime) -> Result<(), StoreError> {
        let id = self.add_hold(&hold.patron, &hold.item, &hold.pickup, None, now)?;
        if hold.ready {
            self.set_hold_state(id, HoldState::Ready, now)?;
        }
        Ok(())
    }
}
