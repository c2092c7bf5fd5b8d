//! Writing ISO 28560-2 (rfid-data.md sections 4.1 to 4.4 and rule 7 of section 10).

use std::ops::Range;

use super::scan::{FIRST_ESCAPED_OID, OFFSET_FLAG, OID_ESCAPE};
use crate::rfid::tagdata::compaction::{self, APPLICATION, OCTETS};
use crate::rfid::tagdata::element::Kind;
use crate::rfid::tagdata::{
    ContentParameter, Element, ElementId, EncodeError, OID_MAX, Value, is_identifier, isil,
};

/// Largest block of an ISO 15693 tag in bytes.
const BLOCK_SIZE_MAX: usize = 32;
/// Most data bytes of an element: its length is one byte.
const ELEMENT_MAX: usize = 255;

/// Where the content parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentRule {
    /// Made from the elements given, in place of one among them.
    #[default]
    Derived,
    /// As given; none when none is given.
    AsGiven,
}

/// How far behind the new data memory is overwritten with 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clear {
    /// To the end of memory: nothing of older records stays.
    #[default]
    Memory,
    /// As far as this many bytes from the start, the extent of the record to be replaced.
    Previous(usize),
    /// Only to the end of the last block written. Stale bytes stay behind the end mark.
    LastBlock,
}

/// How to lay the elements out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Bytes of a block.
    pub block_size: usize,
    /// Bytes of user memory that may be written; leave out a SLIX2's counter block.
    pub memory_size: usize,
    /// Elements to get whole blocks of their own, so that these can be locked.
    pub lock: &'a [ElementId],
    /// Where the content parameter comes from.
    pub content: ContentRule,
    /// How far stale bytes are cleared.
    pub clear: Clear,
}

impl Layout<'_> {
    /// Nothing to lock, blocks of 4, everything cleared.
    #[must_use]
    pub fn new(memory_size: usize) -> Self {
        Self {
            block_size: 4,
            memory_size,
            lock: &[],
            content: ContentRule::default(),
            clear: Clear::default(),
        }
    }
}

/// What to write.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Whole blocks from block 0.
    pub bytes: Vec<u8>,
    /// Bytes of elements, without end mark and clearing.
    pub data_len: usize,
    /// Block numbers of the elements to lock. Locks are permanent: only on the operator's word.
    pub lock: Vec<Range<usize>>,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoded({} bytes, {} of data)", self.bytes.len(), self.data_len)
    }
}

/// Encodes elements: the identifier first, the content parameter second, the others in the order
/// given. Each text takes the first compaction that holds it.
///
/// # Errors
/// [`EncodeError`]: no identifier, an element twice, a value that is not the element's, too long.
pub fn encode(elements: &[Element], layout: &Layout<'_>) -> Result<Encoded, EncodeError> {
    if !(1..=BLOCK_SIZE_MAX).contains(&layout.block_size) {
        return Err(EncodeError::BadBlockSize(layout.block_size));
    }
    let content = content_parameter(elements, layout.content);
    let ordered = in_order(elements, content.as_ref())?;
    lay_out(Vec::new(), &ordered, layout)
}

/// Encodes a UHF tag's user bank: the bytes in front, then the content parameter and the elements
/// without an identifier (ISO/TS 28560-4).
pub(in crate::rfid::tagdata) fn encode_behind(
    head: &[u8],
    elements: &[Element],
    layout: &Layout<'_>,
) -> Result<Vec<u8>, EncodeError> {
    each_once(elements)?;
    let content = content_parameter(elements, layout.content);
    let ordered: Vec<&Element> = content.iter().chain(elements).collect();
    Ok(lay_out(head.to_vec(), &ordered, layout)?.bytes)
}

fn lay_out(
    mut bytes: Vec<u8>,
    ordered: &[&Element],
    layout: &Layout<'_>,
) -> Result<Encoded, EncodeError> {
    let mut lock = Vec::new();
    for (i, element) in ordered.iter().enumerate() {
        let locked = layout.lock.contains(&element.id);
        let before_locked = ordered.get(i + 1).is_some_and(|next| layout.lock.contains(&next.id));
        let start = bytes.len();
        let boundary = (locked || before_locked).then_some(layout.block_size);
        append(&mut bytes, element, boundary)?;
        if locked {
            lock.push(start / layout.block_size..bytes.len() / layout.block_size);
        }
    }
    let data_len = bytes.len();
    finish(&mut bytes, layout)?;
    Ok(Encoded { bytes, data_len, lock })
}

