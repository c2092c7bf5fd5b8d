//! Loan, return and renewal: 11/12, 09/10, 29/30, 65/66.

use super::fixed::{Digits, OneZero, OptionalStamp, Stamp, YesNo};
use super::message;
use crate::privacy::{PatronId, PersonalName, Secret};
use crate::sip2::codes::{AlertType, Amount, MagneticMedia};
use crate::sip2::date::{DueDate, SipDate};

message! {
    /// 11 Checkout.
    CheckoutRequest = Checkout
    fixed {
        /// Whether an own loan may be turned into a renewal.
        sc_renewal_policy: bool as YesNo,
        /// Whether the loan was already made while off-line (sip2.md section 5).
        no_block: bool as YesNo,
        /// The moment of the patron's action.
        transaction_date: SipDate as Stamp,
        /// The due date promised off-line; always set with `no_block`.
        nb_due_date: Option<SipDate> as OptionalStamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// Item.
        item_identifier: String = AB,
        /// The station's password.
        terminal_password: Secret = AC,
        /// Tag data.
        item_properties: Option<String> = CH,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
        /// Whether the patron agreed to the fee of a former answer.
        fee_acknowledged: Option<bool> = BO,
        /// Whether this undoes a return that failed at the station.
        cancel: Option<bool> = BI,
    }
}

/// 12 and 30 have one layout.
macro_rules! loan_response {
    ($(#[$doc:meta])* $name:ident = $code:ident) => {
        message! {
            $(#[$doc])*
            $name = $code
            fixed {
                /// Whether the loan counts. Nothing else makes it count.
                ok: bool as OneZero,
                /// Whether it was a renewal of an own loan.
                renewal_ok: bool as YesNo,
                /// Whether the item is magnetic.
                magnetic_media: MagneticMedia as MagneticMedia,
                /// Whether the item's security is to be released. `false` with `ok`: use in the
                /// library, security stays on.
                desensitize: bool as YesNo,
                /// When it was done.
                transaction_date: SipDate as Stamp,
            }
            fields {
                /// Institution.
                institution_id: String = AO,
                /// Patron, maybe under another number than the one sent.
                patron_identifier: PatronId = AA,
                /// Item.
                item_identifier: String = AB,
                /// Title.
                title_identifier: String = AJ,
                /// Due date.
                due_date: DueDate = AH,
                /// Kind of fee asked for.
                fee_type: Option<String> = BT,
                /// Whether security is to be ignored.
                security_inhibit: Option<bool> = CI,
                /// Currency of the fee.
                currency_type: Option<String> = BH,
                /// Fee asked for.
                fee_amount: Option<Amount> = BV,
                /// Media type.
                media_type: Option<String> = CK,
                /// Tag data.
                item_properties: Option<String> = CH,
                /// The library system's number of the transaction.
                transaction_id: Option<String> = BK,
                /// Messages for the screen.
                screen_message: Vec<String> = AF,
                /// Lines for the printer.
                print_line: Vec<String> = AG,
            }
        }
    };
}

loan_response! {
    /// 12 Checkout Response.
    CheckoutResponse = CheckoutResponse
}

loan_response! {
    /// 30 Renew Response.
    RenewResponse = RenewResponse
}

message! {
    /// 09 Checkin.
    CheckinRequest = Checkin
    fixed {
        /// Whether the return already happened while off-line.
        no_block: bool as YesNo,
        /// When the request is sent.
        transaction_date: SipDate as Stamp,
        /// When the item really came in.
        return_date: SipDate as Stamp,
    }
    fields {
        /// Where the item came in; empty unless the profile says otherwise (sip2.md section 10, Koha).
        current_location: String = AP,
        /// Institution.
        institution_id: String = AO,
        /// Item.
        item_identifier: String = AB,
        /// The station's password.
        terminal_password: Secret = AC,
        /// Tag data.
        item_properties: Option<String> = CH,
        /// Whether this undoes a loan that failed at the station.
        cancel: Option<bool> = BI,
    }
}

message! {
    /// 10 Checkin Response, with the extension fields used for sorting.
    CheckinResponse = CheckinResponse
    fixed {
        /// Whether the return counts.
        ok: bool as OneZero,
        /// Whether the item's security is to be switched on.
        resensitize: bool as YesNo,
        /// Whether the item is magnetic.
        magnetic_media: MagneticMedia as MagneticMedia,
        /// Whether staff should look: sound and exception bin.
        alert: bool as YesNo,
        /// When it was done.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Item.
        item_identifier: String = AB,
        /// Where the item belongs.
        permanent_location: String = AQ,
        /// Title.
        title_identifier: Option<String> = AJ,
        /// Sort bin, free text.
        sort_bin: Option<String> = CL,
        /// Who had it.
        patron_identifier: Option<PatronId> = AA,
        /// Media type.
        media_type: Option<String> = CK,
        /// Tag data.
        item_properties: Option<String> = CH,
        /// Collection.
        collection_code: Option<String> = CR,
        /// Call number.
        call_number: Option<String> = CS,
        /// Branch it has to go to.
        destination_location: Option<String> = CT,
        /// Who it is on hold for.
        hold_patron_id: Option<PatronId> = CY,
        /// Their name.
        hold_patron_name: Option<PersonalName> = DA,
        /// Why staff should look.
        alert_type: Option<AlertType> = CV,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 29 Renew.
    RenewRequest = Renew
    fixed {
        /// Whether someone else than the patron may renew.
        third_party_allowed: bool as YesNo,
        /// Whether it was already done while off-line.
        no_block: bool as YesNo,
        /// The moment of the patron's action.
        transaction_date: SipDate as Stamp,
        /// The due date promised off-line.
        nb_due_date: Option<SipDate> as OptionalStamp,
    }
    fields {
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
        /// Tag data.
        item_properties: Option<String> = CH,
        /// Whether the patron agreed to the fee of a former answer.
        fee_acknowledged: Option<bool> = BO,
    }
}

message! {
    /// 65 Renew All.
    RenewAllRequest = RenewAll
    fixed {
        /// The moment of the patron's action.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// Whether the patron agreed to fees.
        fee_acknowledged: Option<bool> = BO,
    }
}

message! {
    /// 66 Renew All Response.
    RenewAllResponse = RenewAllResponse
    fixed {
        /// Whether it was done.
        ok: bool as OneZero,
        /// Items renewed.
        renewed_count: Option<u16> as Digits<4>,
        /// Items not renewed.
        unrenewed_count: Option<u16> as Digits<4>,
        /// When it was done.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Items renewed; the same item may be listed twice (Evergreen).
        renewed_items: Vec<String> = BM,
        /// Items not renewed.
        unrenewed_items: Vec<String> = BN,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}
