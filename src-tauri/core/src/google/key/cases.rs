//! What people bring, case by case.

#![allow(clippy::too_many_lines, reason = "tables of cases are read as one")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::{Value, json};

use super::testing::{self, EMAIL, KEY_ID, PEM, RSA_KEY, file, file_text};
use super::{Repair, ServiceAccountKey, read};
use crate::ground::problem::{Code, Fact, Problem};

fn with(name: &str, value: Value) -> String {
    let mut file = file();
    file[name] = value;
    file.to_string()
}

fn without(name: &str) -> String {
    let mut file = file();
    file.as_object_mut().expect("an object").remove(name);
    file.to_string()
}

fn with_pem(pem: &str) -> String {
    with("private_key", json!(pem))
}

fn refused(bytes: &[u8], case: &str) -> Problem {
    match read(bytes) {
        Err(problem) => problem,
        Ok(key) => panic!("{case} was taken for {key:?}"),
    }
}

fn accepted(bytes: &[u8], case: &str) -> ServiceAccountKey {
    read(bytes).unwrap_or_else(|problem| panic!("{case} gave {problem}: {}", problem.explanation()))
}

#[test]
fn a_key_as_google_makes_it_is_read_whole() {
    let text = file_text();
    let key = accepted(text.as_bytes(), "Google's own file");
    assert_eq!(key.client_email, EMAIL);
    assert_eq!(key.key_tail(), "a1b2", "four characters tell keys apart");
    assert_eq!(key.key_id, KEY_ID);
    assert_eq!(key.project_id.as_deref(), Some("acme-dw"));
    assert_eq!(key.key_bits, 2048);
    assert_eq!(key.size, text.len(), "the size is that of the file");
    assert!(key.repairs.is_empty(), "nothing was wrong with it: {:?}", key.repairs);
    let debug = format!("{key:?}");
    assert!(
        !debug.contains("BEGIN") && !debug.contains(KEY_ID),
        "Debug shows neither key nor whole id"
    );
}

