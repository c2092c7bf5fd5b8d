//! Helpers of this module's tests.

use super::TagData;

/// Bytes from hexadecimal digits; blanks and `|` (element ends in the examples) do not count.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '|')
        .map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap())
        .collect();
    assert!(digits.len().is_multiple_of(2), "{text}");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A tag's elements as `oid=text`, readable unlike their `Debug`.
pub(super) fn plain(tag: &TagData) -> Vec<String> {
    use super::Value;
    tag.elements
        .iter()
        .map(|element| {
            let value = match &element.value {
                Value::Text(text) => text.clone(),
                Value::Content(content) => format!("{:?}", content.oids().collect::<Vec<_>>()),
                Value::Set(set) => set.as_str().to_owned(),
                Value::Usage(usage) => usage.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Raw { compaction, bytes } => format!("{compaction}:{bytes:02X?}"),
                Value::Damaged => "null".to_owned(),
            };
            format!("{}={value}", element.id.oid())
        })
        .collect()
}
