//! Library systems known by name: what differs in each is one data file (sip2.md section 10).
//!
//! A file has `[profile]`, with the keys of [`Profile`], and `[signs]`: what
//! [`crate::sip2::probe`] sees of such a system, and how much each sign says.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::profile::Profile;

/// One library system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct System {
    /// Its name in configuration.
    pub name: &'static str,
    text: &'static str,
}

macro_rules! systems {
    ($($name:literal)+) => {
        /// All of them.
        pub const SYSTEMS: &[System] =
            &[$(System { name: $name, text: include_str!(concat!($name, ".toml")) }),+];
    };
}

systems! { "koha" "evergreen" "folio" "alma" "sierra" "symphony" "dp2" "generic-gbk" }

/// A profile that cannot be made of a system's and a site's own settings.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// No such name.
    #[error("{0:?} is not known; write one of {known}", known = names())]
    Unknown(String),
    /// A setting.
    #[error("{0}")]
    Setting(#[from] toml::de::Error),
}

fn names() -> String {
    SYSTEMS.iter().map(|system| system.name).collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: toml::Table,
    signs: BTreeMap<String, u32>,
}

impl System {
    /// The system of that name.
    ///
    /// # Errors
    /// [`SystemError::Unknown`].
    pub fn named(name: &str) -> Result<&'static Self, SystemError> {
        let found = SYSTEMS.iter().find(|system| system.name == name);
        found.ok_or_else(|| SystemError::Unknown(name.to_owned()))
    }

    /// Its profile with a site's own settings over it. A site's refusals come before the system's.
    ///
    /// # Errors
    /// [`SystemError::Setting`] for a setting of the site that does not exist or does not fit.
    pub fn profile(&self, own: toml::Table) -> Result<Profile, SystemError> {
        let mut settings = self.file()?.profile;
        lay_over(&mut settings, own);
        Ok(Profile::deserialize(toml::Value::Table(settings))?)
    }

    /// Signs and their weights.
    ///
    /// # Errors
    /// None that a test has not ruled out.
    pub fn signs(&self) -> Result<BTreeMap<String, u32>, SystemError> {
        Ok(self.file()?.signs)
    }

    fn file(&self) -> Result<File, SystemError> {
        Ok(toml::from_str(self.text)?)
    }
}

/// Tables are merged, lists are joined with the site's first, anything else is replaced.
fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (Some(toml::Value::Array(under)), toml::Value::Array(mut over)) => {
                over.append(under);
                *under = over;
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
