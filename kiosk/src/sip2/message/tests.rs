use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::privacy::{PatronId, PersonalName, Secret};
use crate::sip2::codes::*;
use crate::sip2::date::SipDate;
use crate::sip2::field::FieldId;

mod forms;

/// Lines of sip2.md section 11.
fn golden() -> impl Iterator<Item = &'static str> {
    include_str!("../golden.txt").lines().filter(|line| !line.starts_with('#'))
}

/// Decodes in whichever direction the code goes and encodes again.
fn round_trip(line: &[u8], charset: Charset, detection: ErrorDetection) -> Vec<u8> {
    match Request::decode(line, charset) {
        Ok(request) => request.message.encode(charset, detection),
        Err(DecodeError::WrongDirection { .. }) => {
            Response::decode(line, charset).unwrap().message.encode(charset, detection)
        }
        Err(error) => panic!("{}: {error}", line.escape_ascii()),
    }
}

fn detection_of(line: &[u8]) -> ErrorDetection {
    let view = MessageView::parse(line, Charset::Utf8).unwrap();
    ErrorDetection::On(view.sequence().unwrap_or_default())
}

fn noon() -> SipDate {
    SipDate::local(date(2026, 11, 22).at(10, 30, 0, 0))
}

#[test]
fn golden_lines_come_back_byte_for_byte() {
    let mut codes = std::collections::BTreeSet::new();
    for line in golden() {
        let bytes = line.as_bytes();
        let view = MessageView::parse(bytes, Charset::Utf8).unwrap();
        assert_eq!(view.checksum(), Checksum::Right, "{line}");
        codes.insert(view.code());
        let again = round_trip(bytes, Charset::Utf8, detection_of(bytes));
        assert_eq!(String::from_utf8(again).unwrap(), line);
    }
    assert_eq!(codes.len(), Code::ALL.len(), "every message of section 4 has an example");
}

#[test]
fn golden_lines_come_back_in_every_chinese_set() {
    for charset in [Charset::Gbk, Charset::Gb18030] {
        for line in golden() {
            let bytes = line.as_bytes();
            let detection = detection_of(bytes);
            let message = round_trip(bytes, Charset::Utf8, detection);
            assert_eq!(message, bytes);
            let encoded = match Request::decode(bytes, Charset::Utf8) {
                Ok(request) => request.message.encode(charset, detection),
                Err(_) => {
                    let response = Response::decode(bytes, Charset::Utf8).unwrap();
                    response.message.encode(charset, detection)
                }
            };
            let (hand, _, _) = encoding_rs::GBK.encode(&line[..line.len() - 4]);
            assert_eq!(encoded[..encoded.len() - 4], hand[..], "{line}");
            assert_eq!(round_trip(&encoded, charset, detection), encoded);
            let view = MessageView::parse(&encoded, charset).unwrap();
            assert_eq!(view.checksum(), Checksum::Right);
        }
    }
}

/// All examples as one stream, cut in every place and byte by byte, give the same messages.
#[test]
fn golden_lines_survive_every_split() {
    use crate::sip2::wire::Framer;
    let read = |pieces: &[&[u8]]| {
        let mut framer = Framer::new();
        let mut lines = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(line) = framer.next_line() {
                lines.push(line.unwrap().to_vec());
            }
        }
        lines
    };
    for charset in [Charset::Utf8, Charset::Gbk] {
        for line in golden() {
            let mut bytes = Vec::new();
            charset.encode_into(line, &mut bytes);
            bytes.push(crate::sip2::wire::TERMINATOR);
            let want = vec![bytes[..bytes.len() - 1].to_vec()];
            for cut in 0..=bytes.len() {
                assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), want, "{line} cut at {cut}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&single), want);
        }
    }
}

#[test]
fn gbk_checksums_are_those_of_the_reference() {
    let in_gbk = |start: &str| {
        let line = golden().find(|line| line.starts_with(start)).unwrap().as_bytes();
        let message = Response::decode(line, Charset::Utf8).unwrap().message;
        let bytes = message.encode(Charset::Gbk, detection_of(line));
        String::from_utf8(bytes[bytes.len() - 6..].to_vec()).unwrap()
    };
    assert_eq!(in_gbk("64"), "AZD899");
    assert_eq!(in_gbk("121NNY20261122    103000AO"), "AZE6E0");
}