#[test]
fn what_is_plainly_mendable_is_mended_and_said() {
    let text = file_text();
    let compact = file().to_string();
    let escaped = compact.replace('\\', "\\\\").replace('"', "\\\"");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [&[0xFF, 0xFE][..], &utf16].concat();
    let big_endian: Vec<u8> = [0xFE, 0xFF]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_be_bytes))
        .collect();
    let encoded = STANDARD.encode(&text);
    let wrapped_lines = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line))
        .collect::<Vec<_>>()
        .join("\n");
    let joined_pem = PEM.trim().replace('\n', " ");
    let bare_pem: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let api_answer = json!({
        "name": "projects/acme-dw/serviceAccounts/x/keys/y",
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "privateKeyData": STANDARD.encode(&text),
    })
    .to_string();
    let raw_lines = compact.replace("\\n", "\n");
    let rows: Vec<(&str, Vec<u8>, Vec<Repair>)> = vec![
        ("spaces around it", format!("\n  {text}\n\n").into(), vec![]),
        (
            "Windows line ends in the JSON",
            text.replace('\n', "\r\n").into(),
            vec![],
        ),
        (
            "a byte-order mark",
            format!("\u{feff}{text}").into(),
            vec![Repair::ByteOrderMark],
        ),
        ("UTF-16 with a mark", with_mark, vec![Repair::Utf16]),
        ("UTF-16 without a mark", utf16.clone(), vec![Repair::Utf16]),
        ("UTF-16 the other way round", big_endian, vec![Repair::Utf16]),
        (
            "spaces that are none",
            text.replace("\n  ", "\n\u{a0}\u{a0}").into(),
            vec![Repair::OddSpaces],
        ),
        (
            "an invisible space",
            format!("\u{200b}{text}").into(),
            vec![Repair::OddSpaces],
        ),
        (
            "an assignment",
            format!("GOOGLE_CREDENTIALS='{compact}'").into(),
            vec![Repair::Assignment, Repair::Quotes],
        ),
        (
            "an export",
            format!("export GOOGLE_CREDENTIALS={compact};").into(),
            vec![Repair::Assignment],
        ),
        (
            "a PowerShell assignment",
            format!("$env:KEY = '{text}'").into(),
            vec![Repair::Assignment, Repair::Quotes],
        ),
        (
            "an escaped assignment",
            format!("KEY=\"{escaped}\"").into(),
            vec![Repair::Assignment, Repair::Quotes],
        ),
        (
            "Base64 in an assignment",
            format!("KEY={encoded}").into(),
            vec![Repair::Assignment, Repair::Base64],
        ),
        ("single quotes", format!("'{compact}'").into(), vec![Repair::Quotes]),
        ("a JSON text", format!("\"{escaped}\"").into(), vec![Repair::Quotes]),
        (
            "escaped quotes without quotes around",
            escaped.clone().into(),
            vec![Repair::EscapedQuotes],
        ),
        ("Base64", encoded.clone().into(), vec![Repair::Base64]),
        (
            "Base64 in the letters of addresses",
            encoded.replace('+', "-").replace('/', "_").into(),
            vec![Repair::Base64],
        ),
        (
            "Base64 of Base64",
            STANDARD.encode(&encoded).into(),
            vec![Repair::Base64, Repair::Base64],
        ),
        (
            "Base64 of UTF-16, as PowerShell makes it",
            STANDARD.encode(&utf16).into(),
            vec![Repair::Base64],
        ),
        (
            "a data address",
            format!("data:application/json;base64,{encoded}").into(),
            vec![Repair::Base64],
        ),
        (
            "a code fence with a language",
            format!("```json\n{text}\n```\n").into(),
            vec![Repair::Fence],
        ),
        ("a code fence", format!("```\n{text}\n```").into(), vec![Repair::Fence]),
        (
            "signs of no width around it",
            format!("\u{200b}{text}\u{200b}\0").into(),
            vec![Repair::OddSpaces],
        ),
        (
            "Base64 without padding",
            encoded.trim_end_matches('=').into(),
            vec![Repair::Base64],
        ),
        ("Base64 in lines", wrapped_lines.into(), vec![Repair::Base64]),
        ("a list of one", format!("[{text}]").into(), vec![Repair::ListOfOne]),
        ("the API's answer", api_answer.into(), vec![Repair::ApiAnswer]),
        (
            "line ends inside the JSON text",
            raw_lines.into(),
            vec![Repair::RawLineEnds],
        ),
        (
            "doubled line ends",
            with_pem(&PEM.replace('\n', "\\n")).into(),
            vec![Repair::DoubledLineEnds],
        ),
        (
            "line ends escaped thrice",
            with_pem(&PEM.replace('\n', "\\\\n")).into(),
            vec![Repair::DoubledLineEnds],
        ),
        (
            "carriage returns",
            with_pem(&PEM.replace('\n', "\r\n")).into(),
            vec![Repair::CarriageReturns],
        ),
        (
            "lines joined by spaces",
            with_pem(&joined_pem).into(),
            vec![Repair::LostLineEnds],
        ),
        ("no frame", with_pem(&bare_pem).into(), vec![Repair::LostFrame]),
        (
            "no line end after the last line",
            with_pem(PEM.trim_end()).into(),
            vec![],
        ),
        (
            "fields of the future",
            with("quota_project_id", json!({"a": [1]})).into(),
            vec![],
        ),
        ("no project", without("project_id").into(), vec![]),
        ("no token_uri", without("token_uri").into(), vec![]),
        (
            "an older token_uri",
            with("token_uri", json!("https://accounts.google.com/o/oauth2/token")).into(),
            vec![],
        ),
        ("no universe_domain", without("universe_domain").into(), vec![]),
        (
            "a default service account",
            with("client_email", json!("acme-dw@appspot.gserviceaccount.com")).into(),
            vec![],
        ),
    ];
    let original = accepted(text.as_bytes(), "the original").into_service_account();
    let signature = original.sign(b"the same key").expect("it signs");
    for (case, bytes, repairs) in rows {
        let key = accepted(&bytes, case);
        assert_eq!(key.repairs, repairs, "what is said about {case}");
        assert_eq!(key.size, bytes.len(), "the size that was given, for {case}");
        let again = key.into_service_account().sign(b"the same key").expect("it signs");
        assert_eq!(again, signature, "{case} must not change the key");
    }
}

