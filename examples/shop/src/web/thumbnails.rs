//! `POST /api/thumbnails` takes a picture, `GET /api/thumbnails/{id}` gives the thumbnail.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::id::Id;
use super::problem::Problem;
use super::{Site, body};
use crate::results::Status;
use crate::thumbnails::is_supported;

/// Enough for most photos. In memory there are at most the uploads that wait (100 of them, by
/// `WAITING_UPLOADS`), those of four workers, and one for each connection that is sending.
const MAX_UPLOAD: usize = 4 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    thumbnail_id: Uuid,
    status: &'static str,
}

pub(super) async fn create(
    State(site): State<Site>,
    headers: HeaderMap,
    upload: Body,
) -> Result<Response, Problem> {
    if let Some(refused) = site.app.thumbnails.refuses() {
        body::throw_away(&headers, upload).await;
        return Err(refused.into());
    }
    let upload = body::read(&headers, upload, MAX_UPLOAD).await?;
    if upload.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the body is empty; send a PNG or JPEG picture"));
    }
    if !is_supported(&upload) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is neither PNG nor JPEG"));
    }
    let id = site.app.thumbnails.hand_in(upload)?;
    Ok(([(LOCATION, format!("/api/thumbnails/{id}"))], processing(id)).into_response())
}

pub(super) async fn show(State(site): State<Site>, Id(id): Id) -> Result<Response, Problem> {
    match site.app.thumbnails.ask(id) {
        Some(Status::Done(png)) => Ok(([(CONTENT_TYPE, "image/png")], png).into_response()),
        Some(Status::Processing) => Ok(processing(id)),
        Some(Status::Failed(reason)) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("the thumbnail could not be made: {reason}"),
        )),
        None => Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no thumbnail {id}"))),
    }
}

fn processing(thumbnail_id: Uuid) -> Response {
    (StatusCode::ACCEPTED, Json(Accepted { thumbnail_id, status: "Processing" })).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::header::RETRY_AFTER;
    use ostler_jobs::{Client, MemoryStore};

    use super::*;
    use crate::desk::Desk;
    use crate::reports::Reports;
    use crate::web::tests::site;

    #[tokio::test]
    async fn a_full_queue_refuses_before_it_looks_at_the_body() {
        let (thumbnails, _nobody_works) = Desk::open(1);
        thumbnails.hand_in(Bytes::new()).unwrap();
        let site = site(thumbnails, Reports::new(Client::new(MemoryStore::new()), false));
        let refused = create(State(site), HeaderMap::new(), Body::from("no picture")).await.into_response();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
    }
}
