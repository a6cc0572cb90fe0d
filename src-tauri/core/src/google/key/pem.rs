//! The private key: from PEM, however pasting has treated it, to PKCS#8 DER.

use base64::DecodeError;
use base64::Engine as _;
use zeroize::Zeroizing;

use super::text::LENIENT;
use super::{LARGEST_DER_BYTES, Repair};
use crate::ground::der::{INTEGER, Items, OBJECT_ID, OCTETS, SEQUENCE, declared};
use crate::ground::problem::{Code, Fact, Problem};
use crate::ground::secret::Secret;

/// 1.2.840.113549.1.1.1, an RSA key.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1, an elliptic-curve key.
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The DER inside the PEM text.
pub(super) fn read(pem: &str, repairs: &mut Vec<Repair>) -> Result<Secret<Vec<u8>>, Problem> {
    let pem = line_ends(pem, repairs);
    let letters = inside_frame(&pem, repairs)?;
    let packed: Zeroizing<Vec<u8>> = Zeroizing::new(letters.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
    if packed.is_empty() {
        return Err(Problem::new(Code::KeyPemCut));
    }
    let der = match LENIENT.decode(packed.as_slice()) {
        Ok(der) => Secret::new(der),
        Err(DecodeError::InvalidByte(at, _)) => {
            return Err(Problem::new(Code::KeyPemDamaged).with(Fact::Position, place(letters, at)));
        }
        Err(_) => return Err(Problem::new(Code::KeyPemCut)),
    };
    der.lend(|bytes| whole(bytes))?;
    Ok(der)
}

/// Whether nothing is missing at the end, by what the first bytes promise.
fn whole(der: &[u8]) -> Result<(), Problem> {
    let promised = declared(der).filter(|_| der[0] == SEQUENCE);
    match promised {
        Some(promised) if promised > der.len() => Err(Problem::new(Code::KeyPemCut)
            .with(Fact::Found, format!("{} bytes", der.len()))
            .with(Fact::Expected, format!("{promised} bytes"))),
        Some(promised) if promised == der.len() => Ok(()),
        _ => Err(Problem::new(Code::KeyUnreadable)),
    }
}

/// Checks that the DER is a PKCS#8 RSA key that we can keep and use, and tells its size in bits.
pub(super) fn check(der: &[u8]) -> Result<u32, Problem> {
    let unreadable = || Problem::new(Code::KeyUnreadable);
    let mut outer = Items::of(Items::of(der).tagged(SEQUENCE).ok_or_else(unreadable)?);
    outer.tagged(INTEGER).ok_or_else(unreadable)?;
    let Some(algorithm) = outer.tagged(SEQUENCE) else {
        // PKCS#1 has the numbers where PKCS#8 names the algorithm.
        return Err(if outer.tagged(INTEGER).is_some() {
            Problem::new(Code::KeyPkcs1)
        } else {
            unreadable()
        });
    };
    match Items::of(algorithm).tagged(OBJECT_ID) {
        Some(RSA) => {}
        Some(ELLIPTIC) => return Err(not_rsa("an elliptic-curve key")),
        _ => return Err(not_rsa("a key of another kind")),
    }
    let numbers = outer
        .tagged(OCTETS)
        .and_then(|octets| Items::of(octets).tagged(SEQUENCE))
        .ok_or_else(unreadable)?;
    let mut numbers = Items::of(numbers);
    numbers.tagged(INTEGER).ok_or_else(unreadable)?;
    let modulus = numbers.tagged(INTEGER).ok_or_else(unreadable)?;
    let first = modulus.iter().position(|b| *b != 0).ok_or_else(unreadable)?;
    let bits = (modulus.len() - first) * 8 - modulus[first].leading_zeros() as usize;
    if bits < 2048 {
        return Err(Problem::new(Code::KeyTooWeak).with(Fact::Found, format!("{bits} bits")));
    }
    if der.len() > LARGEST_DER_BYTES {
        return Err(Problem::new(Code::KeyTooStrong)
            .with(Fact::Found, format!("{bits} bits"))
            .with(Fact::Limit, format!("{LARGEST_DER_BYTES} bytes")));
    }
    u32::try_from(bits).map_err(|_| unreadable())
}

fn not_rsa(found: &str) -> Problem {
    Problem::new(Code::KeyNotRsa).with(Fact::Found, found)
}

/// Undoes what pasting does to line ends.
fn line_ends(pem: &str, repairs: &mut Vec<Repair>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(pem.to_owned());
    if text.contains("\\n") || text.contains("\\r") {
        repairs.push(Repair::DoubledLineEnds);
        while text.contains("\\\\") {
            text = Zeroizing::new(text.replace("\\\\", "\\"));
        }
        text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    }
    if text.contains('\r') {
        repairs.push(Repair::CarriageReturns);
        text = Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    text
}

/// What stands between the BEGIN and END lines.
fn inside_frame<'a>(pem: &'a str, repairs: &mut Vec<Repair>) -> Result<&'a str, Problem> {
    const DASHES: &str = "-----";
    let Some((_, after)) = pem.split_once("-----BEGIN ") else {
        if pem.contains("-----END") {
            return Err(Problem::new(Code::KeyPemCut));
        }
        repairs.push(Repair::LostFrame);
        return Ok(pem.trim());
    };
    let Some((label, rest)) = after.split_once(DASHES) else {
        return Err(Problem::new(Code::KeyPemCut));
    };
    match label {
        "PRIVATE KEY" => {}
        "RSA PRIVATE KEY" => return Err(Problem::new(Code::KeyPkcs1)),
        "ENCRYPTED PRIVATE KEY" => return Err(Problem::new(Code::KeyEncrypted)),
        "EC PRIVATE KEY" => return Err(not_rsa("an elliptic-curve key")),
        "OPENSSH PRIVATE KEY" => return Err(Problem::new(Code::KeyIsSsh)),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => return Err(Problem::new(Code::KeyIsPublic)),
        _ => return Err(not_rsa("a key of another kind")),
    }
    let Some((inside, _)) = rest.split_once("-----END") else {
        return Err(Problem::new(Code::KeyPemCut));
    };
    if !inside.trim_end_matches(' ').ends_with('\n') || !inside.trim_start_matches(' ').starts_with('\n') {
        repairs.push(Repair::LostLineEnds);
    }
    Ok(inside)
}

/// Line and column, within the letters, of the letter at this place when spaces are not counted.
fn place(letters: &str, at: usize) -> String {
    let (mut line, mut column, mut seen) = (1, 0, 0);
    for b in letters.trim_start().bytes() {
        if b == b'\n' {
            line += 1;
            column = 0;
            continue;
        }
        column += 1;
        if !b.is_ascii_whitespace() {
            if seen == at {
                break;
            }
            seen += 1;
        }
    }
    format!("{line}:{column}")
}