#[test]
fn each_wrong_thing_is_named() {
    let cut = file_text();
    let pem_cut = format!("{}-----END PRIVATE KEY-----\n", &PEM[..PEM.len() / 2 / 65 * 65]);
    let pkcs1 = RSA_KEY.to_pkcs1_der().expect("PKCS#1");
    let framed = |label: &str, body: &[u8]| {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(body)
        )
    };
    let elliptic = [
        0x30, 0x1a, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x00,
    ];
    let rows: Vec<(&str, Vec<u8>, Code)> = vec![
        ("nothing", vec![], Code::KeyEmpty),
        ("spaces", b" \n\t ".to_vec(), Code::KeyEmpty),
        ("a large file", vec![b' '; 70_000], Code::KeyTooLarge),
        ("a sentence", "my key is in the safe".into(), Code::KeyNotJson),
        (
            "a comma too many",
            file_text().replace("\"googleapis.com\"", "\"googleapis.com\",").into(),
            Code::KeyNotJson,
        ),
        ("curly quotes", file_text().replace('"', "”").into(), Code::KeyNotJson),
        (
            "a Python dictionary",
            file().to_string().replace('"', "'").into(),
            Code::KeyNotJson,
        ),
        (
            "text after the key",
            format!("{} and more", file_text()).into(),
            Code::KeyNotJson,
        ),
        ("a key that breaks off", cut[..cut.len() / 2].into(), Code::KeyCut),
        ("an open brace", "{".into(), Code::KeyCut),
        ("a number", "42".into(), Code::KeyIsOtherJson),
        ("an empty object", "{}".into(), Code::KeyIsOtherJson),
        ("an empty list", "[]".into(), Code::KeyIsOtherJson),
        ("a list of numbers", "[1]".into(), Code::KeyIsOtherJson),
        ("some JSON", r#"{"rows": [{"f": 1}]}"#.into(), Code::KeyIsOtherJson),
        (
            "a key pasted twice",
            format!("{0}\n{0}", file()).into(),
            Code::KeySeveral,
        ),
        ("two keys", format!("[{0},{0}]", file()).into(), Code::KeySeveral),
        (
            "two keys one after the other",
            format!("{0}\n{0}", file_text()).into(),
            Code::KeySeveral,
        ),
        ("zero bytes", vec![0; 90], Code::KeyEmpty),
        ("a sign of no width", "\u{200b}".into(), Code::KeyEmpty),
        ("a rich-text document", r"{\rtf1\ansi}".into(), Code::KeyIsOtherFile),
        (
            "a P12 file as Base64",
            STANDARD
                .encode([b"\x30\x82\x09\x61\x02\x01\x03\x30\x82\x09\x27".as_slice(), &[7; 60]].concat())
                .into(),
            Code::KeyIsP12,
        ),
        (
            "a PEM without its frame",
            PEM.lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>()
                .into(),
            Code::KeyIsPemAlone,
        ),
        (
            "a PEM as openssl prints it",
            format!("Bag Attributes\n    localKeyID: 01\n{}", &*PEM).into(),
            Code::KeyIsPemAlone,
        ),
        (
            "Firebase's web configuration as a script",
            "const c = {\n  apiKey: \"AIzaX\",\n  authDomain: \"x\"\n};".into(),
            Code::KeyIsAppConfig,
        ),
        ("a piece of a page", "<div>Sign in</div>".into(), Code::KeyIsHtml),
        ("a header with a token", "Bearer ya29.x".into(), Code::KeyIsAccessToken),
        (
            "a web page",
            "<!DOCTYPE html><html><head><title>Sign in</title>".into(),
            Code::KeyIsHtml,
        ),
        ("a web page in lower case", "  <html>".into(), Code::KeyIsHtml),
        (
            "a property list",
            "<?xml version=\"1.0\"?><plist>".into(),
            Code::KeyIsAppConfig,
        ),
        (
            "google-services.json",
            r#"{"project_info":{"project_number":"1"},"client":[]}"#.into(),
            Code::KeyIsAppConfig,
        ),
        (
            "Firebase's web configuration",
            r#"{"apiKey":"AIzaX","authDomain":"x"}"#.into(),
            Code::KeyIsAppConfig,
        ),
        (
            "a P12 file",
            b"\x30\x82\x09\x61\x02\x01\x03\x30\x82\x09\x27".to_vec(),
            Code::KeyIsP12,
        ),
        ("bare DER", pkcs1.as_bytes().to_vec(), Code::KeyIsOtherFile),
        ("a zip archive", b"PK\x03\x04\x14\x00".to_vec(), Code::KeyIsOtherFile),
        ("a PDF", b"%PDF-1.7".to_vec(), Code::KeyIsOtherFile),
        ("bytes", vec![b'{', 0xC3, 0x28, b'}'], Code::KeyNotText),
        ("a PEM alone", PEM.clone().into(), Code::KeyIsPemAlone),
        (
            "a certificate",
            "-----BEGIN CERTIFICATE-----\nMIIB".into(),
            Code::KeyIsPublic,
        ),
        ("an SSH key", "ssh-ed25519 AAAAC3Nza ann@host".into(), Code::KeyIsSsh),
        (
            "an OpenSSH key",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl".into(),
            Code::KeyIsSsh,
        ),
        ("an API key", "AIzaSyD-made-up-for-this-test".into(), Code::KeyIsApiKey),
        ("an access token", "ya29.a0AfH6S".into(), Code::KeyIsAccessToken),
        (
            "a signed token",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln".into(),
            Code::KeyIsAccessToken,
        ),
        (
            "a token's answer",
            r#"{"access_token":"ya29.x","expires_in":3599}"#.into(),
            Code::KeyIsAccessToken,
        ),
        ("a path", "/home/ann/keys/acme-dw.json".into(), Code::KeyIsPath),
        ("a Windows path", r"C:\Users\Ann\key.json".into(), Code::KeyIsPath),
        ("a file's name", "acme-dw-0123.json".into(), Code::KeyIsPath),
        ("the address", EMAIL.into(), Code::KeyIsEmail),
        (
            "a person's credentials",
            r#"{"type":"authorized_user","client_id":"x","refresh_token":"y"}"#.into(),
            Code::KeyIsUserCredentials,
        ),
        (
            "an installed client",
            r#"{"installed":{"client_id":"x","client_secret":"y"}}"#.into(),
            Code::KeyIsOauthClient,
        ),
        (
            "a web client",
            r#"{"web":{"client_id":"x"}}"#.into(),
            Code::KeyIsOauthClient,
        ),
        ("a client secret", "GOCSPX-madeup".into(), Code::KeyIsOauthClient),
        (
            "workload identity",
            with("type", json!("external_account")).into(),
            Code::KeyIsExternalAccount,
        ),
        (
            "workforce identity",
            with("type", json!("external_account_authorized_user")).into(),
            Code::KeyIsExternalAccount,
        ),
        (
            "impersonation",
            with("type", json!("impersonated_service_account")).into(),
            Code::KeyIsImpersonated,
        ),
        (
            "another type",
            with("type", json!("gdch_service_account")).into(),
            Code::KeyTypeUnknown,
        ),
        (
            "a type that is no text",
            with("type", json!(7)).into(),
            Code::KeyFieldInvalid,
        ),
        ("no type", without("type").into(), Code::KeyTypeMissing),
        (
            "a key's description",
            r#"{"name":"projects/p/serviceAccounts/s/keys/k","keyAlgorithm":"KEY_ALG_RSA_2048"}"#.into(),
            Code::KeyIsDescription,
        ),
        ("no private key", without("private_key").into(), Code::KeyFieldMissing),
        ("no e-mail", without("client_email").into(), Code::KeyFieldMissing),
        ("no key id", without("private_key_id").into(), Code::KeyFieldMissing),
        (
            "a null e-mail",
            with("client_email", Value::Null).into(),
            Code::KeyFieldMissing,
        ),
        (
            "a list for a private key",
            with("private_key", json!(["x"])).into(),
            Code::KeyFieldInvalid,
        ),
        (
            "an e-mail that is none",
            with("client_email", json!("loader")).into(),
            Code::KeyEmailInvalid,
        ),
        (
            "an e-mail with a header in it",
            with("client_email", json!("a@b.c\r\nX: y")).into(),
            Code::KeyFieldInvalid,
        ),
        (
            "a key id with a header in it",
            with("private_key_id", json!("a\r\nb")).into(),
            Code::KeyFieldInvalid,
        ),
        ("a blacked-out key", with_pem("<redacted>").into(), Code::KeyRedacted),
        (
            "stars for a key",
            with_pem("-----BEGIN PRIVATE KEY-----\n****\n-----END PRIVATE KEY-----").into(),
            Code::KeyRedacted,
        ),
        ("an empty private key", with_pem("").into(), Code::KeyRedacted),
        (
            "a stranger's token host",
            with("token_uri", json!("https://evil.example/token")).into(),
            Code::KeyForeignTokenHost,
        ),
        (
            "Google's host over plain HTTP",
            with("token_uri", json!("http://oauth2.googleapis.com/token")).into(),
            Code::KeyForeignTokenHost,
        ),
        (
            "a host that looks like Google's",
            with("token_uri", json!("https://oauth2.googleapis.com.evil.example/token")).into(),
            Code::KeyForeignTokenHost,
        ),
        (
            "a host behind Google's name",
            with("token_uri", json!("https://oauth2.googleapis.com@evil.example/token")).into(),
            Code::KeyForeignTokenHost,
        ),
        (
            "an empty token_uri",
            with("token_uri", json!("")).into(),
            Code::KeyFieldInvalid,
        ),
        (
            "an empty universe",
            with("universe_domain", json!("")).into(),
            Code::KeyFieldInvalid,
        ),
        (
            "a token_uri that is no address",
            with("token_uri", json!("localhost")).into(),
            Code::KeyForeignTokenHost,
        ),
        (
            "another cloud",
            with("universe_domain", json!("apis-berlin-build0.goog")).into(),
            Code::KeyForeignUniverse,
        ),
        ("a PEM without its end", with_pem(&PEM[..900]).into(), Code::KeyPemCut),
        ("a PEM without its start", with_pem(&PEM[900..]).into(), Code::KeyPemCut),
        ("a PEM cut in the middle", with_pem(&pem_cut).into(), Code::KeyPemCut),
        (
            "an empty PEM",
            with_pem("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n").into(),
            Code::KeyPemCut,
        ),
        (
            "a letter that cannot be",
            with_pem(&PEM.replacen("MII", "M?I", 1)).into(),
            Code::KeyPemDamaged,
        ),
        (
            "PKCS#1 by its label",
            with_pem(&framed("RSA PRIVATE KEY", pkcs1.as_bytes())).into(),
            Code::KeyPkcs1,
        ),
        (
            "PKCS#1 by what it holds",
            with_pem(&framed("PRIVATE KEY", pkcs1.as_bytes())).into(),
            Code::KeyPkcs1,
        ),
        (
            "a locked key",
            with_pem(&framed("ENCRYPTED PRIVATE KEY", b"x")).into(),
            Code::KeyEncrypted,
        ),
        (
            "an elliptic key by its label",
            with_pem(&framed("EC PRIVATE KEY", &elliptic)).into(),
            Code::KeyNotRsa,
        ),
        (
            "an elliptic key by what it holds",
            with_pem(&framed("PRIVATE KEY", &elliptic)).into(),
            Code::KeyNotRsa,
        ),
        (
            "a public key",
            with_pem(&framed("PUBLIC KEY", b"x")).into(),
            Code::KeyIsPublic,
        ),
        (
            "noise",
            with_pem(&framed("PRIVATE KEY", &[7; 300])).into(),
            Code::KeyUnreadable,
        ),
        (
            "a short key",
            with_pem(&testing::pem(&testing::make(1024))).into(),
            Code::KeyTooWeak,
        ),
    ];
    for (case, bytes, code) in rows {
        let problem = refused(&bytes, case);
        assert_eq!(problem.code(), code, "{case} gave {problem}");
        assert!(
            !problem.title().contains('…') && !problem.explanation().contains('…'),
            "a fact is missing for {case}: {} {}",
            problem.title(),
            problem.explanation()
        );
        let shown = format!("{problem:?} {}", problem.explanation());
        assert!(
            !shown.contains("MIIE"),
            "{case}: a problem must not show the private key"
        );
    }
}