fn content_parameter(elements: &[Element], rule: ContentRule) -> Option<Element> {
    let id = ElementId::ContentParameter;
    match rule {
        ContentRule::AsGiven => elements.iter().find(|element| element.id == id).cloned(),
        ContentRule::Derived => {
            let content = ContentParameter::from_elements(elements.iter().map(|e| e.id));
            Some(Element { id, value: Value::Content(content) })
        }
    }
}

fn each_once(elements: &[Element]) -> Result<(), EncodeError> {
    for (i, element) in elements.iter().enumerate() {
        if elements[..i].iter().any(|earlier| earlier.id == element.id) {
            return Err(EncodeError::DuplicateElement(element.id));
        }
    }
    Ok(())
}

fn in_order<'a>(
    elements: &'a [Element],
    content: Option<&'a Element>,
) -> Result<Vec<&'a Element>, EncodeError> {
    each_once(elements)?;
    let identifier = elements
        .iter()
        .find(|element| element.id == ElementId::PrimaryItemIdentifier)
        .filter(|element| matches!(&element.value, Value::Text(text) if is_identifier(text)))
        .ok_or(EncodeError::NoItemIdentifier)?;
    let leading = [ElementId::PrimaryItemIdentifier, ElementId::ContentParameter];
    let others = elements.iter().filter(|element| !leading.contains(&element.id));
    Ok(std::iter::once(identifier).chain(content).chain(others).collect())
}

/// Appends one element; with `boundary` its end is filled up to a multiple of it.
fn append(
    bytes: &mut Vec<u8>,
    element: &Element,
    boundary: Option<usize>,
) -> Result<(), EncodeError> {
    let id = element.id;
    let (compaction, data) = packed(element)?;
    let len = u8::try_from(data.len()).map_err(|_| EncodeError::ElementTooLong {
        id,
        len: data.len(),
        max: ELEMENT_MAX,
    })?;
    let ext = id.oid().checked_sub(FIRST_ESCAPED_OID);
    let ext = ext.map(u8::try_from).transpose().map_err(|_| EncodeError::Unstorable(id))?;
    let low = u8::try_from(id.oid()).ok().filter(|_| ext.is_none()).unwrap_or(OID_ESCAPE);
    let plain_end = bytes.len() + 2 + usize::from(ext.is_some()) + data.len();
    let fill = boundary.map_or(0, |size| plain_end.next_multiple_of(size) - plain_end);
    // The byte that says how much fill follows the data is itself one byte of the fill.
    let padding = fill.checked_sub(1);
    bytes.push(compaction << 4 | low | if padding.is_some() { OFFSET_FLAG } else { 0 });
    bytes.extend(ext);
    bytes.extend(padding.and_then(|padding| u8::try_from(padding).ok()));
    bytes.push(len);
    bytes.extend(data);
    bytes.resize(bytes.len() + padding.unwrap_or(0), 0);
    Ok(())
}

fn packed(element: &Element) -> Result<(u8, Vec<u8>), EncodeError> {
    let id = element.id;
    Ok(match (id.kind(), &element.value) {
        (Kind::Text, Value::Text(text)) => compaction::pack(text),
        (Kind::Isil, Value::Text(text)) => match isil::pack(text) {
            Some(data) => (APPLICATION, data),
            None => compaction::pack(text),
        },
        (Kind::Set, Value::Set(set)) => compaction::pack(set.as_str()),
        (Kind::Bitmap, Value::Content(content)) => (APPLICATION, content.bytes().to_vec()),
        (Kind::Usage, Value::Usage(usage)) => (OCTETS, vec![usage.0]),
        (Kind::Number, Value::Number(number)) => (OCTETS, vec![*number]),
        (Kind::Raw, Value::Raw { compaction, bytes })
            if (27..=OID_MAX).contains(&id.oid()) && *compaction <= 7 =>
        {
            (*compaction, bytes.clone())
        }
        _ => return Err(EncodeError::Unstorable(id)),
    })
}

/// End mark where there is room, last block completed, stale bytes cleared.
fn finish(bytes: &mut Vec<u8>, layout: &Layout<'_>) -> Result<(), EncodeError> {
    let memory = layout.memory_size / layout.block_size * layout.block_size;
    if bytes.len() > memory {
        return Err(EncodeError::TooLong { needed: bytes.len(), memory: layout.memory_size });
    }
    let with_end_mark = (bytes.len() + 1).next_multiple_of(layout.block_size);
    let cleared = match layout.clear {
        Clear::Memory => memory,
        Clear::Previous(len) => len.next_multiple_of(layout.block_size),
        Clear::LastBlock => 0,
    };
    bytes.resize(cleared.max(with_end_mark).min(memory), 0);
    Ok(())
}
