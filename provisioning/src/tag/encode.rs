//! `jiehuan-tech tag encode`: from elements to a tag's memory.
//!
//! One JSON object per line of standard input, with the keys that `tag decode` prints: an answer
//! of `decode` can be fed back. Besides:
//!
//! | key | value |
//! |---|---|
//! | `id` | any JSON value; the answer repeats it |
//! | `model` | required: `iso28560-2`, `iso28560-3`, `iso28560-4`, `gaoxiao` or `rfid501` |
//! | `memory_size` | optional: bytes of user memory, 112; UHF 64 |
//! | `block_size` | optional: bytes of a block, 4 |
//! | `lock` | optional: elements to get whole blocks of their own (part 2) |
//! | `nibbles` | optional: `version_high` (the default) or `usage_high` (part 3) |
//! | `byte_order` | optional: `straight` (the default) or `reversed` (part 3) |
//! | `afi`, `on_loan` | optional: security state of a UHF tag, secured unless given |

use drivers::rfid::tagdata::part3::{ByteOrder, NibbleOrder};
use drivers::rfid::tagdata::{
    self, Element, ElementId, ExtensionBlock, ImageOptions, Model, OID_MAX, Parts, SetInformation,
    TagData, TypeOfUsage, Value, rfid501, uhf,
};
use serde_json::Value as Json;

use super::{Answer, hex, text, to_hex};

/// User memory written when none is named: the commonest HF chips, and a common UHF bank.
const MEMORY_HF: usize = 112;
const MEMORY_UHF: usize = 64;

/// Keys of this command, and those that `decode` prints besides elements.
const OTHER_KEYS: [&str; 22] = [
    "id",
    "model",
    "memory_size",
    "block_size",
    "lock",
    "nibbles",
    "byte_order",
    "afi",
    "on_loan",
    "version",
    "sorting",
    "reserve",
    "security",
    "problems",
    "parts_in_item",
    "part_number",
    "item_type",
    "branch",
    "library",
    "custom",
    "dsfid",
    "content_parameter",
];

pub(super) fn answer(line: &[u8]) -> Answer {
    let json: Json = match serde_json::from_slice(line) {
        Ok(json) => json,
        Err(error) => return Answer::bad_input(Json::Null, &error.to_string()),
    };
    let id = json.get("id").cloned().unwrap_or(Json::Null);
    match request(&json) {
        Ok((data, options)) => encode(id, &data, &options, &json),
        Err(detail) => Answer::bad_input(id, &detail),
    }
}

fn encode(id: Json, data: &TagData, options: &ImageOptions, json: &Json) -> Answer {
    let image = match tagdata::encode(data, options) {
        Ok(image) => image,
        Err(error) => {
            let name = error.name();
            return Answer::new(id).with("error", name).with("detail", error.to_string());
        }
    };
    let mut answer = Answer::new(id).with("model", data.model.name());
    match image.uii {
        None => {
            answer = answer.with("memory", to_hex(&image.memory));
            if let Some(dsfid) = image.dsfid {
                answer = answer.with("dsfid", to_hex(&[dsfid]));
            }
        }
        Some(uii) => {
            let uii = match state(json) {
                Some((released, afi)) => uhf::with_state(&uii, released, afi).unwrap_or(uii),
                None => uii,
            };
            answer = answer.with("memory", to_hex(&uhf::mb01(&uii)));
            answer = answer.with("user", to_hex(&image.memory));
        }
    }
    if !image.lock.is_empty() {
        let blocks: Vec<usize> = image.lock.into_iter().flatten().collect();
        answer = answer.with("lock_blocks", blocks);
    }
    answer
}

/// The security state asked for.
fn state(json: &Json) -> Option<(bool, u8)> {
    const AFI_RELEASED: u8 = 0xC2;
    let afi = text(json, "afi").ok().flatten().and_then(|afi| hex(afi).ok());
    let afi = afi.as_deref().and_then(|afi| afi.first().copied());
    let on_loan = json.get("on_loan").and_then(Json::as_bool);
    match (afi, on_loan) {
        (Some(afi), on_loan) => Some((on_loan.unwrap_or(afi == AFI_RELEASED), afi)),
        (None, Some(on_loan)) => Some((on_loan, if on_loan { AFI_RELEASED } else { 0x07 })),
        (None, None) => None,
    }
}

fn request(json: &Json) -> Result<(TagData, ImageOptions), String> {
    let object = json.as_object().ok_or("a line is one JSON object")?;
    let model: Model = text(json, "model")?
        .ok_or("model is missing")?
        .parse()
        .ok()
        .filter(|model| *model != Model::Ndef)
        .ok_or("model: write iso28560-2, iso28560-3, iso28560-4, gaoxiao or rfid501")?;
    let mut data = TagData::new(model);
    for (key, value) in object {
        if let Some(id) = element_of(key) {
            if !value.is_null() {
                data.elements.push(Element { id, value: element(id, key, value)? });
            }
        } else if let Some(number) = key.strip_prefix("block_").filter(|_| key != "block_size") {
            let number = number.split('_').next().and_then(|n| n.parse().ok());
            let id = number.ok_or_else(|| format!("{key}: no number of an extension block"))?;
            let bytes =
                hex(value.as_str().unwrap_or_default()).map_err(|e| format!("{key}: {e}"))?;
            data.blocks.push(ExtensionBlock { id, data: bytes });
        } else if !OTHER_KEYS.contains(&key.as_str()) {
            return Err(format!("{key} is no element and no setting"));
        }
    }
    // The identifier first, as every model has it.
    data.elements.sort_by_key(|element| element.id.oid());
    parts(json, &mut data)?;
    if model == Model::Rfid501 {
        data.rfid501 = Some(rfid501::Fields {
            item_type: number(json, "item_type", 0)?,
            branch: number(json, "branch", 0)?,
            library: number(json, "library", 0)?,
            custom: number(json, "custom", 0)?,
        });
    }
    if model == Model::Gaoxiao {
        data.uhf = Some(uhf::Facts {
            version: json.get("version").map(|_| number(json, "version", 4)).transpose()?,
            sorting: number(json, "sorting", 0)?,
            reserve: number(json, "reserve", 0)?,
            ..uhf::Facts::default()
        });
    }
    Ok((data, options(json, model)?))
}