#[test]
fn what_is_wrong_with_the_json_is_named() {
    let text = file_text();
    let rows: Vec<(String, Fact, &str)> = vec![
        (text.replace('"', "”"), Fact::Detail, "a curly quote"),
        (
            text.replace("\"googleapis.com\"", "\"googleapis.com\","),
            Fact::Detail,
            "after a comma",
        ),
        (text.replace("  ", "\u{3000}"), Fact::Detail, "a space of a kind"),
        (file().to_string().replace('"', "'"), Fact::Detail, "a single quote"),
        (format!("{text};"), Fact::Detail, "after the last brace"),
        (format!("{{ // mine\n{}", &text[1..]), Fact::Detail, "a comment"),
        (text[1..].to_owned(), Fact::Found, "the middle of a key"),
        (text[text.len() / 2..].to_owned(), Fact::Found, "the middle of a key"),
        (format!("Here it is: {text}"), Fact::Found, "other text around the key"),
        (
            "https://console.cloud.google.com/".to_owned(),
            Fact::Found,
            "a web address",
        ),
        (KEY_ID.to_owned(), Fact::Found, "the id of a key"),
    ];
    for (text, fact, words) in rows {
        let problem = refused(text.as_bytes(), words);
        assert_eq!(problem.code(), Code::KeyNotJson, "{words}");
        let said = problem.facts().get(fact).unwrap_or_default();
        assert!(said.contains(words), "{words:?} must be said, and this was: {said:?}");
    }
}

