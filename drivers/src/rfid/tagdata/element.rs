//! The data elements of ISO 28560-1 and what one may hold (rfid-data.md section 3).

use std::fmt;

use super::{SetInformation, TypeOfUsage};

/// A data element of ISO 28560-1, known on a tag by its relative object identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementId {
    /// OID 1: what the library system knows the item or card by.
    PrimaryItemIdentifier,
    /// OID 2: which elements follow.
    ContentParameter,
    /// OID 3: ISIL of the owner.
    OwnerInstitution,
    /// OID 4: parts in the item and number of this part.
    SetInformation,
    /// OID 5: circulating item, patron card, discarded, ...
    TypeOfUsage,
    /// OID 6: place on the shelf, mostly the call number.
    ShelfLocation,
    /// OID 7: media format, ONIX code.
    OnixMediaFormat,
    /// OID 8: media format, MARC code.
    MarcMediaFormat,
    /// OID 9: supplier.
    SupplierIdentifier,
    /// OID 10: order number.
    OrderNumber,
    /// OID 11: ISIL of the library that borrows by interlibrary loan.
    IllBorrowingInstitution,
    /// OID 12: interlibrary loan transaction.
    IllBorrowingTransactionNumber,
    /// OID 13: GTIN-13 or ISBN-13.
    Gs1ProductIdentifier,
    /// OID 14: unique item identifier of another scheme.
    AlternativeUniqueItemIdentifier,
    /// OID 15: for local use.
    LocalDataA,
    /// OID 16: for local use.
    LocalDataB,
    /// OID 17: title.
    Title,
    /// OID 18: product identifier of local meaning.
    ProductIdentifierLocal,
    /// OID 19: media format, own code of ISO 28560.
    MediaFormatOther,
    /// OID 20: stage in the supply chain.
    SupplyChainStage,
    /// OID 21: supplier's invoice.
    SupplierInvoiceNumber,
    /// OID 22: second item identifier.
    AlternativeItemIdentifier,
    /// OID 23: owner, not as ISIL.
    AlternativeOwnerInstitution,
    /// OID 24: branch of the owner.
    SubsidiaryOfAnOwnerInstitution,
    /// OID 25: borrowing library, not as ISIL.
    AlternativeIllBorrowingInstitution,
    /// OID 26: for local use.
    LocalDataC,
    /// Any other OID: 27..31 are reserved, 0 belongs to UHF tags, above 31 nothing is defined.
    /// Kept as it stands on the tag.
    Undefined(u16),
}

/// How an element's content is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Isil,
    Bitmap,
    Set,
    Usage,
    Number,
    Raw,
}

use ElementId as Id;

/// Element, OID, name: one row per element of ISO 28560-1.
const NAMES: [(Id, u16, &str); 26] = [
    (Id::PrimaryItemIdentifier, 1, "primary_item_identifier"),
    (Id::ContentParameter, 2, "content_parameter"),
    (Id::OwnerInstitution, 3, "owner_institution"),
    (Id::SetInformation, 4, "set_information"),
    (Id::TypeOfUsage, 5, "type_of_usage"),
    (Id::ShelfLocation, 6, "shelf_location"),
    (Id::OnixMediaFormat, 7, "onix_media_format"),
    (Id::MarcMediaFormat, 8, "marc_media_format"),
    (Id::SupplierIdentifier, 9, "supplier_identifier"),
    (Id::OrderNumber, 10, "order_number"),
    (Id::IllBorrowingInstitution, 11, "ill_borrowing_institution"),
    (Id::IllBorrowingTransactionNumber, 12, "ill_borrowing_transaction_number"),
    (Id::Gs1ProductIdentifier, 13, "gs1_product_identifier"),
    (Id::AlternativeUniqueItemIdentifier, 14, "alternative_unique_item_identifier"),
    (Id::LocalDataA, 15, "local_data_a"),
    (Id::LocalDataB, 16, "local_data_b"),
    (Id::Title, 17, "title"),
    (Id::ProductIdentifierLocal, 18, "product_identifier_local"),
    (Id::MediaFormatOther, 19, "media_format_other"),
    (Id::SupplyChainStage, 20, "supply_chain_stage"),
    (Id::SupplierInvoiceNumber, 21, "supplier_invoice_number"),
    (Id::AlternativeItemIdentifier, 22, "alternative_item_identifier"),
    (Id::AlternativeOwnerInstitution, 23, "alternative_owner_institution"),
    (Id::SubsidiaryOfAnOwnerInstitution, 24, "subsidiary_of_an_owner_institution"),
    (Id::AlternativeIllBorrowingInstitution, 25, "alternative_ill_borrowing_institution"),
    (Id::LocalDataC, 26, "local_data_c"),
];

/// Highest OID that the two header bytes of ISO 28560-2 can name: `EXT` FF.
pub const OID_MAX: u16 = 15 + 255;

impl ElementId {
    /// The element with relative object identifier `oid`.
    #[must_use]
    pub fn from_oid(oid: u16) -> Self {
        match usize::from(oid).checked_sub(1).and_then(|row| NAMES.get(row)) {
            Some(&(id, ..)) => id,
            None => Self::Undefined(oid),
        }
    }