#[test]
fn the_hex_dump_of_12_is_met() {
    let hex = "31 32 31 4E 4E 59 32 30 32 36 31 31 32 32 20 20 20 20 31 30 33 30 30 30 41 4F 59 5A 4C 49 42 7C \
               41 41 30 32 30 30 30 30 31 32 33 34 7C 41 42 59 5A 30 30 30 30 37 38 39 7C 41 4A E4 B8 89 E4 BD \
               93 7C 41 48 32 30 32 36 31 32 31 33 20 20 20 20 32 33 35 39 30 30 7C 43 4B 30 30 31 7C 41 59 33 \
               41 5A 45 35 46 44 0D";
    let want: Vec<u8> = hex.split(' ').map(|h| u8::from_str_radix(h, 16).unwrap()).collect();
    let message: CheckoutResponse = CheckoutResponse {
        ok: true,
        magnetic_media: MagneticMedia::No,
        desensitize: true,
        transaction_date: noon(),
        institution_id: "YZLIB".into(),
        patron_identifier: PatronId::new("0200001234"),
        item_identifier: "YZ0000789".into(),
        title_identifier: "三体".into(),
        due_date: "20261213    235900".into(),
        media_type: Some("001".into()),
        ..CheckoutResponse::default()
    };
    let mut bytes = message.encode(Charset::Utf8, ErrorDetection::On(Sequence::new(3).unwrap()));
    bytes.push(crate::sip2::wire::TERMINATOR);
    assert_eq!(bytes, want);
    let due = Response::decode(&want[..want.len() - 1], Charset::Utf8).unwrap();
    let Response::Checkout(answer) = due.message else { panic!("a 12 was read as something else") };
    assert_eq!(answer.due_date.parsed.unwrap().date, date(2026, 12, 13));
}

#[test]
fn requests_built_by_hand_are_the_examples() {
    let check = |want: &str, request: Request| {
        let bytes = request.encode(Charset::Utf8, detection_of(want.as_bytes()));
        assert_eq!(String::from_utf8(bytes).unwrap(), want);
        assert!(golden().any(|line| line == want));
    };
    check(
        "9300CNkiosk01|COs3cret|CPYZ-MAIN-01|AY0AZF33C",
        LoginRequest {
            uid_algorithm: "0".into(),
            pwd_algorithm: "0".into(),
            login_user_id: "kiosk01".into(),
            login_password: Secret::new("s3cret"),
            location_code: Some("YZ-MAIN-01".into()),
            ..LoginRequest::default()
        }
        .into(),
    );
    check(
        "9900482.00AY1AZFC9C",
        ScStatus {
            max_print_width: Some(48),
            protocol_version: "2.00".into(),
            ..ScStatus::default()
        }
        .into(),
    );
    check(
        "6301920261122    103000  Y       AOYZLIB|AA0200001234|AC|AD1234|BP1|BQ10|AY2AZEDEF",
        PatronInformationRequest {
            language: Language::CHINESE,
            transaction_date: noon(),
            summary: Summary::of(SummaryList::ChargedItems),
            institution_id: "YZLIB".into(),
            patron_identifier: PatronId::new("0200001234"),
            terminal_password: Some(Secret::default()),
            patron_password: Some(Secret::new("1234")),
            start_item: Some(1),
            end_item: Some(10),
            ..PatronInformationRequest::default()
        }
        .into(),
    );
    check(
        "11YY20261121    22140520261212    235900AOYZLIB|AA0200001234|ABYZ0000789|AC|BON|BIN|AY8AZEAB5",
        CheckoutRequest {
            sc_renewal_policy: true,
            no_block: true,
            transaction_date: SipDate::local(date(2026, 11, 21).at(22, 14, 5, 0)),
            nb_due_date: Some(SipDate::local(date(2026, 12, 12).at(23, 59, 0, 0))),
            institution_id: "YZLIB".into(),
            patron_identifier: PatronId::new("0200001234"),
            item_identifier: "YZ0000789".into(),
            fee_acknowledged: Some(false),
            cancel: Some(false),
            ..CheckoutRequest::default()
        }
        .into(),
    );
    check(
        "3720261122    1030000400CNYBV3.50|AOYZLIB|AA0200001234|AC|BKYZMAIN01-000017|AY4AZEC5A",
        FeePaidRequest {
            transaction_date: noon(),
            fee_type: FeeType::Overdue,
            payment_type: PaymentType::Cash,
            currency_type: "CNY".into(),
            fee_amount: "3.50".into(),
            institution_id: "YZLIB".into(),
            patron_identifier: PatronId::new("0200001234"),
            terminal_password: Some(Secret::default()),
            transaction_id: Some("YZMAIN01-000017".into()),
            ..FeePaidRequest::default()
        }
        .into(),
    );
}

