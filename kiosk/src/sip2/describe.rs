//! Messages as they may be shown: in a log, a trace, the workbench's wire view.
//!
//! This is the only way from message bytes to text. Secrets and personal details are masked by
//! field id, and wherever the same value turns up again in another field (a screen message with
//! the patron's name). What cannot be read as a message is hidden whole.

use std::fmt;

use super::charset::Charset;
use super::field::{FieldId, Privacy};
use super::message::decode_text;
use super::wire::{Checksum, Code, DecodeError, MessageView, Sequence};
use crate::privacy::{Secret, mask_name, mask_number};

/// Put in place of each hidden byte of the raw message.
pub const REDACTED: u8 = b'*';

/// Bytes of a patron number that stay readable in the raw message.
const NUMBER_TAIL: usize = 2;

/// A patron number shorter than this is hidden whole.
const NUMBER_TAIL_FROM: usize = 4;

/// Shortest private value looked for in other fields. Shorter ones would hit at random.
const REPEAT_MIN: usize = 3;

/// One variable field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDescription {
    /// Its id.
    pub id: FieldId,
    /// Its SIP2 name, where known.
    pub name: Option<&'static str>,
    /// Its value, masked where private.
    pub value: String,
    /// Whether something of the value is hidden.
    pub masked: bool,
}

/// One message, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The message code, or why the line is no message.
    pub code: Result<Code, DecodeError>,
    /// The fixed part as text.
    pub fixed: String,
    /// The variable fields in order.
    pub fields: Vec<FieldDescription>,
    /// The digit of `AY`.
    pub sequence: Option<Sequence>,
    /// What `AZ` says.
    pub checksum: Checksum,
    /// The raw bytes, hidden ones replaced by [`REDACTED`]. As long as the message.
    pub redacted: Vec<u8>,
}

/// Describes one message without its terminator.
#[must_use]
pub fn describe(line: &[u8], charset: Charset) -> Description {
    let view = match MessageView::parse(line, charset) {
        Ok(view) => view,
        Err(error) => return unreadable(line, error),
    };
    let private: Vec<&[u8]> = view
        .fields()
        .filter(|(id, value)| id.privacy() != Privacy::Clear && value.len() >= REPEAT_MIN)
        .map(|(_, value)| value)
        .collect();
    let mut redacted = line.to_vec();
    let mut fields = Vec::new();
    let mut places = view.fields();
    let mut any_hidden = false;
    while let Some((id, place)) = places.next_range() {
        let value = &line[place.clone()];
        let hidden = hide(id, value, &private, &mut redacted[place]);
        any_hidden |= hidden;
        let text = decode_text(id, value, charset);
        let value = if hidden { masked(id, &text) } else { text.into_owned() };
        fields.push(FieldDescription { id, name: id.name(), value, masked: hidden });
    }
    if any_hidden {
        // The sum would let a short PIN be worked out from the masked bytes.
        hide_checksum(&view, &mut redacted);
    }
    Description {
        code: Ok(view.code()),
        fixed: Charset::Ascii.decode(view.fixed()).into_owned(),
        fields,
        sequence: view.sequence(),
        checksum: if any_hidden { without_sum(view.checksum()) } else { view.checksum() },
        redacted,
    }
}

