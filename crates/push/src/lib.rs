//! What a push service and a browser understand: messages encrypted for one subscription (RFC 8291, RFC 8188), and who
//! sends them (VAPID, RFC 8292).
//!
//! Pure functions on keys and bytes; randomness is handed in. Not here: sending, subscriptions, what is told.

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use p256::ecdh::diffie_hellman;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use sha2::Sha256;

/// The longest message: one record of what every service takes (RFC 8030: 4096 bytes with all that is put around it).
pub const MOST: usize = 3900;
/// The size of a record, as it is declared.
const RECORD: u32 = 4096;

/// A key of ours.
pub struct Key(SecretKey);

impl Key {
    /// From 32 random bytes; almost all are a key.
    pub fn new(bytes: &[u8; 32]) -> Option<Self> {
        SecretKey::from_slice(bytes).ok().map(Self)
    }

    /// What others know it by, as browsers want it.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(point(&self.0.public_key()))
    }

    /// The header `Authorization` of a message to a service: until when (Unix time) we vouch for it, and whom to write to.
    pub fn authorization(&self, audience: &str, until: i64, contact: Option<&str>) -> String {
        let mut claims = serde_json::json!({ "aud": audience, "exp": until });
        if let Some(contact) = contact {
            claims["sub"] = contact.into();
        }
        let head = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let said = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature: Signature = SigningKey::from(&self.0).sign(said.as_bytes());
        format!("vapid t={said}.{}, k={}", URL_SAFE_NO_PAD.encode(signature.to_bytes()), self.public())
    }
}

/// Who can read a message: the keys of a subscription.
pub struct Reader {
    public: PublicKey,
    secret: Vec<u8>,
}

impl Reader {
    /// From what a browser gives: `p256dh` and `auth`.
    pub fn new(p256dh: &str, auth: &str) -> Option<Self> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let public = PublicKey::from_sec1_bytes(&decode(p256dh)?).ok()?;
        let secret = decode(auth).filter(|secret| secret.len() == 16)?;
        Some(Self { public, secret })
    }
}

/// A message that only the reader can read, as the body of a request with `Content-Encoding: aes128gcm`. The key and the salt
/// are used for this message alone. `None` when it is too long.
pub fn encrypt(message: &[u8], to: &Reader, once: &Key, salt: &[u8; 16]) -> Option<Vec<u8>> {
    if message.len() > MOST {
        return None;
    }
    let shared = diffie_hellman(once.0.to_nonzero_scalar(), to.public.as_affine());
    let ours = point(&once.0.public_key());
    let info = [b"WebPush: info\0".as_slice(), &point(&to.public), &ours].concat();
    let mut between = [0; 32];
    derive(&to.secret, shared.raw_secret_bytes(), &info, &mut between)?;
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    derive(salt, &between, b"Content-Encoding: aes128gcm\0", &mut key)?;
    derive(salt, &between, b"Content-Encoding: nonce\0", &mut nonce)?;
    // The mark of the last record.
    let record = [message, &[2]].concat();
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&nonce.into(), record.as_slice()).ok()?;
    let length = u8::try_from(ours.len()).ok()?;
    Some([salt.as_slice(), &RECORD.to_be_bytes(), &[length], &ours, &sealed].concat())
}

fn derive(salt: &[u8], secret: &[u8], info: &[u8], out: &mut [u8]) -> Option<()> {
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, out).ok()
}

fn point(key: &PublicKey) -> Vec<u8> {
    key.to_sec1_point(false).as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_published_example_comes_out() {
        let once = Key::new(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        assert_eq!(
            once.public(),
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
        );
        let reader = Reader::new(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        );
        let message = b"When I grow up, I want to be a watermelon";
        let sent = encrypt(message, &reader.unwrap(), &once, &bytes("DGv6ra1nlYgDCS1FRnbzlw")).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sent),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn what_is_no_key_and_what_is_too_long_is_refused() {
        assert!(Key::new(&[0; 32]).is_none());
        let point = Key::new(&[7; 32]).unwrap().public();
        assert!(Reader::new(&point, "BTBZMqHH6r4Tts7J_aSIgg").is_some());
        assert!(Reader::new(&point, "c2hvcnQ").is_none());
        assert!(Reader::new("BP4z", "BTBZMqHH6r4Tts7J_aSIgg").is_none());
        let reader = Reader::new(&point, "BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        assert!(encrypt(&[0; MOST + 1], &reader, &Key::new(&[7; 32]).unwrap(), &[0; 16]).is_none());
    }
}