#[test]
fn answers_are_read_into_their_meaning() {
    let answer = |start: &str| {
        let line = golden().find(|line| line.starts_with(start)).unwrap();
        Response::decode(line.as_bytes(), Charset::Utf8).unwrap().message
    };
    let Response::AcsStatus(status) = answer("98YYYYNY") else { panic!("98") };
    assert!(status.online_status && !status.status_update_ok && status.offline_ok);
    assert_eq!((status.timeout_period, status.retries_allowed), (Some(300), Some(3)));
    assert!(!status.supported_messages.supports(Supported::BlockPatron));
    assert!(status.supported_messages.supports(Supported::RenewAll));

    let Response::PatronInformation(patron) = answer("64") else { panic!("64") };
    assert_eq!(patron.personal_name.expose(), "张伟");
    assert_eq!(patron.charged_items, ["YZ0000123", "YZ0000456"]);
    assert_eq!(patron.charged_items_count, Some(2));
    assert_eq!(patron.charged_items_limit.unwrap().value(), Some(10));
    assert_eq!(patron.fee_amount.unwrap().minor_units(), Some(0));

    let Response::Checkin(hold) = answer("101YNY20261122    103000AOYZLIB|ABYZ0000789") else {
        panic!("10")
    };
    assert!(hold.ok && hold.resensitize && hold.alert);
    assert_eq!(hold.alert_type, Some(AlertType::HoldHere));
    assert_eq!(hold.hold_patron_id.unwrap().expose(), "0200009999");

    let Response::PatronStatus(patron) = answer("24Y") else { panic!("24") };
    assert!(patron.patron_status.stops_borrowing());
    assert!(patron.patron_status.has(PatronFlag::TooManyCharged));
}

#[test]
fn the_dp2_answer_is_read() {
    let line = "301YNN20220224    121816AOCN-110108-1-NLC|AAP001|ABB001|AJ怪物大师|AH2022-02-27|AF成功|AG成功|AY4AZFA86";
    let received = Response::decode(line.as_bytes(), Charset::Utf8).unwrap();
    assert_eq!(received.checksum, Checksum::Wrong { stated: 0xFA86, computed: 0xDB2B });
    let Response::Renew(answer) = received.message else { panic!("30") };
    assert!(answer.ok && !answer.desensitize);
    assert_eq!(answer.due_date.parsed.unwrap().date, date(2022, 2, 27));
    let login = Response::decode(b"941|AY4AZFF62", Charset::Utf8).unwrap();
    assert_eq!(login.message, LoginResponse { ok: true, ..LoginResponse::default() }.into());
}

#[test]
fn odd_fields_are_kept_or_passed_over() {
    let line = b"120NUN20261122    102908AOA|AOB|AA1|AB2|AJa&#124;b|AH|AFx|AFy|BLY|BIQ|ZZ1|ZZ2|";
    let Response::Checkout(answer) = Response::decode(line, Charset::Utf8).unwrap().message else {
        panic!("12")
    };
    assert_eq!(answer.institution_id, "A");
    assert_eq!(answer.title_identifier, "a|b");
    assert_eq!(answer.screen_message, ["x", "y"]);
    assert_eq!(answer.extra.get(FieldId::BL), Some("Y"));
    assert_eq!(answer.extra.0.len(), 4);
}

