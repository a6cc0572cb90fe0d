//! Reads a service-account key, however it came: dropped, picked or pasted. It whitelists Google's fields, mends what is
//! plainly mendable and says so, and names exactly what a wrong thing is. Nothing here touches the network.

mod file;
mod pem;
mod repair;
mod signing;
mod text;
mod wrong;

#[cfg(test)]
mod cases;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt;

use reqwest::Url;

use crate::ground::problem::{Code, Fact, Problem};
use crate::ground::secret::Secret;

use file::{File, Value};
pub use repair::Repair;
pub use signing::{ServiceAccount, SignError};

/// Larger than this is no key file.
pub const LARGEST_FILE_BYTES: usize = 64 * 1024;

/// What Windows' Credential Manager holds, and so what a key may have.
pub const LARGEST_DER_BYTES: usize = 2560;

/// Where Google's keys may say that tokens come from. We send to the first, whatever the file says.
const TOKEN_URIS: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v4/token",
];

/// A key that was read and will do. It has not been shown to Google yet.
pub struct ServiceAccountKey {
    pub client_email: String,
    pub key_id: String,
    /// The project that owns the service account, where the file says. The dataset may be in another.
    pub project_id: Option<String>,
    /// Size of the RSA modulus.
    pub key_bits: u32,
    /// Bytes of the file or text that was given.
    pub size: usize,
    /// What was mended on the way, in order.
    pub repairs: Vec<Repair>,
    private_key: Secret<Vec<u8>>,
}

impl ServiceAccountKey {
    /// Last four characters of the key's id.
    pub fn key_tail(&self) -> &str {
        tail(&self.key_id)
    }

    /// What is unusual about it and may still be right, one sentence each.
    pub fn warnings(&self) -> Vec<&'static str> {
        let googles = self.client_email.to_ascii_lowercase().ends_with(".gserviceaccount.com");
        if googles {
            Vec::new()
        } else {
            vec![
                "Its client_email does not end in gserviceaccount.com, as those of Google's service accounts do. Test Connection will tell whether Google knows it.",
            ]
        }
    }

    /// The private key as PKCS#8 DER: what the vault keeps.
    pub fn private_key(&self) -> &Secret<Vec<u8>> {
        &self.private_key
    }

    /// The signing half: who signs, with what.
    pub fn into_service_account(self) -> ServiceAccount {
        ServiceAccount::new(self.client_email, self.key_id, self.private_key)
    }
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccountKey({}, …{})", self.client_email, self.key_tail())
    }
}

/// Last four characters of a key's id.
pub fn tail(key_id: &str) -> &str {
    key_id.get(key_id.len().saturating_sub(4)..).unwrap_or(key_id)
}

/// Reads the bytes of a file or of the clipboard. The caller wipes them; every copy made here is wiped.
pub fn read(bytes: &[u8]) -> Result<ServiceAccountKey, Problem> {
    let mut repairs = Vec::new();
    let text = text::decode(bytes, &mut repairs)?;
    let text = text::unwrap(&text, &mut repairs);
    wrong::by_text(&text)?;
    let file = file::parse(&text, &mut repairs)?;
    if let Some(inner) = wrong::wrapped_key(&file) {
        let mut key = read(&inner?)?;
        repairs.push(Repair::ApiAnswer);
        repairs.append(&mut key.repairs);
        return Ok(ServiceAccountKey {
            size: bytes.len(),
            repairs,
            ..key
        });
    }
    wrong::by_fields(&file)?;
    check_hosts(&file)?;

    let client_email = plain(&file.client_email, "client_email")?;
    if !looks_like_email(&client_email) {
        let shown = shown(&client_email, 60).filter(|text| text.contains('@') || text.len() < 20);
        return Err(Problem::new(Code::KeyEmailInvalid).with_some(Fact::Found, shown));
    }
    let key_id = plain(&file.private_key_id, "private_key_id")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !key_id.chars().all(fits) || may_be_of_a_key(&key_id) {
        return Err(Problem::new(Code::KeyFieldInvalid).with(Fact::Name, "private_key_id"));
    }
    let project_id = match &file.project_id {
        Value::Missing => None,
        value => Some(plain(value, "project_id")?).filter(|id| !id.is_empty()),
    };
    if project_id
        .as_deref()
        .is_some_and(|id| shown(id, 100).is_none() || id.contains('/'))
    {
        return Err(Problem::new(Code::KeyFieldInvalid).with(Fact::Name, "project_id"));
    }
    let private_key = match &file.private_key {
        Value::Text(text) => text,
        value => return Err(unusable(value, "private_key")),
    };
    let private_key = pem::read(private_key, &mut repairs)?;
    let key_bits = private_key.lend(|der| pem::check(der))?;
    let account = ServiceAccount::new(client_email, key_id, private_key);
    account
        .prove()
        .map_err(|_| Problem::new(Code::KeyUnreadable).with(Fact::Detail, "its numbers do not fit together"))?;
    let (client_email, key_id, private_key) = account.into_parts();
    Ok(ServiceAccountKey {
        client_email,
        key_id,
        project_id,
        key_bits,
        size: bytes.len(),
        repairs,
        private_key,
    })
}

