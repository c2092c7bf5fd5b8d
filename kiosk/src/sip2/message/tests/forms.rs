//! The borrowed form says what the owned one says, whatever the line.

use super::*;

/// How one direction reads a line in both forms, and writes them.
macro_rules! both_forms {
    ($name:ident, $direction:ident) => {
        fn $name(line: &[u8], charset: Charset) -> Result<bool, TestCaseError> {
            let owned = $direction::decode(line, charset);
            let lent = $direction::decode_lent(line, charset);
            let (owned, lent) = match (owned, lent) {
                (Ok(owned), Ok(lent)) => (owned, lent),
                (owned, lent) => {
                    prop_assert_eq!(owned.err(), lent.err());
                    return Ok(false);
                }
            };
            prop_assert_eq!((lent.sequence, lent.checksum), (owned.sequence, owned.checksum));
            prop_assert_eq!(lent.message.code(), owned.message.code());
            let detection = ErrorDetection::On(Sequence::new(7).unwrap());
            prop_assert_eq!(
                lent.message.encode(charset, detection),
                owned.message.encode(charset, detection)
            );
            prop_assert_eq!(lent.message.into_owned(), owned.message);
            Ok(true)
        }
    };
}

both_forms!(same_request, Request);
both_forms!(same_response, Response);

/// Whether the line was a message; that both forms agree is looked at either way.
fn same(line: &[u8], charset: Charset) -> Result<bool, TestCaseError> {
    Ok(same_request(line, charset)? | same_response(line, charset)?)
}

fn must_be_same(line: &[u8], charset: Charset) {
    let same = same(line, charset);
    assert!(matches!(same, Ok(true)), "{charset:?} {}: {same:?}", line.escape_ascii());
}

fn lent(line: &[u8], charset: Charset) -> Response<Borrowed<'_>> {
    Response::decode_lent(line, charset).unwrap().message
}

#[test]
fn golden_lines_are_read_alike() {
    for line in golden() {
        for charset in Charset::ALL {
            let mut bytes = Vec::new();
            charset.encode_into(line, &mut bytes);
            must_be_same(&bytes, charset);
        }
        // A line in another set than was agreed.
        must_be_same(line.as_bytes(), Charset::Gbk);
    }
}

#[test]
fn lines_of_library_systems_are_read_alike() {
    let fixtures = include_str!("../../systems/fixtures.txt").lines();
    let lines =
        fixtures.filter(|line| !line.starts_with('#')).filter_map(|line| line.split(" ~ ").nth(1));
    let mut read = 0;
    for line in lines {
        let bytes = unescaped(line);
        for charset in Charset::ALL {
            read += usize::from(same(&bytes, charset).unwrap());
        }
    }
    assert!(read > 0, "the fixtures hold messages");
}

/// A fixture's bytes: `\x..` is one of them.
fn unescaped(line: &str) -> Vec<u8> {
    let mut parts = line.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

#[test]
fn any_number_of_unlisted_fields_is_kept_in_order() {
    for count in 0..12 {
        let mut line = b"941".to_vec();
        for at in 0..count {
            line.extend_from_slice(format!("Z{at:X}v{at}|").as_bytes());
        }
        must_be_same(&line, Charset::Utf8);
        let Response::Login(login) = lent(&line, Charset::Utf8) else { panic!("94") };
        let kept: Vec<_> = login.extra.iter().map(|(id, text)| format!("{id}{text}|")).collect();
        assert_eq!(kept.concat().as_bytes(), &line[3..]);
    }
}

#[test]
fn repeated_fields_are_read_alike() {
    // Those that may repeat, with others between them, and those that may not.
    let line =
        "121NNY20261122    103000AFx|AJ一|AF|AFa&#124;b|AOL|AGp|AFz|AJ二|AGq|AO|AO二|BKt|BKu|";
    must_be_same(line.as_bytes(), Charset::Utf8);
    let Response::Checkout(answer) = lent(line.as_bytes(), Charset::Utf8) else { panic!("12") };
    assert_eq!(answer.screen_message.len(), 4);
    assert!(answer.screen_message.iter().eq(["x", "", "a|b", "z"]));
    assert!(answer.print_line.iter().eq(["p", "q"]));
    assert_eq!(answer.title_identifier.text(), "一");
}

#[test]
fn a_trail_byte_like_a_delimiter_is_read_alike() {
    let text = "\u{4E85}三\u{4E85}";
    let message = CheckoutResponse {
        title_identifier: text.into(),
        item_identifier: text.into(),
        screen_message: vec![text.into(), "x".into(), text.into()],
        extra: Extra(vec![(FieldId(*b"ZZ"), text.into()), (FieldId(*b"ZZ"), "y".into())]),
        ..CheckoutResponse::default()
    };
    for charset in [Charset::Gbk, Charset::Gb18030] {
        let line = message.encode(charset, ErrorDetection::Off);
        assert!(line.windows(2).any(|pair| pair == b"\x81\x7C"));
        must_be_same(&line, charset);
        assert_eq!(lent(&line, charset).into_owned(), message.clone().into());
    }
}

#[test]
fn a_borrowed_message_shows_no_one_either() {
    let line = "64              00120261122    103000000000000000000000000000AOL|AA0200001234|AE张三丰|BF13800001234|";
    let shown = format!("{:?}", lent(line.as_bytes(), Charset::Utf8));
    let owned = format!("{:?}", Response::decode(line.as_bytes(), Charset::Utf8).unwrap().message);
    for hidden in ["020000", "三丰", "1380"] {
        assert!(!shown.contains(hidden) && !owned.contains(hidden), "{hidden} in {shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_messages_are_read_alike((charset, line) in any_charset().prop_flat_map(|c| (Just(c), any_line(c)))) {
        prop_assert!(same(&line, charset)?);
    }

    /// With an escape in any text, and bytes of another set than was agreed.
    #[test]
    fn random_bytes_are_read_alike(
        charset in any_charset(),
        code in 0..Code::ALL.len(),
        fields in proptest::collection::vec(
            ("(A[A-Z]|B[A-Z]|ZZ)", proptest::collection::vec(any::<u8>(), 0..12), "(&#124;|&|)"),
            0..12,
        ),
    ) {
        let code = Code::ALL[code];
        let mut line = code.digits().to_vec();
        line.resize(2 + code.fixed_len(), b'1');
        if let Some(says) = code.yes_no() {
            line[2] = says[0];
        }
        for (id, value, escape) in fields {
            line.extend_from_slice(id.as_bytes());
            line.extend_from_slice(&value);
            line.extend_from_slice(escape.as_bytes());
            line.push(b'|');
        }
        prop_assert!(same(&line, charset)?);
    }
}
