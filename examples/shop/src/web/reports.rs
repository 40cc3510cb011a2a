//! `POST /api/reports/generate` asks for a report, `GET /api/reports/{id}` gives it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::id::Id;
use super::problem::{FieldError, Problem};
use super::{Site, body, json};
use crate::day;
use crate::reports::{Period, PeriodError};
use crate::results::Status;

/// Two dates need fifty bytes.
const MAX_REQUEST: usize = 16 * 1024;

/// What a request asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    period: Period,
    crash: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    report_id: Uuid,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn create(
    State(site): State<Site>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    json::expect(&headers)?;
    let request = body::read(&headers, request, MAX_REQUEST).await?;
    let today =
        day::today().map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let Asked { period, crash } = asked(&request, today, site.app.reports.may_crash())?;
    // It is stored when this returns: whoever gets a 202 gets a report.
    let id = site.app.reports.ask_for(period, crash).await?.as_uuid();
    let location = [(LOCATION, format!("/api/reports/{id}"))];
    Ok((StatusCode::ACCEPTED, location, Json(answer(id, Status::Processing))).into_response())
}

pub(super) async fn show(State(site): State<Site>, Id(id): Id) -> Result<Response, Problem> {
    match site.app.reports.status(id.into()).await? {
        Some(status) => Ok(Json(answer(id, status)).into_response()),
        None => Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no report {id}"))),
    }
}

fn answer(report_id: Uuid, status: Status<Box<RawValue>>) -> Answer {
    let (status, report, reason) = match status {
        Status::Processing => ("Processing", None, None),
        Status::Done(report) => ("Completed", Some(report), None),
        Status::Failed(reason) => ("Failed", None, Some(reason)),
    };
    Answer { report_id, status, report, reason }
}

/// Where reports may not crash, `crash` is a field like any other that nobody knows.
fn asked(request: &[u8], today: Date, may_crash: bool) -> Result<Asked, Problem> {
    let mut fields = json::object(request, StatusCode::BAD_REQUEST)?;
    let mut errors = Vec::new();
    let crash = may_crash && fields.remove("crash") == Some(Value::Bool(true));
    let from = date(&mut fields, "from").unwrap_or_else(|error| noted(&mut errors, error));
    let to = date(&mut fields, "to").unwrap_or_else(|error| noted(&mut errors, error));
    errors.extend(json::unknown(fields));
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    match Period::choose(from, to, today) {
        Ok(period) => Ok(Asked { period, crash }),
        Err(error) => Err(Problem::fields(vec![blame(error)])),
    }
}

fn date(fields: &mut Map<String, Value>, name: &str) -> Result<Option<Date>, FieldError> {
    let date = match fields.remove(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => plain_date(&text),
        Some(_) => None,
    };
    date.map(Some).ok_or_else(|| FieldError::new(name, "must be a date such as \"2026-03-31\""))
}

/// Only `YYYY-MM-DD`; the library would take a date with a time, or one without hyphens, as well.
fn plain_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if is_plain { text.parse().ok() } else { None }
}

fn noted<T>(errors: &mut Vec<FieldError>, error: FieldError) -> Option<T> {
    errors.push(error);
    None
}

fn blame(error: PeriodError) -> FieldError {
    FieldError::new(error.field(), error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
    use jiff::civil::date;
    use ostler_jobs::Client;
    use serde_json::json;

    use super::*;
    use crate::desk::Desk;
    use crate::reports::Reports;
    use crate::web::tests::site;

    #[tokio::test]
    async fn a_full_queue_says_when_to_come_back() {
        let folder = std::env::temp_dir().join(format!("shop-full-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = crate::reports::open_with(&folder, 1).await.unwrap();
        let site = site(Desk::open(1).0, Reports::new(Client::new(store), false));
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let ask =
            async || create(State(site.clone()), headers.clone(), Body::from("{}")).await.into_response();

        assert_eq!(ask().await.status(), StatusCode::ACCEPTED);
        let refused = ask().await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
        assert_eq!(refused.headers()[CONTENT_TYPE], "application/problem+json");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_a_shop_that_allows_it_knows_the_field_crash() {
        let ask = |request: &str, may_crash| asked(request.as_bytes(), date(2026, 3, 31), may_crash);
        assert!(ask(r#"{"crash": true}"#, true).unwrap().crash);
        assert!(!ask(r#"{"crash": 1}"#, true).unwrap().crash && !ask("{}", true).unwrap().crash);
        assert!(ask(r#"{"crash": true}"#, false).is_err());
    }

    fn errors(request: &str) -> Vec<String> {
        let problem = asked(request.as_bytes(), date(2026, 3, 31), false).unwrap_err();
        let problem = serde_json::to_value(problem).unwrap();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn dates_are_read() {
        let request = br#"{"from": "2026-01-01", "to": "2026-01-31"}"#;
        let asked = asked(request, date(2026, 3, 31), false).unwrap();
        assert_eq!(asked.period, Period { from: date(2026, 1, 1), to: date(2026, 1, 31) });
    }

    #[test]
    fn every_mistake_is_told() {
        assert_eq!(errors(r#"{"from": 7, "to": "2026-02-30", "form": 1}"#), ["from", "to", "form"]);
        assert_eq!(errors(r#"{"from": "2026-02-02", "to": "2026-02-01"}"#), ["from"]);
        assert_eq!(errors(r#"{"from": "2020-01-01"}"#), ["from"]);
        assert!(errors("[]").is_empty());
    }

    #[test]
    fn text_that_is_not_json_is_another_matter() {
        let problem = asked(b"{", date(2026, 3, 31), false).unwrap_err();
        assert_eq!(serde_json::to_value(problem).unwrap()["status"], json!(400));
    }

    #[test]
    fn only_plain_dates() {
        assert_eq!(plain_date("2024-02-29"), Some(date(2024, 2, 29)));
        for text in
            ["20240229", "2024-02-29T10:00", "2023-02-29", "24-02-29", "2024/02/29", " 2024-02-2", "２０"]
        {
            assert_eq!(plain_date(text), None, "{text}");
        }
    }
}
