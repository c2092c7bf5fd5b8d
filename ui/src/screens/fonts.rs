//! A way around a crash on machines with fontconfig but without a single font.
//!
//! fontique 0.11.1 panics at start when fontconfig answers with no font at all, even though the
//! pages bring their own. A station image without fonts would therefore not start. The
//! environment of a running process cannot be changed without `unsafe`, so the caller starts
//! itself again with what [`guard`] returns.

use std::path::{Path, PathBuf};

/// The embedded font that serves as the system's only one.
const FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansCJKsc-Bold-latin.otf");
/// Name of the font file in the private directory.
const FONT_FILE: &str = "jiehuan.otf";
/// Name of the fontconfig file in the private directory.
const CONF_FILE: &str = "fonts.conf";
/// Folders below a font directory that are looked into.
const DEEPEST: u8 = 4;

/// The variable to set before starting again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontEnv {
    /// Always `FONTCONFIG_FILE`.
    pub name: &'static str,
    /// The minimal `fonts.conf` written.
    pub value: PathBuf,
}

/// `None` when the machine has a font, when `FONTCONFIG_FILE` is set already (then its owner
/// decides), or when no private directory can be written; else the environment that keeps
/// fontconfig from answering with nothing.
#[must_use]
pub fn guard() -> Option<FontEnv> {
    if std::env::var_os("FONTCONFIG_FILE").is_some()
        || font_directories().iter().any(|d| has_font(d, DEEPEST))
    {
        return None;
    }
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    write_into(&base.join(format!("jiehuan-fonts-{}", std::process::id()))).ok()
}

/// Writes the font and a `fonts.conf` naming only it into `directory`, which is made private to
/// this user. [`guard`] does so where no font is installed.
///
/// # Errors
/// What the file system said; an existing directory is not taken over.
pub fn write_into(directory: &Path) -> std::io::Result<FontEnv> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(directory)?;
    std::fs::write(directory.join(FONT_FILE), FONT)?;
    let conf = directory.join(CONF_FILE);
    let (fonts, cache) = (directory.display(), directory.join("cache"));
    std::fs::write(
        &conf,
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
             <dir>{fonts}</dir>\n<cachedir>{}</cachedir>\n</fontconfig>\n",
            cache.display()
        ),
    )?;
    Ok(FontEnv { name: "FONTCONFIG_FILE", value: conf })
}

/// Where fontconfig looks by default.
fn font_directories() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts"]
            .map(PathBuf::from)
            .into();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        all.push(home.join(".fonts"));
        all.push(home.join(".local/share/fonts"));
    }
    all
}

/// Whether a font file lies in `directory` or at most `deep` folders below.
fn has_font(directory: &Path, deep: u8) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let font = path.extension().and_then(|ext| ext.to_str()).is_some_and(|ext| {
            ["ttf", "otf", "ttc", "otc"].iter().any(|known| ext.eq_ignore_ascii_case(known))
        });
        font || (deep > 0 && path.is_dir() && has_font(&path, deep - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_font_is_found_below_and_nothing_else_is_one() {
        let base = std::env::temp_dir().join(format!("jiehuan-fonts-test-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        let deep = base.join("truetype/x");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("README.txt"), "no font").unwrap();
        assert!(!has_font(&base, DEEPEST));
        std::fs::write(deep.join("A.TTF"), "font").unwrap();
        assert!(has_font(&base, DEEPEST));
        std::fs::remove_dir_all(&base).unwrap();

        let env = write_into(&base).unwrap();
        let conf = std::fs::read_to_string(&env.value).unwrap();
        assert!(conf.contains(&format!("<dir>{}</dir>", base.display())), "{conf}");
        assert!(has_font(&base, 0));
        assert!(write_into(&base).is_err(), "a directory of somebody else was taken over");
        std::fs::remove_dir_all(&base).unwrap();
    }
}