#[test]
fn a_piece_of_the_key_in_the_wrong_field_is_not_shown() {
    let letters: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let pieces = [
        &letters[700..900],
        &letters[700..740],
        &letters[700..764],
        &letters[40..],
    ];
    for name in [
        "type",
        "project_id",
        "private_key_id",
        "client_email",
        "token_uri",
        "universe_domain",
    ] {
        for piece in pieces {
            let shown = match read(with(name, json!(piece)).as_bytes()) {
                Ok(key) => format!("{key:?} {:?}", key.project_id),
                Err(problem) => format!("{problem:?} {} {}", problem.title(), problem.explanation()),
            };
            assert!(!shown.contains(&piece[..16]), "{name} shows what stands in it: {shown}");
        }
    }
}

#[test]
fn a_piece_of_the_key_within_another_field_is_not_shown() {
    let letters: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let piece = &letters[700..724];
    for (name, text) in [
        ("type", format!("service{piece}")),
        ("token_uri", format!("https://oauth2.googleapis.com/to{piece}ken")),
        // A scheme that is not the web's keeps the case of a host.
        ("token_uri", format!("httpq://oauth2.googleapis.c{piece}")),
        ("universe_domain", format!("google{piece}apis.com")),
        ("client_email", format!("loader@acme{piece}")),
        ("client_email", format!("loader@acme{piece}.iam.gserviceaccount.com")),
        ("private_key_id", format!("0123{piece}")),
        ("project_id", format!("acme{piece}")),
    ] {
        let shown = match read(with(name, json!(text)).as_bytes()) {
            Ok(key) => format!("{key:?} {} {:?}", key.key_id, key.project_id),
            Err(problem) => format!("{problem:?} {}", problem.explanation()),
        };
        assert!(!shown.contains(&piece[..16]), "{name} shows what stands in it: {shown}");
    }
}

