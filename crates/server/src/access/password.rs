//! Passwords: hashed with argon2id, compared with the same effort whether the user exists or not, few at once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// The shortest and the longest password.
const LENGTHS: std::ops::RangeInclusive<usize> = 10..=256;
/// Hashes computed at once: each takes 19 MiB and most of a core.
static PLACES: Semaphore = Semaphore::const_new(2);
/// Of no password; who is not known is compared with it.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2lkZWtpY2tub2JvZHkxMg$\
    MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// What is wrong with a new password, if anything.
pub(crate) fn complaint(password: &str) -> Option<&'static str> {
    let fits = LENGTHS.contains(&password.chars().count()) && password.len() <= 1024;
    (!fits).then_some("a password has 10 to 256 characters")
}

/// The hash that is kept.
pub(crate) async fn hash(password: String) -> Option<String> {
    let _place = PLACES.acquire().await.ok()?;
    let hashing =
        move || Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string());
    tokio::task::spawn_blocking(hashing).await.ok()?
}

/// Whether it is the password of that hash; without a hash it takes as long, and is not.
pub(crate) async fn is_right(password: String, hash: Option<String>) -> bool {
    if password.len() > 1024 {
        return false;
    }
    let Ok(_place) = PLACES.acquire().await else { return false };
    let comparing = move || {
        let known = hash.is_some();
        let hash = hash.as_deref().unwrap_or(NOBODYS);
        let fits = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        fits && known
    };
    tokio::task::spawn_blocking(comparing).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_fits_and_nobody_costs_as_much() {
        let kept = hash("correct horse".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("horse"));
        assert!(is_right("correct horse".into(), Some(kept.clone())).await);
        assert!(!is_right("correct horsf".into(), Some(kept)).await);
        // The comparison with nobody's hash really computes one: it is well-formed, of the same cost.
        let nobody = PasswordHash::new(NOBODYS).unwrap();
        let params = argon2::Params::try_from(&nobody).unwrap();
        assert_eq!(params.m_cost(), argon2::Params::DEFAULT.m_cost());
        assert_eq!(params.t_cost(), argon2::Params::DEFAULT.t_cost());
        assert!(!is_right("x".into(), None).await);
    }

    #[test]
    fn short_ones_are_refused() {
        assert!(complaint("123456789").is_some());
        assert!(complaint("1234567890").is_none());
        assert!(complaint(&"x".repeat(257)).is_some());
    }
}
