//! Whose items are lent, taken back, sent on or turned away here ("borrow anywhere, return
//! anywhere").
//!
//! An owner is who an item belongs to: told by its ISIL on the tag (ISO 28560-1, owner
//! institution) or by a code in `AQ` and `CT` (sip2.md section 6). A branch is a place items go to.
//! The owner of the station's own branch is home, whatever its rule says: the rules are about the
//! others, so a station moves with one line, `station.branch`.

use serde::{Deserialize, Serialize};

use drivers::rfid::tagdata::same_isil;

use crate::config::Both;

/// Most owners, and most branches, of one station's file.
pub const OWNERS_MAX: usize = 1_000;

/// What is done with an owner's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRule {
    /// Lent and taken back.
    #[default]
    Lend,
    /// Taken back only.
    Return,
    /// Neither: the reader is told whose it is.
    Refuse,
    /// Taken back only, and sent on to its owner.
    Transit,
}

/// `[[owner]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerConfig {
    /// Its name.
    pub name: Both,
    /// ISILs on its tags, compared without regard to case.
    #[serde(default)]
    pub isils: Vec<String>,
    /// Institution codes of the library system, as in `AQ` and `CT`.
    #[serde(default)]
    pub codes: Vec<String>,
    /// What is done with its items at stations of others.
    #[serde(default)]
    pub rule: OwnerRule,
    /// Branch its items are sent to under `transit`; its own name without one.
    #[serde(default)]
    pub destination: Option<String>,
}

impl OwnerConfig {
    /// How it is called in the journal: its first code, or else its first ISIL.
    #[must_use]
    pub fn key(&self) -> &str {
        self.codes.first().or(self.isils.first()).map_or("", String::as_str)
    }

    fn has_isil(&self, isil: &str) -> bool {
        self.isils.iter().any(|own| same_isil(own, isil))
    }

    fn is_called(&self, code: &str) -> bool {
        self.codes.iter().any(|own| own == code) || self.has_isil(code)
    }
}

/// `[[branch]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchConfig {
    /// Code, as in `CT` and `AQ`.
    pub code: String,
    /// Name.
    pub name: Both,
    /// Its own ISIL, where it has one.
    #[serde(default)]
    pub isil: Option<String>,
    /// A code or ISIL of the owner it belongs to.
    #[serde(default)]
    pub owner: Option<String>,
    /// `CP` of a login from there, where the account names none.
    #[serde(default)]
    pub location: Option<String>,
}

impl BranchConfig {
    fn is_called(&self, code: &str) -> bool {
        self.code == code || self.isil.as_deref().is_some_and(|isil| same_isil(isil, code))
    }
}

/// Whose an item is, and what is done with it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The owner's key; empty for one the file does not list.
    pub owner: String,
    /// Its rule here.
    pub rule: OwnerRule,
    /// Where it is sent to under [`OwnerRule::Transit`].
    pub destination: String,
}

/// Owners and branches, seen from one station.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    owners: Vec<OwnerConfig>,
    branches: Vec<BranchConfig>,
    here: String,
    unlisted: OwnerRule,
}

impl Owners {
    /// Of a station in branch `here`; `unlisted` is the rule for owners nobody listed.
    #[must_use]
    pub fn new(
        owners: Vec<OwnerConfig>,
        branches: Vec<BranchConfig>,
        here: String,
        unlisted: OwnerRule,
    ) -> Self {
        Self { owners, branches, here, unlisted }
    }

    /// These ISILs are lent and taken back; others are refused. Without any, all are taken.
    #[must_use]
    pub fn only(isils: &[String]) -> Self {
        if isils.is_empty() {
            return Self::default();
        }
        let ours = OwnerConfig { isils: isils.to_vec(), ..OwnerConfig::default() };
        Self { owners: vec![ours], unlisted: OwnerRule::Refuse, ..Self::default() }
    }

    /// The station's branch.
    #[must_use]
    pub fn here(&self) -> &str {
        &self.here
    }

    fn branch(&self, code: &str) -> Option<&BranchConfig> {
        self.branches.iter().find(|branch| branch.is_called(code))
    }

    fn owner(&self, code: &str) -> Option<&OwnerConfig> {
        let direct = self.owners.iter().find(|owner| owner.is_called(code));
        direct.or_else(|| {
            let of_branch = self.branch(code)?.owner.as_deref()?;
            self.owners.iter().find(|owner| owner.is_called(of_branch))
        })
    }

