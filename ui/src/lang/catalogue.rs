//! The catalogue: two Fluent files in the program, one bundle a language.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::view::Language;

/// Source of the Chinese catalogue.
const ZH_CN: &str = include_str!("../../lang/zh-CN.ftl");
/// Source of the English catalogue.
const EN: &str = include_str!("../../lang/en.ftl");

/// One argument of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A number; English chooses singular or plural by it.
    N(i64),
    /// Words, a date or a code, shown as they are.
    S(&'a str),
}

/// The words of one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({:?})", self.bundle.locales)
    }
}

/// The words of `language`. Parsed at the first call, shared by all threads.
#[must_use]
pub fn words(language: Language) -> &'static Words {
    static ZH: LazyLock<Words> = LazyLock::new(|| Words::parse(Language::ZhCn, ZH_CN));
    static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::parse(Language::En, EN));
    match language {
        Language::ZhCn => &ZH,
        Language::En => &ENGLISH,
    }
}

impl Words {
    fn parse(language: Language, source: &str) -> Self {
        let language: LanguageIdentifier =
            language.tag().parse().expect("a language tag of ours is well formed");
        // What does not parse is left out of the resource; the tests ask for every key.
        let resource = FluentResource::try_new(source.to_owned())
            .unwrap_or_else(|(readable, _errors)| readable);
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // The invisible direction marks Fluent adds otherwise are drawn by some printers.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// The words of an argument-free key; the key itself when the catalogue lacks it.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The sentence of `key` with its arguments filled in; the key itself when the catalogue
    /// lacks it. Arguments the sentence does not use are ignored.
    #[must_use]
    pub fn with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, arg)| {
                let value = match arg {
                    Arg::N(n) => FluentValue::from(*n),
                    Arg::S(s) => FluentValue::from(*s),
                };
                (*name, value)
            })
            .collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        text.trim_end().to_owned()
    }

    /// Whether the catalogue has `key`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }
}
