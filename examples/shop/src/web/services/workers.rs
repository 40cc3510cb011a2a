//! `POST /api/services/{name}/workers` gives a consumer another number of workers.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ostler::MAX_WORKERS;
use serde_json::{Map, Value};

use super::control::Control;
use super::operation::{Progress, accepted};
use crate::web::id::Name;
use crate::web::problem::{FieldError, Problem};
use crate::web::{body, json};

/// One number needs twenty bytes.
const MAX_REQUEST: usize = 1024;

const COUNT: &str = "count";

pub(super) async fn resize(
    State(control): State<Control>,
    Name(name): Name,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    // First: whoever mistypes the name should hear of that.
    control.unit(&name)?;
    json::expect(&headers)?;
    let request = body::read(&headers, request, MAX_REQUEST).await?;
    let workers = count(json::object(&request, StatusCode::UNPROCESSABLE_ENTITY)?)?;
    let (host, unit) = (control.host.clone(), name.clone());
    match control.carry_out(async move { host.resize(&unit, workers).await }).await? {
        Progress::UnderWay => Ok(accepted(&name)),
        Progress::Done => Ok(Json(control.unit(&name)?).into_response()),
    }
}

fn count(mut fields: Map<String, Value>) -> Result<usize, Problem> {
    let count = whole(fields.remove(COUNT));
    let mut errors: Vec<FieldError> = count.as_ref().err().cloned().into_iter().collect();
    errors.extend(json::unknown(fields));
    match count {
        Ok(count) if errors.is_empty() => Ok(count),
        _ => Err(Problem::fields(errors)),
    }
}

fn whole(value: Option<Value>) -> Result<usize, FieldError> {
    let count = value.as_ref().and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    count.filter(|count| (1..=MAX_WORKERS).contains(count)).ok_or_else(|| {
        FieldError::new(COUNT, format!("must be a whole number from 1 to {MAX_WORKERS}, such as 4"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fields: Value) -> Result<usize, Vec<String>> {
        let Value::Object(fields) = fields else { panic!("{fields} is no object") };
        count(fields).map_err(|problem| {
            let problem = serde_json::to_value(problem).unwrap();
            let errors = problem["errors"].as_array().unwrap();
            errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
        })
    }

    #[test]
    fn whole_numbers_within_the_limits_are_read() {
        assert_eq!(read(json!({"count": 1})), Ok(1));
        assert_eq!(read(json!({"count": MAX_WORKERS})), Ok(MAX_WORKERS));
    }

    #[test]
    fn everything_else_is_blamed_on_its_field() {
        let counts =
            [json!(0), json!(-1), json!(MAX_WORKERS + 1), json!(1e300), json!("4"), json!(2.5), json!(null)];
        for count in counts {
            assert_eq!(read(json!({"count": count})), Err(vec!["count".into()]), "{count}");
        }
        assert_eq!(read(json!({})), Err(vec!["count".into()]));
        assert_eq!(read(json!({"count": 4, "speed": 1})), Err(vec!["speed".into()]));
        assert_eq!(read(json!({"counts": 4})), Err(vec!["count".into(), "counts".into()]));
    }
}