    fn is_home(&self, owner: &OwnerConfig) -> bool {
        !self.here.is_empty()
            && self.owner(&self.here).is_some_and(|home| home.key() == owner.key())
    }

    fn seen_from_here(&self, owner: &OwnerConfig) -> Whose {
        let rule = if self.is_home(owner) { OwnerRule::Lend } else { owner.rule };
        let key = owner.key().to_owned();
        let destination = owner.destination.clone().unwrap_or_else(|| key.clone());
        Whose { owner: key, rule, destination }
    }

    /// Whose an item with this ISIL on its tag is. A tag without one is taken as ours: many
    /// libraries leave it off (rfid-data.md).
    #[must_use]
    pub fn of_isil(&self, isil: Option<&str>) -> Whose {
        let ours = |rule| Whose { owner: String::new(), rule, destination: String::new() };
        let Some(isil) = isil.map(str::trim).filter(|isil| !isil.is_empty()) else {
            return ours(OwnerRule::Lend);
        };
        match self.owner(isil) {
            Some(owner) => self.seen_from_here(owner),
            None if self.branch(isil).is_some() => ours(OwnerRule::Lend),
            None => ours(match self.unlisted {
                // There is nowhere to send it on to.
                OwnerRule::Transit => OwnerRule::Return,
                rule => rule,
            }),
        }
    }

    /// The place a code of the library system names, unless it is this one.
    #[must_use]
    pub fn elsewhere(&self, code: &str) -> Option<String> {
        let code = code.trim();
        if code.is_empty() || code == self.here {
            return None;
        }
        if let Some(branch) = self.branch(code) {
            return (branch.code != self.here).then(|| branch.code.clone());
        }
        match self.owners.iter().find(|owner| owner.is_called(code)) {
            Some(owner) if self.is_home(owner) => None,
            _ => Some(code.to_owned()),
        }
    }

    /// Where an item goes whose permanent location is this: home, where that is another branch the
    /// file knows, or the way to an owner whose rule is transit.
    #[must_use]
    pub fn way_home(&self, permanent: &str) -> Option<String> {
        let place = self.elsewhere(permanent)?;
        if self.branch(&place).is_some() {
            return Some(place);
        }
        let whose = self.seen_from_here(self.owner(&place)?);
        (whose.rule == OwnerRule::Transit).then_some(whose.destination)
    }

