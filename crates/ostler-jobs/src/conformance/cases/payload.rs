//! Payloads: the same verdict for every store, and what is taken comes back as it was.

use crate::conformance::corpus::payloads;
use crate::conformance::stand::{KEEP, Stand, row};
use crate::error::ErrorKind;
use crate::payload::{self, PayloadError};
use crate::store::{End, NewRow, Store};

pub async fn every_payload_that_is_one_comes_back_unchanged<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for case in payloads().into_iter().filter(|case| case.verdict.is_ok()) {
        let text = std::str::from_utf8(&case.bytes).unwrap();
        let job = stand.add(NewRow::new("mail", "q", text).unwrap()).await;
        let claim = stand.claim(worker, 1).await.unwrap();
        assert_eq!(claim.jobs[0].id, job);
        assert!(&*claim.jobs[0].args == text, "{} came back changed", case.name);
    }
}

pub async fn what_is_no_payload_is_refused<S: Store>(stand: Stand<S>) {
    for case in payloads() {
        assert_eq!(payload::check(&case.bytes, payload::DEFAULT_LIMIT), case.verdict, "{}", case.name);
        let Ok(text) = std::str::from_utf8(&case.bytes) else { continue };
        let row = NewRow::new("mail", "q", text);
        assert_eq!(row.as_ref().map(drop).map_err(as_payload_error), case.verdict.map_err(Some));
    }
    assert!(stand.store.counts().await.unwrap().is_empty());
}

/// What a store's error says of a payload.
fn as_payload_error(error: &crate::error::StoreError) -> Option<PayloadError> {
    assert_eq!(error.kind(), ErrorKind::Invalid);
    std::error::Error::source(error)?.downcast_ref().copied()
}

pub async fn a_result_comes_back_unchanged<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    let large = format!("{:?}", "x".repeat(crate::policy::MAX_RESULT - 2));
    for text in ["null", r#"{"a": "Zoë 🦀"}"#, &large] {
        let end = End::Done { result: Some(text.into()) };
        let job = stand.ended(worker, row("mail"), end, KEEP).await;
        assert_eq!(stand.status(job).await.result.as_deref(), Some(text));
    }
}

pub async fn texts_of_people_come_back_unchanged<S: Store>(stand: Stand<S>) {
    let worker = stand.join().await;
    for text in ["", "it's; DROP TABLE jobs --", "zwei\nZeilen\t🦀", "100 % ? $1 :a"] {
        let job = stand.ended(worker, row("mail"), End::Dead { error: text.into() }, KEEP).await;
        assert_eq!(stand.status(job).await.error.as_deref(), Some(text));
        let end = End::Cancelled { reason: text.into() };
        let job = stand.ended(worker, row("mail"), end, KEEP).await;
        assert_eq!(stand.status(job).await.error.as_deref(), Some(text));
    }
}
