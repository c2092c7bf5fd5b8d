//! Patrons and their money: 23/24, 63/64, 01, 25/26, 35/36, 37/38.

use super::fixed::{Digits, Stamp, YesNo};
use super::message;
use crate::privacy::{PatronId, PersonalName, Secret};
use crate::sip2::codes::{
    Amount, FeeType, FixedText, Language, Number, PatronFlags, PaymentType, Summary,
};
use crate::sip2::date::SipDate;

message! {
    /// 23 Patron Status Request.
    PatronStatusRequest = PatronStatus
    fixed {
        /// Language for messages.
        language: Language as Language,
        /// When it is asked.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Secret = AC,
        /// The patron's PIN.
        patron_password: Secret = AD,
    }
}

message! {
    /// 24 Patron Status Response; also answers 01.
    PatronStatusResponse = PatronStatusResponse
    fixed {
        /// What the patron may not do.
        patron_status: PatronFlags as PatronFlags,
        /// Language of the patron.
        language: Language as Language,
        /// When it was answered.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron, maybe under another number than the one sent (Koha).
        patron_identifier: PatronId = AA,
        /// Name.
        personal_name: PersonalName = AE,
        /// Whether the patron is known.
        valid_patron: Option<bool> = BL,
        /// Whether the PIN was right.
        valid_patron_password: Option<bool> = CQ,
        /// Currency of the fee.
        currency_type: Option<String> = BH,
        /// What the patron owes.
        fee_amount: Option<Amount> = BV,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 63 Patron Information.
    PatronInformationRequest = PatronInformation
    fixed {
        /// Language for messages.
        language: Language as Language,
        /// When it is asked.
        transaction_date: SipDate as Stamp,
        /// Which list is asked for, at most one.
        summary: Summary as Summary,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
        /// First list entry wanted, from 1.
        start_item: Option<u32> = BP,
        /// Last list entry wanted.
        end_item: Option<u32> = BQ,
    }
}

message! {
    /// 64 Patron Information Response.
    PatronInformationResponse = PatronInformationResponse
    fixed {
        /// What the patron may not do.
        patron_status: PatronFlags as PatronFlags,
        /// Language of the patron.
        language: Language as Language,
        /// When it was answered.
        transaction_date: SipDate as Stamp,
        /// Holds; what is counted differs by system (sip2.md section 4).
        hold_items_count: Option<u16> as Digits<4>,
        /// Items overdue.
        overdue_items_count: Option<u16> as Digits<4>,
        /// Items on loan.
        charged_items_count: Option<u16> as Digits<4>,
        /// Items with fines.
        fine_items_count: Option<u16> as Digits<4>,
        /// Items recalled.
        recall_items_count: Option<u16> as Digits<4>,
        /// Holds not yet available.
        unavailable_holds_count: Option<u16> as Digits<4>,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron, maybe under another number than the one sent (Koha).
        patron_identifier: PatronId = AA,
        /// Name.
        personal_name: PersonalName = AE,
        /// Most holds.
        hold_items_limit: Option<Number> = BZ,
        /// Most overdue items.
        overdue_items_limit: Option<Number> = CA,
        /// Most loans.
        charged_items_limit: Option<Number> = CB,
        /// Whether the patron is known.
        valid_patron: Option<bool> = BL,
        /// Whether the PIN was right.
        valid_patron_password: Option<bool> = CQ,
        /// Currency of the fee.
        currency_type: Option<String> = BH,
        /// What the patron owes.
        fee_amount: Option<Amount> = BV,
        /// Most the patron may owe.
        fee_limit: Option<Amount> = CC,
        /// Holds: barcode, on some systems followed by text.
        hold_items: Vec<String> = AS,
        /// Overdue items.
        overdue_items: Vec<String> = AT,
        /// Items on loan.
        charged_items: Vec<String> = AU,
        /// Items with fines.
        fine_items: Vec<String> = AV,
        /// Items recalled.
        recall_items: Vec<String> = BU,
        /// Holds not yet available.
        unavailable_hold_items: Vec<String> = CD,
        /// Address.
        home_address: Option<PersonalName> = BD,
        /// E-mail address.
        email_address: Option<PersonalName> = BE,
        /// Telephone.
        home_phone_number: Option<PersonalName> = BF,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 01 Block Patron. Sent only where 98 says status updates are allowed.
    BlockPatronRequest = BlockPatron
    fixed {
        /// Whether the station kept the card.
        card_retained: bool as YesNo,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Why.
        blocked_card_message: String = AL,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Secret = AC,
    }
}

message! {
    /// 25 Patron Enable.
    PatronEnableRequest = PatronEnable
    fixed {
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
    }
}

message! {
    /// 26 Patron Enable Response.
    PatronEnableResponse = PatronEnableResponse
    fixed {
        /// What the patron may not do.
        patron_status: PatronFlags as PatronFlags,
        /// Language of the patron.
        language: Language as Language,
        /// When it was answered.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// Name.
        personal_name: PersonalName = AE,
        /// Whether the patron is known.
        valid_patron: Option<bool> = BL,
        /// Whether the PIN was right.
        valid_patron_password: Option<bool> = CQ,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 35 End Patron Session. Sent best-effort.
    EndSessionRequest = EndSession
    fixed {
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
    }
}

message! {
    /// 36 End Session Response.
    EndSessionResponse = EndSessionResponse
    fixed {
        /// Whether the session is closed.
        end_session: bool as YesNo,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 37 Fee Paid.
    FeePaidRequest = FeePaid
    fixed {
        /// When it was paid.
        transaction_date: SipDate as Stamp,
        /// What for.
        fee_type: FeeType as FeeType,
        /// By what means.
        payment_type: PaymentType as PaymentType,
        /// ISO 4217 letters.
        currency_type: FixedText<3> as FixedText<3>,
    }
    fields {
        /// How much.
        fee_amount: Amount = BV,
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// The station's password.
        terminal_password: Option<Secret> = AC,
        /// The patron's PIN.
        patron_password: Option<Secret> = AD,
        /// Which fee.
        fee_identifier: Option<String> = CG,
        /// Our unique number, the only guard against paying twice; echoed in 38.
        transaction_id: Option<String> = BK,
    }
}

message! {
    /// 38 Fee Paid Response.
    FeePaidResponse = FeePaidResponse
    fixed {
        /// Whether the payment was booked. If not: refund or call staff.
        payment_accepted: bool as YesNo,
        /// When.
        transaction_date: SipDate as Stamp,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Patron.
        patron_identifier: PatronId = AA,
        /// Our number.
        transaction_id: Option<String> = BK,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}
