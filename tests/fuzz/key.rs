//! Key files: whatever is wrong with one or right, no piece of the key is in what is said and kept of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::{Value, json};
use tapline_core::google::key;

/// As long a run of a key's letters as could be a piece of one, and is no word of ours.
const PIECE: usize = 24;

pub fn read(came: &[u8]) {
    let said = match key::read(came) {
        Err(problem) => format!("{problem:?} {} {}", problem.title(), problem.explanation()),
        Ok(key) => format!("{key:?} {} {} {:?}", key.client_email, key.key_id, key.project_id),
    };
    for piece in pieces(came) {
        assert!(!said.contains(piece), "a piece of what may be a key is told: {said}");
    }
}

/// Runs of base64 that hold capitals, small letters and digits, as keys do and names do not.
fn pieces(came: &[u8]) -> impl Iterator<Item = &str> {
    came.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'+' && *byte != b'/')
        .filter(|run| run.len() >= PIECE)
        .flat_map(|run| run.chunks_exact(PIECE))
        .filter(|piece| {
            let holds = |kind: fn(&u8) -> bool| piece.iter().any(kind);
            holds(u8::is_ascii_uppercase) && holds(u8::is_ascii_lowercase) && holds(u8::is_ascii_digit)
        })
        .filter_map(|piece| std::str::from_utf8(piece).ok())
}

pub fn seeds() -> Vec<Vec<u8>> {
    let made = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).expect("a fresh RSA key");
    let pem = made.to_pkcs8_pem(LineEnding::LF).expect("a PEM").to_string();
    let whole = json!({
        "type": "service_account",
        "project_id": "acme-dw",
        "private_key_id": "0123456789abcdef0123456789abcdef0123a1b2",
        "private_key": pem,
        "client_email": "loader@acme-dw.iam.gserviceaccount.com",
        "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    });
    let with = |name: &str, value: &Value| {
        let mut file = whole.clone();
        file[name] = value.clone();
        file.to_string()
    };
    let doubled = whole.to_string().replace("\\n", "\\\\n");
    let answer = json!({"name": "projects/p/keys/k", "privateKeyData": STANDARD.encode(whole.to_string())});
    vec![
        whole.to_string(),
        format!("\u{feff}{whole:#}"),
        format!("export GOOGLE_KEY='{whole}'"),
        doubled,
        answer.to_string(),
        pem.clone(),
        with("client_email", &json!(pem)),
        with("type", &json!("authorized_user")),
        with("token_uri", &json!("https://evil.example/token")),
        with("private_key", &json!(&pem[..pem.len() / 2])),
        json!({"installed": {"client_id": "x", "client_secret": "y"}}).to_string(),
        "<html><body>Sign in</body></html>".to_owned(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}
