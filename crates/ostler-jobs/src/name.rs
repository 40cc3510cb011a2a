//! Names of kinds and queues: what is allowed in one.

use std::sync::Arc;

use crate::error::StoreError;

/// The longest name, in bytes.
pub const MAX_NAME: usize = 128;

/// The name, where it is allowed: 1 to [`MAX_NAME`] of `A-Z a-z 0-9 _ . : -`.
///
/// # Errors
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), which tells the `field` and what is allowed.
pub fn checked(field: &'static str, name: &str) -> Result<Arc<str>, StoreError> {
    if is_allowed(name) {
        return Ok(name.into());
    }
    let shown: String = name.chars().take(40).collect();
    Err(StoreError::invalid(format!(
        "{field} {shown:?} is not allowed: 1 to {MAX_NAME} of A-Z a-z 0-9 _ . : -"
    )))
}

/// Whether it is.
pub fn is_allowed(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["mail", "A-z_0.9:x", &"n".repeat(128)] {
            assert!(is_allowed(name), "{name}");
        }
        for name in ["", " ", "a b", "ä", "a/b", "a\n", &"n".repeat(129)] {
            assert!(!is_allowed(name), "{name}");
        }
        let error = checked("queue", "a b").unwrap_err().to_string();
        assert!(error.starts_with("queue \"a b\" is not allowed: 1 to 128 of"), "{error}");
    }
}