#[test]
fn a_piece_of_the_key_with_slashes_in_it_is_not_shown_either() {
    for email in [
        "loader@acmeiB5sq/hV5QzY/fO8LwtUXwei",
        "loader/iB5sq/hV5QzY@acme",
        "iB5sq.hV5QzY@",
    ] {
        let problem = refused(with("client_email", json!(email)).as_bytes(), email);
        assert_eq!(problem.facts().get(Fact::Found), None, "for {email}");
    }
    let plain = "loader@acme";
    let problem = refused(with("client_email", json!(plain)).as_bytes(), plain);
    assert_eq!(problem.facts().get(Fact::Found), Some(plain), "a plain slip is shown");
}

#[test]
fn letters_of_the_key_alone_are_no_kind_to_show() {
    for (kind, seen) in [
        ("gdch_service_account", Some("gdch_service_account")),
        ("MIIEvQIBADANBgkqhkiG", None),
        ("IBADANBgkq", None),
        ("a b", None),
    ] {
        let problem = refused(with("type", json!(kind)).as_bytes(), kind);
        assert_eq!(problem.facts().get(Fact::Found), seen, "for {kind}");
    }
}

#[test]
fn an_account_that_is_not_googles_kind_is_warned_of() {
    for (email, odd) in [
        ("loader@acme-dw.iam.gserviceaccount.com", false),
        ("123-compute@developer.gserviceaccount.com", false),
        ("loader@acme.example.iam.gserviceaccount.com", false),
        ("somebody@example.com", true),
        ("loader@iam.gserviceaccount.com.example", true),
    ] {
        let key = read(with("client_email", json!(email)).as_bytes()).expect("any address may sign");
        assert_eq!(!key.warnings().is_empty(), odd, "for {email}");
    }
}

