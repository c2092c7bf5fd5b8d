//! Compiles the Slint pages when the screens are wanted, and wires their argument-free words:
//! every `Words.some-key` found in the pages becomes a property of one generated global, and one
//! generated function sets them all on a language switch.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "screens")]
    screens::build();
}

#[cfg(feature = "screens")]
mod screens {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};

    pub(super) fn build() {
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let known = argument_free(Path::new("lang/en.ftl"));
        let mut used = BTreeSet::new();
        words_used(Path::new("ui"), &mut used);
        for key in &used {
            assert!(known.contains(key), "Words.{key}: not an argument-free key of lang/en.ftl");
        }
        let library = out.join("words.slint");
        std::fs::write(&library, slint_global(&used)).expect("OUT_DIR is writable");
        std::fs::write(out.join("words.rs"), rust_setter(&used)).expect("OUT_DIR is writable");
        println!("cargo::rerun-if-changed=lang");
        println!("cargo::rerun-if-changed=ui");

        let config = slint_build::CompilerConfiguration::new()
            .with_style("fluent-light".into())
            .with_library_paths([("words".to_owned(), library)].into_iter().collect());
        slint_build::compile_with_config("ui/main.slint", config).expect("the pages compile");
    }

    /// Keys whose message takes no argument.
    fn argument_free(file: &Path) -> BTreeSet<String> {
        let source = std::fs::read_to_string(file).expect("the catalogue is there");
        let mut messages: BTreeMap<String, bool> = BTreeMap::new();
        let mut key = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" = ")
                && line.starts_with(|c: char| c.is_ascii_lowercase())
            {
                name.clone_into(&mut key);
            }
            let takes = line.contains('$');
            messages.entry(key.clone()).and_modify(|any| *any |= takes).or_insert(takes);
        }
        messages.into_iter().filter(|(_, takes)| !takes).map(|(key, _)| key).collect()
    }

    /// Every `Words.key` in the pages below `folder`.
    fn words_used(folder: &Path, used: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("the pages are there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                words_used(&path, used);
            } else if path.extension().is_some_and(|ext| ext == "slint") {
                let source = std::fs::read_to_string(&path).expect("a page can be read");
                for rest in source.split("Words.").skip(1) {
                    used.insert(
                        rest.chars()
                            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                            .collect(),
                    );
                }
            }
        }
    }

    fn slint_global(keys: &BTreeSet<String>) -> String {
        let mut text = String::from("export global Words {\n");
        for key in keys {
            writeln!(text, "    in property <string> {key};").expect("a String takes it all");
        }
        text + "}\n"
    }

    fn rust_setter(keys: &BTreeSet<String>) -> String {
        let mut text = String::from(
            "/// Sets every argument-free word of the pages.\n\
             pub(super) fn set_words(to: &super::slint_pages::Words<'_>, from: &crate::lang::Words) {\n",
        );
        for key in keys {
            let name = key.replace('-', "_");
            writeln!(text, "    to.set_{name}(from.text(\"{key}\").into());")
                .expect("a String takes it all");
        }
        text + "}\n"
    }
}