/// A pasted file is untrusted input: it may not choose the hosts that we talk to.
fn check_hosts(file: &File) -> Result<(), Problem> {
    match &file.token_uri {
        Value::Missing => {}
        Value::Text(uri) if TOKEN_URIS.contains(&uri.trim()) => {}
        Value::Text(uri) if uri.trim().is_empty() => return Err(unusable(&Value::Other, "token_uri")),
        Value::Text(uri) => {
            return Err(Problem::new(Code::KeyForeignTokenHost).with(Fact::Host, address(uri.trim())));
        }
        value @ Value::Other => return Err(unusable(value, "token_uri")),
    }
    match &file.universe_domain {
        Value::Missing => Ok(()),
        Value::Text(domain) if domain.as_str() == "googleapis.com" => Ok(()),
        Value::Text(domain) if domain.trim().is_empty() => Err(unusable(&Value::Other, "universe_domain")),
        Value::Text(domain) => {
            let shown = shown(domain.trim(), 60).filter(|text| text.contains('.'));
            Err(Problem::new(Code::KeyForeignUniverse).with_some(Fact::Found, shown))
        }
        value @ Value::Other => Err(unusable(value, "universe_domain")),
    }
}

/// An address as far as it may be shown: its host, and where that is Google's own, what else is wrong with it.
fn address(uri: &str) -> String {
    let Some(url) = Url::parse(uri).ok().filter(Url::has_host) else {
        return "no address at all".to_owned();
    };
    let host = url.host_str().unwrap_or_default();
    let googles = TOKEN_URIS.iter().any(|known| known.split('/').nth(2) == Some(host));
    if !googles {
        // What stands there as it was written; a host that had to be spelled anew may be a piece of the key.
        let written = Some(host).filter(|host| uri.contains(*host));
        return written
            .and_then(|host| shown(host, 100))
            .unwrap_or_else(|| "at another host".to_owned());
    }
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let whole = format!("{}://{host}{port}{}", url.scheme(), url.path());
    if TOKEN_URIS.contains(&whole.as_str()) {
        // What differs is a name before the host, a question behind the path, or mere spelling.
        return format!("another spelling of {whole}");
    }
    shown(&whole, 100).unwrap_or_else(|| host.to_owned())
}

/// A field's text, where it is safe in a header and on a screen.
fn plain(value: &Value, name: &str) -> Result<String, Problem> {
    match value {
        Value::Text(text) if text.trim().is_empty() && name != "project_id" => Err(unusable(&Value::Missing, name)),
        Value::Text(text) if text.len() <= 512 && text.trim().chars().all(|c| c.is_ascii_graphic()) => {
            Ok(text.trim().to_owned())
        }
        Value::Text(_) => Err(Problem::new(Code::KeyFieldInvalid).with(Fact::Name, name)),
        value => Err(unusable(value, name)),
    }
}

fn unusable(value: &Value, name: &str) -> Problem {
    let code = if matches!(value, Value::Missing) {
        Code::KeyFieldMissing
    } else {
        Code::KeyFieldInvalid
    };
    Problem::new(code).with(Fact::Name, name)
}

fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        !name.is_empty() && domain.contains('.') && name.chars().all(fits) && domain.chars().all(fits)
    }) && !may_be_of_a_key(text)
}

/// Whether it holds a run of letters that is long for a word of a name, and mixes cases as only the letters of a key do.
/// Names are kept and shown; a private key that slipped into one would be, too.
fn may_be_of_a_key(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() >= 20
            && run.contains(|c: char| c.is_ascii_uppercase())
            && run.contains(|c: char| c.is_ascii_lowercase())
    })
}

/// A field's text for a message. Nothing where it could be a piece of a private key that slipped into the wrong field:
/// then it holds letters that no name or address of Google's has, capitals among them, or is long for one.
fn shown(text: &str, longest: usize) -> Option<String> {
    // A piece of a key may fall apart at its slashes into words as short as any: what gives it away are its capitals.
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:@/".contains(c);
    let named = text.split(['/', '.', '@', ':', '-', '_']).all(|word| word.len() <= 32);
    let is_base64 = text.len() > 32 && !text.contains(['.', '@', ':']);
    (!text.is_empty() && text.len() <= longest && text.chars().all(fits) && named && !is_base64)
        .then(|| text.to_owned())
}
