//! Items and holds: 17/18, 19/20, 15/16.

use super::fixed::{OneZero, Stamp, YesNo};
use super::message;
use crate::privacy::{PatronId, Secret};
use crate::sip2::codes::{Amount, CirculationStatus, FeeType, HoldMode, Number, SecurityMarker};
use crate::sip2::date::{DueDate, SipDate};

message! {
    /// 17 Item Information.
    ItemInformationRequest = ItemInformation
    fixed {
        /// When it is asked.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Item.
        item_identifier: String = AB,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
    }
}

message! {
    /// 18 Item Information Response.
    ItemInformationResponse = ItemInformationResponse
    fixed {
        /// Where the item stands.
        circulation_status: CirculationStatus as CirculationStatus,
        /// How it is secured.
        security_marker: SecurityMarker as SecurityMarker,
        /// Kind of fee.
        fee_type: FeeType as FeeType,
        /// When it was answered.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Holds waiting.
        hold_queue_length: Option<Number> = CF,
        /// Due date.
        due_date: Option<DueDate> = AH,
        /// When it was recalled.
        recall_date: Option<DueDate> = CJ,
        /// Until when a hold can be picked up.
        hold_pickup_date: Option<DueDate> = CM,
        /// Item.
        item_identifier: String = AB,
        /// Title.
        title_identifier: String = AJ,
        /// Owner.
        owner: Option<String> = BG,
        /// Currency of the fee.
        currency_type: Option<String> = BH,
        /// Fee.
        fee_amount: Option<Amount> = BV,
        /// Media type.
        media_type: Option<String> = CK,
        /// Where it belongs.
        permanent_location: Option<String> = AQ,
        /// Where it is.
        current_location: Option<String> = AP,
        /// Tag data.
        item_properties: Option<String> = CH,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 19 Item Status Update.
    ItemStatusUpdateRequest = ItemStatusUpdate
    fixed {
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Item.
        item_identifier: String = AB,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// Tag data to store.
        item_properties: String = CH,
    }
}

message! {
    /// 20 Item Status Update Response.
    ItemStatusUpdateResponse = ItemStatusUpdateResponse
    fixed {
        /// Whether the properties were stored.
        item_properties_ok: bool as OneZero,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Item.
        item_identifier: String = AB,
        /// Title.
        title_identifier: Option<String> = AJ,
        /// Tag data.
        item_properties: Option<String> = CH,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 15 Hold.
    HoldRequest = Hold
    fixed {
        /// Add, delete or change.
        hold_mode: HoldMode as HoldMode,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Until when the hold is wanted.
        expiration_date: Option<SipDate> = BW,
        /// Where it will be picked up.
        pickup_location: Option<String> = BS,
        /// 1 other, 2 any copy of a title, 3 this copy, 4 any copy at one branch.
        hold_type: Option<String> = BY,
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
        /// Item; this or the title.
        item_identifier: Option<String> = AB,
        /// Title.
        title_identifier: Option<String> = AJ,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// Whether the patron agreed to the fee of a former answer.
        fee_acknowledged: Option<bool> = BO,
    }
}

message! {
    /// 16 Hold Response.
    HoldResponse = HoldResponse
    fixed {
        /// Whether it was done.
        ok: bool as OneZero,
        /// Whether the item is there now.
        available: bool as YesNo,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Until when the hold stands.
        expiration_date: Option<SipDate> = BW,
        /// Place in the queue.
        queue_position: Option<Number> = BR,
        /// Where it can be picked up.
        pickup_location: Option<String> = BS,
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// Item.
        item_identifier: Option<String> = AB,
        /// Title.
        title_identifier: Option<String> = AJ,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}