/// The element of that name, `undefined_30` included.
fn element_of(key: &str) -> Option<ElementId> {
    if let Some(oid) = key.strip_prefix("undefined_") {
        let id = ElementId::from_oid(oid.parse().ok()?);
        return id.standard_name().is_none().then_some(id);
    }
    let mut all = (1..=OID_MAX).map(ElementId::from_oid);
    all.find(|id| id.standard_name() == Some(key) && *id != ElementId::ContentParameter)
}

fn element(id: ElementId, key: &str, json: &Json) -> Result<Value, String> {
    let wrong = |what: &str| format!("{key}: {what}");
    let string = || json.as_str().ok_or_else(|| wrong("write a string"));
    Ok(match id {
        ElementId::SetInformation => Value::Set(SetInformation::from_text(string()?)),
        ElementId::TypeOfUsage => match hex(string()?) {
            Ok(bytes) if bytes.len() == 1 => Value::Usage(TypeOfUsage(bytes[0])),
            _ => return Err(wrong("write two hexadecimal digits")),
        },
        ElementId::MediaFormatOther | ElementId::SupplyChainStage => {
            let number = json.as_u64().and_then(|n| u8::try_from(n).ok());
            Value::Number(number.ok_or_else(|| wrong("write a number from 0 to 255"))?)
        }
        // Octets: what decode prints of it does not say how they were compacted.
        ElementId::Undefined(_) => {
            Value::Raw { compaction: 6, bytes: hex(string()?).map_err(|error| wrong(&error))? }
        }
        _ => Value::Text(string()?.to_owned()),
    })
}

/// Set information from the parts, where it is not given itself.
fn parts(json: &Json, data: &mut TagData) -> Result<(), String> {
    if json.get("parts_in_item").is_none() && json.get("part_number").is_none() {
        return Ok(());
    }
    let parts = Parts {
        in_item: number(json, "parts_in_item", 1)?,
        number: number(json, "part_number", 1)?,
    };
    data.parts = Some(parts);
    let elements = !matches!(data.model, Model::Iso28560Part3 | Model::Rfid501);
    let has_set = data.elements.iter().any(|e| e.id == ElementId::SetInformation);
    if elements && !has_set && parts.in_item > 1 {
        let set = SetInformation::from_parts(parts).ok_or("parts_in_item: at most 999")?;
        data.elements.push(Element { id: ElementId::SetInformation, value: Value::Set(set) });
    }
    if !elements {
        // These models have places of their own for it.
        data.elements.retain(|e| e.id != ElementId::SetInformation);
    }
    Ok(())
}

fn number<T: TryFrom<i64>>(json: &Json, key: &str, default: i64) -> Result<T, String> {
    let value = match json.get(key) {
        None | Some(Json::Null) => default,
        Some(value) => value.as_i64().ok_or_else(|| format!("{key}: write a number"))?,
    };
    T::try_from(value).map_err(|_| format!("{key}: {value} is out of range"))
}

fn options(json: &Json, model: Model) -> Result<ImageOptions, String> {
    let usual = if model.is_uhf() { MEMORY_UHF } else { MEMORY_HF };
    let size: usize = number(json, "memory_size", i64::try_from(usual).unwrap_or(0))?;
    if size > tagdata::MEMORY_MAX {
        return Err(format!("memory_size: at most {}", tagdata::MEMORY_MAX));
    }
    let mut options = ImageOptions::new(size);
    options.block_size = number(json, "block_size", 4)?;
    if let Some(lock) = json.get("lock").filter(|lock| !lock.is_null()) {
        let names = lock.as_array().ok_or("lock: write a list of element names")?;
        for name in names {
            let id = name.as_str().and_then(element_of);
            options.lock.push(id.ok_or_else(|| format!("lock: {name} is no element"))?);
        }
    }
    options.nibbles = match text(json, "nibbles")? {
        None | Some("version_high") => NibbleOrder::VersionHigh,
        Some("usage_high") => NibbleOrder::UsageHigh,
        Some(_) => return Err("nibbles: write version_high or usage_high".to_owned()),
    };
    options.bytes = match text(json, "byte_order")? {
        None | Some("straight") => ByteOrder::Straight,
        Some("reversed") => ByteOrder::Reversed,
        Some(_) => return Err("byte_order: write straight or reversed".to_owned()),
    };
    Ok(options)
}