#[test]
fn debug_shows_no_one() {
    let line = "1010261122    1029080000AOX|AB1|AQ|AA0200001234|CY0200009999|DA张三丰|PB19800101|BF13800001234|AY1AZ0000";
    let shown = format!("{:?}", Response::decode(line.as_bytes(), Charset::Utf8).unwrap());
    let mut request: LoginRequest =
        LoginRequest { login_password: Secret::new("s3cret"), ..Default::default() };
    request.extra.0.push((FieldId::AE, "Ada Lovelace".into()));
    let shown = format!("{shown} {request:?}");
    for hidden in ["020000", "三丰", "1980", "1380", "s3cret", "Lovelace"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    assert_eq!(format!("{:?}", PersonalName::new("张三丰")), "PersonalName(张*)");
}

#[test]
fn long_titles_survive_every_alignment() {
    for charset in [Charset::Utf8, Charset::Gbk, Charset::Gb18030] {
        for length in [256, 1024, 4096] {
            for shift in 0..4 {
                let title = "x".repeat(shift) + &"厊亅三".repeat(length / 6 + 1);
                let message = CheckoutResponse {
                    title_identifier: title.clone(),
                    item_identifier: "1".into(),
                    media_type: Some("001".into()),
                    ..CheckoutResponse::default()
                };
                let bytes = message.encode(charset, ErrorDetection::Off);
                assert!(bytes.len() > length);
                let again = Response::decode(&bytes, charset).unwrap().message;
                assert_eq!(again, message.into(), "{charset:?} {length} {shift}");
            }
        }
    }
}

#[test]
fn a_gbk_trail_byte_is_no_delimiter() {
    let message = CheckoutResponse { title_identifier: "\u{4E85}".into(), ..Default::default() };
    let bytes = message.encode(Charset::Gbk, ErrorDetection::Off);
    assert!(bytes.windows(5).any(|w| w == b"AJ\x81\x7C|"), "{}", bytes.escape_ascii());
    assert_eq!(Response::decode(&bytes, Charset::Gbk).unwrap().message, message.into());
}

#[test]
fn a_short_fixed_part_is_a_typed_error() {
    for code in Code::ALL {
        for got in 0..code.fixed_len() {
            let line = [&code.digits()[..], &vec![b'0'; got]].concat();
            let error = MessageView::parse(&line, Charset::Utf8).err();
            let need = code.fixed_len();
            assert_eq!(error, Some(DecodeError::FixedTooShort { code: *code, need, got }));
        }
    }
}

#[test]
fn every_request_knows_its_answer() {
    for code in Code::ALL.iter().filter(|code| code.number() % 2 == 1) {
        match answer_code(*code) {
            Some(answer) => assert_eq!(answer.number() % 2, 0),
            None => assert_eq!(*code, Code::RequestAcsResend),
        }
    }
    assert_eq!(answer_code(Code::BlockPatron), Some(Code::PatronStatusResponse));
}

/// Found by the fuzz target `sip2_message`: written last, the value without meaning was lost.
#[test]
fn values_without_meaning_are_kept_wherever_they_stand() {
    let fixed = "24              00120261122    103000";
    for fields in ["BLmaybe|BLY|", "BLY|BLmaybe|"] {
        let line = format!("{fixed}AO|AA|AE|{fields}");
        let read = Response::decode(line.as_bytes(), Charset::Utf8).unwrap().message;
        let Response::PatronStatus(status) = &read else { panic!("{read:?}") };
        assert_eq!(status.valid_patron, Some(true));
        assert_eq!(status.extra.get(FieldId::BL), Some("maybe"));
        let written = read.encode(Charset::Utf8, ErrorDetection::Off);
        assert_eq!(written, format!("{fixed}AO|AA|AE|BLY|BLmaybe|").into_bytes());
    }
}

/// A line of any code with a well-formed fixed part and any fields, known and unknown.
fn any_line(charset: Charset) -> impl Strategy<Value = Vec<u8>> {
    let field = ("[A-Z][A-Z]", "([^|\r\n&]{0,12}|[YN]|[0-9]{1,4}|20261122    103000)");
    let fields = proptest::collection::vec(field, 0..20);
    (0..Code::ALL.len(), proptest::collection::vec("[0-9YNU ]", 59), fields).prop_map(
        move |(code, fixed, fields)| {
            let code = Code::ALL[code];
            let mut line = code.digits().to_vec();
            line.extend_from_slice(&fixed.concat().as_bytes()[..code.fixed_len()]);
            if let Some(says) = code.yes_no() {
                line[2] = says[usize::from(line[2] % 2)];
            }
            for (id, value) in fields {
                line.extend_from_slice(id.as_bytes());
                charset.encode_into(&value, &mut line);
                line.push(b'|');
            }
            line
        },
    )
}

fn any_charset() -> impl Strategy<Value = Charset> {
    proptest::sample::select(&Charset::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What was decoded encodes to a line that decodes to the same, byte for byte stable.
    #[test]
    fn messages_survive_the_wire((charset, line) in any_charset().prop_flat_map(|c| (Just(c), any_line(c)))) {
        let detection = ErrorDetection::On(Sequence::new(7).unwrap());
        if let Ok(first) = Request::decode(&line, charset) {
            let bytes = first.message.encode(charset, detection);
            let second = Request::decode(&bytes, charset).unwrap();
            prop_assert_eq!(second.checksum, Checksum::Right);
            prop_assert_eq!(&second.message, &first.message);
            prop_assert_eq!(second.message.encode(charset, detection), bytes);
        } else {
            let first = Response::decode(&line, charset).unwrap();
            let bytes = first.message.encode(charset, detection);
            let second = Response::decode(&bytes, charset).unwrap();
            prop_assert_eq!(second.checksum, Checksum::Right);
            prop_assert_eq!(&second.message, &first.message);
            prop_assert_eq!(second.message.encode(charset, detection), bytes);
        }
    }

    #[test]
    fn random_bytes_never_panic(charset in any_charset(), line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::decode(&line, charset);
        let _ = Response::decode(&line, charset);
    }

    #[test]
    fn random_tails_never_panic(
        charset in any_charset(),
        code in 0..Code::ALL.len(),
        tail in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let line = [&Code::ALL[code].digits()[..], &tail].concat();
        let read = (Request::decode(&line, charset), Response::decode(&line, charset));
        prop_assert!(read.0.is_err() || read.1.is_err());
    }
}
