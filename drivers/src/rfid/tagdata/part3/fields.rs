//! Which elements stand in which extension block, in order (rfid-data.md 5.3).

use crate::rfid::tagdata::ElementId;

/// Block with media format, alternative identifier (or the long primary one), alternative owner.
pub(super) const LIBRARY: u32 = 1;

/// One structured block. Fields are separated by 00, except for single bytes at either end.
pub(super) struct Structure {
    pub(super) id: u32,
    /// A raw byte in front of the text fields.
    pub(super) first_byte: Option<ElementId>,
    pub(super) texts: &'static [ElementId],
    /// A raw byte behind the separator of the last text field.
    pub(super) last_byte: Option<ElementId>,
}

pub(super) const STRUCTURES: [Structure; 5] = [
    Structure {
        id: LIBRARY,
        first_byte: Some(ElementId::MediaFormatOther),
        texts: &[ElementId::AlternativeItemIdentifier, ElementId::AlternativeOwnerInstitution],
        last_byte: None,
    },
    Structure {
        id: 2,
        first_byte: None,
        texts: &[
            ElementId::SupplierIdentifier,
            ElementId::ProductIdentifierLocal,
            ElementId::OrderNumber,
            ElementId::SupplierInvoiceNumber,
            ElementId::Gs1ProductIdentifier,
        ],
        last_byte: Some(ElementId::SupplyChainStage),
    },
    Structure {
        id: 3,
        first_byte: None,
        texts: &[
            ElementId::ShelfLocation,
            ElementId::MarcMediaFormat,
            ElementId::OnixMediaFormat,
            ElementId::SubsidiaryOfAnOwnerInstitution,
        ],
        last_byte: None,
    },
    Structure { id: 4, first_byte: None, texts: &[ElementId::Title], last_byte: None },
    Structure {
        id: 5,
        first_byte: None,
        texts: &[
            ElementId::IllBorrowingInstitution,
            ElementId::IllBorrowingTransactionNumber,
            ElementId::AlternativeIllBorrowingInstitution,
        ],
        last_byte: None,
    },
];

pub(super) fn structure(id: u32) -> Option<&'static Structure> {
    STRUCTURES.iter().find(|structure| structure.id == id)
}