/// Hides what is private in one value. Gives whether anything was hidden.
fn hide(id: FieldId, value: &[u8], private: &[&[u8]], raw: &mut [u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    let shown = match id.privacy() {
        Privacy::Clear => {
            let repeats = |part: &&&[u8]| value.windows(part.len()).any(|window| window == **part);
            if private.iter().find(repeats).is_none() {
                return false;
            }
            0
        }
        Privacy::PatronNumber if value.is_ascii() && value.len() >= NUMBER_TAIL_FROM => NUMBER_TAIL,
        Privacy::PatronNumber | Privacy::Personal | Privacy::Secret => 0,
    };
    let end = raw.len() - shown;
    raw[..end].fill(REDACTED);
    true
}

fn masked(id: FieldId, text: &str) -> String {
    match id.privacy() {
        Privacy::PatronNumber => mask_number(text),
        Privacy::Personal => mask_name(text),
        Privacy::Secret | Privacy::Clear => Secret::new(text).masked(),
    }
}

fn hide_checksum(view: &MessageView<'_>, redacted: &mut [u8]) {
    if view.checksum() != Checksum::Absent {
        let end = redacted.len();
        redacted[end - 4..].fill(REDACTED);
    }
}

/// A wrong sum without its values, for the same reason.
fn without_sum(checksum: Checksum) -> Checksum {
    match checksum {
        Checksum::Wrong { .. } => Checksum::Wrong { stated: 0, computed: 0 },
        other => other,
    }
}

fn unreadable(line: &[u8], error: DecodeError) -> Description {
    Description {
        code: Err(error),
        fixed: String::new(),
        fields: Vec::new(),
        sequence: None,
        checksum: Checksum::Absent,
        redacted: vec![REDACTED; line.len()],
    }
}

/// One line for a log: `11 Checkout [fixed] AO=YZLIB AA=••••34 ... seq 3, checksum right`.
impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Ok(code) => write!(f, "{code} {} [{}]", code.title(), self.fixed)?,
            Err(error) => return write!(f, "unreadable: {error}"),
        }
        for field in &self.fields {
            write!(f, " {}={:?}", field.id, field.value)?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, " seq {}", sequence.number())?;
        }
        f.write_str(match self.checksum {
            Checksum::Absent => "",
            Checksum::Right => " checksum right",
            Checksum::Wrong { .. } => " checksum wrong",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything_shown(line: &[u8], charset: Charset) -> String {
        let shown = describe(line, charset);
        format!("{shown} {shown:?} {}", charset.decode(&shown.redacted))
    }

    #[test]
    fn a_message_is_told_field_by_field() {
        let line = b"11YN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|AD1234|BON|BIN|AY3AZEA06";
        let shown = describe(line, Charset::Utf8);
        assert_eq!(
            shown.to_string(),
            "11 Checkout [YN20261122    103000                  ] AO=\"YZLIB\" AA=\"••••34\" \
             AB=\"YZ0000789\" AC=\"\" AD=\"***\" BO=\"N\" BI=\"N\" seq 3 checksum right"
        );
        assert_eq!(
            shown.redacted.escape_ascii().to_string(),
            "11YN20261122    103000                  AOYZLIB|AA********34|ABYZ0000789|AC|AD****|BON|BIN|AY3AZ****"
        );
        assert_eq!(shown.fields[2].name, Some("item identifier"));
    }

    #[test]
    fn nothing_private_is_shown() {
        let values = [
            ("AD", "471147"),
            ("CO", "s3cret"),
            ("AC", "t3rm"),
            ("AA", "0200001234"),
            ("AE", "张三丰"),
            ("BD", "解放路12号"),
            ("BE", "ada@example.org"),
            ("BF", "13800001234"),
            ("PB", "19800131"),
            ("DA", "Ada Lovelace"),
            ("CY", "0200009999"),
        ];
        for charset in [Charset::Utf8, Charset::Gbk, Charset::Gb18030] {
            let mut line = b"24              01920261122    103000AOYZLIB|".to_vec();
            for (id, value) in values {
                line.extend_from_slice(id.as_bytes());
                charset.encode_into(value, &mut line);
                line.push(b'|');
                line.extend_from_slice(b"AFHello ");
                charset.encode_into(value, &mut line);
                line.push(b'|');
            }
            let shown = everything_shown(&line, charset);
            for (id, value) in values {
                assert!(!shown.contains(value), "{id} in {shown}");
            }
            assert!(shown.contains("YZLIB"));
        }
    }

    #[test]
    fn what_is_no_message_is_hidden_whole() {
        let shown = everything_shown("读者张三丰不存在|AY4AZ0000".as_bytes(), Charset::Utf8);
        assert!(!shown.contains('张') && shown.contains("not a SIP2 message"), "{shown}");
        let shown = everything_shown(b"85AA0200001234|", Charset::Utf8);
        assert!(!shown.contains("0200"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_can_be_described(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for charset in Charset::ALL {
                proptest::prop_assert_eq!(describe(&line, charset).redacted.len(), line.len());
                let line = [&b"64"[..], &[b' '; 59], &line[..]].concat();
                proptest::prop_assert_eq!(describe(&line, charset).redacted.len(), line.len());
            }
        }
    }
}