#[test]
fn a_token_uri_on_googles_host_is_told_by_what_differs() {
    for (uri, expected) in [
        ("https://evil.example/token", "evil.example"),
        ("https://oauth2.googleapis.com@evil.example/token", "evil.example"),
        (
            "http://oauth2.googleapis.com/token",
            "http://oauth2.googleapis.com/token",
        ),
        (
            "https://oauth2.googleapis.com:8443/token",
            "https://oauth2.googleapis.com:8443/token",
        ),
        (
            "https://me:hunter2@oauth2.googleapis.com/token",
            "another spelling of https://oauth2.googleapis.com/token",
        ),
        (
            "https://OAUTH2.googleapis.com/token",
            "another spelling of https://oauth2.googleapis.com/token",
        ),
        ("https://EVIL.example/token", "at another host"),
        ("/token", "no address at all"),
    ] {
        let problem = refused(with("token_uri", json!(uri)).as_bytes(), uri);
        assert_eq!(problem.facts().get(Fact::Host), Some(expected), "for {uri}");
    }
}

#[test]
fn a_break_in_the_json_is_placed() {
    let problem = refused(b"{\n  \"type\": service_account\n}", "a bare word");
    assert_eq!(
        problem.facts().get(Fact::Position),
        Some("2:11"),
        "line and column of the break"
    );
}

#[test]
fn a_damaged_letter_is_placed_within_the_private_key() {
    let mut letters: Vec<char> = PEM.chars().collect();
    let second_line = PEM.match_indices('\n').nth(1).expect("lines").0 + 1;
    letters[second_line + 2] = '?';
    let problem = refused(
        with_pem(&letters.iter().collect::<String>()).as_bytes(),
        "a damaged letter",
    );
    assert_eq!(
        problem.facts().get(Fact::Position),
        Some("2:3"),
        "second line of letters, third letter"
    );
}

#[test]
fn numbers_that_do_not_fit_together_are_no_key() {
    let other = testing::make(2048);
    let ours = STANDARD
        .decode(PEM.lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .expect("DER");
    let theirs = STANDARD
        .decode(
            testing::pem(&other)
                .lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>(),
        )
        .expect("DER");
    let half = 600;
    let mixed = [&ours[..half], &theirs[half.min(theirs.len())..]].concat();
    let mut mixed = mixed;
    mixed.resize(ours.len(), 1);
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(mixed)
    );
    assert_eq!(
        refused(with_pem(&pem).as_bytes(), "two halves").code(),
        Code::KeyUnreadable
    );
}

#[test]
fn a_key_answer_within_a_key_answer_is_not_unwrapped_for_ever() {
    let mut text = file_text();
    for _ in 0..6 {
        text = json!({"privateKeyData": STANDARD.encode(&text)}).to_string();
    }
    assert_eq!(
        refused(text.as_bytes(), "a nested answer").code(),
        Code::KeyFieldInvalid
    );
}

#[test]
fn no_bytes_make_the_parser_panic() {
    use proptest::prelude::*;
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        failure_persistence: None,
        ..Default::default()
    });
    let bytes = proptest::collection::vec(any::<u8>(), 0..400);
    runner
        .run(&bytes, |bytes| {
            prop_assert!(read(&bytes).is_err());
            Ok(())
        })
        .expect("noise is no key");
    let text = file().to_string();
    runner
        .run(&(0..text.len(), 0..text.len(), "\\PC{0,3}"), |(from, to, put)| {
            let (from, to) = (from.min(to), from.max(to));
            // Any outcome will do, as long as there is one.
            let _ = read(format!("{}{put}{}", &text[..from], &text[to..]).as_bytes());
            Ok(())
        })
        .expect("cuts and insertions never panic");
}
