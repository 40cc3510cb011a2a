//! Requests in JSON. Their fields are read one by one, and not by a derived type, so that all mistakes are told at
//! once and each by the name of its field.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::problem::{FieldError, Problem};

/// Refuses a request that does not say that it is JSON.
pub(super) fn expect(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        Ok(())
    } else {
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json"))
    }
}

/// The fields of the object that `request` is; text that is not JSON at all is answered with `if_malformed`.
pub(super) fn object(request: &[u8], if_malformed: StatusCode) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(request) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the body must be a JSON object")),
        Err(error) => Err(Problem::new(if_malformed, format!("the body is not JSON: {error}"))),
    }
}

/// The complaints about fields that nobody has asked for.
pub(super) fn unknown(fields: Map<String, Value>) -> impl Iterator<Item = FieldError> {
    fields.into_iter().map(|(name, _)| FieldError::new(name, "is not a known field"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn json_by_any_of_its_names() {
        let check = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            is_json(&headers)
        };
        assert!(
            check("application/json")
                && check("Application/JSON; charset=utf-8")
                && check("application/x+json")
        );
        assert!(!check("text/json") && !check("") && !is_json(&HeaderMap::new()));
    }
}