    /// The relative object identifier.
    #[must_use]
    pub fn oid(self) -> u16 {
        match self {
            Self::Undefined(oid) => oid,
            _ => self.row().map_or(0, |row| row.1),
        }
    }

    /// The standard's name in snake case; `None` for an undefined OID.
    #[must_use]
    pub fn standard_name(self) -> Option<&'static str> {
        self.row().map(|row| row.2)
    }

    fn row(self) -> Option<&'static (Id, u16, &'static str)> {
        NAMES.iter().find(|row| row.0 == self)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::ContentParameter => Kind::Bitmap,
            Self::OwnerInstitution | Self::IllBorrowingInstitution => Kind::Isil,
            Self::SetInformation => Kind::Set,
            Self::TypeOfUsage => Kind::Usage,
            Self::MediaFormatOther | Self::SupplyChainStage => Kind::Number,
            Self::Undefined(_) => Kind::Raw,
            _ => Kind::Text,
        }
    }
}

impl fmt::Display for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.standard_name() {
            Some(name) => f.write_str(name),
            None => write!(f, "undefined_{}", self.oid()),
        }
    }
}

/// The bitmap of element 2: which elements a part 2 tag says it carries (rfid-data.md 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentParameter(Vec<u8>);

/// OID of the bitmap's first bit.
const BITMAP_FIRST_OID: u16 = 3;

impl ContentParameter {
    /// Takes the bitmap as it stands on a tag; trailing zero bytes are kept as room.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The shortest bitmap that names these elements; OIDs below 3 have no bit.
    pub fn from_elements(elements: impl IntoIterator<Item = ElementId>) -> Self {
        let mut bytes = Vec::new();
        for id in elements {
            let Some(bit) = id.oid().checked_sub(BITMAP_FIRST_OID) else { continue };
            let at = usize::from(bit / 8);
            if bytes.len() <= at {
                bytes.resize(at + 1, 0);
            }
            bytes[at] |= 0x80 >> (bit % 8);
        }
        Self(bytes)
    }

    /// The bitmap's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The OIDs named, rising.
    pub fn oids(&self) -> impl Iterator<Item = u16> + '_ {
        (BITMAP_FIRST_OID..)
            .zip(self.0.iter().flat_map(|&byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)))
            .filter_map(|(oid, set)| set.then_some(oid))
    }

    /// Whether `oid` is named.
    #[must_use]
    pub fn names(&self, oid: u16) -> bool {
        oid.checked_sub(BITMAP_FIRST_OID).is_some_and(|bit| {
            self.0.get(usize::from(bit / 8)).is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
        })
    }
}

/// What an element holds.
///
/// `Debug` shows lengths instead of contents: on a patron card the identifier is the patron's.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Characters.
    Text(String),
    /// Element 2.
    Content(ContentParameter),
    /// Element 4.
    Set(SetInformation),
    /// Element 5.
    Usage(TypeOfUsage),
    /// Elements 19 and 20.
    Number(u8),
    /// An element whose OID is not defined, as it stands on the tag.
    Raw {
        /// Compaction code 0..7 (rfid-data.md 4.2).
        compaction: u8,
        /// Data bytes.
        bytes: Vec<u8>,
    },
    /// The element is on the tag but cannot be read; a [`Problem`](super::Problem) says why.
    Damaged,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Self::Content(content) => content.fmt(f),
            Self::Set(_) => f.write_str("Set"),
            Self::Usage(usage) => usage.fmt(f),
            Self::Number(number) => write!(f, "Number({number})"),
            Self::Raw { compaction, bytes } => {
                write!(f, "Raw(code {compaction}, {} bytes)", bytes.len())
            }
            Self::Damaged => f.write_str("Damaged"),
        }
    }
}

/// One element with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Which element.
    pub id: ElementId,
    /// What it holds.
    pub value: Value,
}

impl Element {
    /// An element that holds text.
    pub fn text(id: ElementId, text: impl Into<String>) -> Self {
        Self { id, value: Value::Text(text.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oid_and_element_agree_both_ways() {
        for oid in 0..=OID_MAX {
            assert_eq!(ElementId::from_oid(oid).oid(), oid);
        }
        assert_eq!(ElementId::from_oid(24).to_string(), "subsidiary_of_an_owner_institution");
        assert_eq!(ElementId::from_oid(27).to_string(), "undefined_27");
        assert_eq!(ElementId::from_oid(0), ElementId::Undefined(0));
    }

    #[test]
    fn content_parameter_bits_are_those_of_the_standard() {
        // rfid-data.md 4.4
        for (bytes, oids) in
            [(&[0xD0][..], &[3, 4, 6][..]), (&[0xA8, 0x00, 0x08], &[3, 5, 7, 23]), (&[], &[])]
        {
            let content = ContentParameter::from_bytes(bytes.to_vec());
            assert_eq!(content.oids().collect::<Vec<_>>(), oids);
            let ids = oids.iter().map(|&oid| ElementId::from_oid(oid));
            assert_eq!(ContentParameter::from_elements(ids), content);
        }
    }

    #[test]
    fn debug_output_never_shows_an_identifier() {
        let card = Element::text(ElementId::PrimaryItemIdentifier, "P0012345");
        let shown = format!("{card:?}");
        assert!(!shown.contains("0012345") && shown.contains("8 characters"), "{shown}");
    }
}