    /// `CP` of the station's branch.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.branch(&self.here)?.location.as_deref()
    }

    /// Codes and ISILs with the names of what they mean, for screen and slips.
    #[must_use]
    pub fn names(&self) -> Vec<(String, [String; 2])> {
        let pair = |name: &Both| [name.zh_cn.clone(), name.en.clone()];
        let branches = self.branches.iter().flat_map(|branch| {
            let codes = [Some(&branch.code), branch.isil.as_ref()].into_iter().flatten();
            codes.map(|code| (code.clone(), pair(&branch.name)))
        });
        let owners = self.owners.iter().filter(|owner| owner.name != Both::default());
        let owners = owners.flat_map(|owner| {
            let codes = owner.codes.iter().chain(&owner.isils);
            codes.map(|code| (code.clone(), pair(&owner.name)))
        });
        branches.chain(owners).collect()
    }

    /// Everything impossible in them, as sentences.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.owners.len() > OWNERS_MAX || self.branches.len() > OWNERS_MAX {
            problems.push(format!("[[owner]] and [[branch]]: at most {OWNERS_MAX} of each"));
            return problems;
        }
        let mut seen = std::collections::BTreeSet::new();
        for owner in &self.owners {
            if owner.key().is_empty() {
                problems.push(format!(
                    "owner {:?}: give it isils or codes, or nothing can be known for its own",
                    owner.name.en
                ));
            }
            for code in owner.codes.iter().chain(&owner.isils) {
                if !seen.insert(code.to_ascii_uppercase()) {
                    problems.push(format!("owner: {code:?} stands for two; write it once"));
                }
            }
            if let Some(to) = &owner.destination
                && self.branch(to).is_none()
            {
                problems.push(format!(
                    "owner.destination {to:?} is no branch of this file: add a [[branch]] of that code"
                ));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for branch in &self.branches {
            if branch.code.is_empty() || !seen.insert(&branch.code) {
                problems.push(format!("branch: code {:?} is empty or given twice", branch.code));
            }
            if let Some(owner) = &branch.owner
                && !self.owners.iter().any(|known| known.is_called(owner))
            {
                problems.push(format!(
                    "branch {:?}: owner {owner:?} is no code or ISIL of an [[owner]]",
                    branch.code
                ));
            }
        }
        let tied = self.branches.iter().any(|branch| branch.owner.is_some());
        if tied && self.branch(&self.here).is_none() {
            problems.push(format!(
                "station.branch {:?} is no [[branch]] of this file: its owner, and so what is at home here, would be unknown",
                self.here
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn union(here: &str) -> Owners {
        let owner = |isil: &str, code: &str, rule| OwnerConfig {
            isils: vec![isil.to_owned()],
            codes: vec![code.to_owned()],
            rule,
            ..OwnerConfig::default()
        };
        let branch = |code: &str, owner: &str| BranchConfig {
            code: code.to_owned(),
            owner: Some(owner.to_owned()),
            ..BranchConfig::default()
        };
        let mut town = owner("CN-321182-YZ", "YZLIB", OwnerRule::Transit);
        town.destination = Some("YZ-MAIN".to_owned());
        let owners = vec![
            town,
            owner("CN-321182-XB", "XBLIB", OwnerRule::Transit),
            owner("CN-321100-ZJ", "ZJLIB", OwnerRule::Return),
            owner("CN-320100-NJ", "NJLIB", OwnerRule::Refuse),
        ];
        let branches =
            vec![branch("YZ-MAIN", "YZLIB"), branch("YOUFANG", "YZLIB"), branch("XINBA", "XBLIB")];
        Owners::new(owners, branches, here.to_owned(), OwnerRule::Refuse)
    }

    fn rule(owners: &Owners, isil: &str) -> OwnerRule {
        owners.of_isil(Some(isil)).rule
    }

    #[test]
    fn a_moved_station_is_at_home_elsewhere() {
        let (main, xinba) = (union("YZ-MAIN"), union("XINBA"));
        assert_eq!(main.problems(), Vec::<String>::new());
        assert_eq!(rule(&main, "cn-321182-yz"), OwnerRule::Lend);
        assert_eq!(rule(&main, "CN-321182-XB"), OwnerRule::Transit);
        assert_eq!(rule(&xinba, "CN-321182-XB"), OwnerRule::Lend);
        let sent = xinba.of_isil(Some("CN-321182-YZ"));
        assert_eq!((sent.rule, sent.destination.as_str()), (OwnerRule::Transit, "YZ-MAIN"));
        assert_eq!(main.way_home("XINBA").as_deref(), Some("XINBA"));
        assert_eq!(main.way_home("YZ-MAIN"), None);
        assert_eq!(xinba.way_home("XINBA"), None);
        assert_eq!(xinba.way_home("YZLIB").as_deref(), Some("YZ-MAIN"));
    }

    #[test]
    fn codes_of_home_are_here_and_others_are_not() {
        let main = union("YZ-MAIN");
        for here in ["", " ", "YZ-MAIN", "YZLIB", "CN-321182-YZ"] {
            assert_eq!(main.elsewhere(here), None, "{here:?}");
        }
        for there in ["YOUFANG", "XINBA", "XBLIB", "nobody's"] {
            assert_eq!(main.elsewhere(there).as_deref(), Some(there));
        }
        assert_eq!(main.way_home("nobody's"), None, "AQ may be a shelf");
        assert_eq!(main.way_home("ZJLIB"), None, "taken back and kept for staff's own way");
    }

    #[test]
    fn unlisted_owners_follow_their_own_rule() {
        assert_eq!(rule(&union("XINBA"), "US-DLC"), OwnerRule::Refuse);
        assert_eq!(rule(&Owners::default(), "US-DLC"), OwnerRule::Lend);
        assert_eq!(union("XINBA").of_isil(None).rule, OwnerRule::Lend);
        let ours = Owners::only(&["CN-1".to_owned()]);
        assert_eq!(
            (rule(&ours, "cn-1"), rule(&ours, "CN-2")),
            (OwnerRule::Lend, OwnerRule::Refuse)
        );
    }

    #[test]
    fn impossible_unions_are_told() {
        let said = union("NOWHERE").problems();
        assert!(said.len() == 1 && said[0].contains("NOWHERE"), "{said:?}");
        let mut two = union("XINBA");
        two.owners[1].isils = vec!["cn-321182-YZ".to_owned()];
        two.owners[0].destination = Some("MOON".to_owned());
        two.branches[1].owner = Some("MARS".to_owned());
        let said = two.problems().join("\n");
        assert!(
            ["stands for two", "MOON", "MARS"].iter().all(|word| said.contains(word)),
            "{said}"
        );
    }
}
