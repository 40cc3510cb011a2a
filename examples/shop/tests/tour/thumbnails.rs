//! Pictures go in, thumbnails come out.

use image::ImageFormat;

use crate::harness::{Shop, picture};

#[test]
fn a_png_and_a_jpeg_become_thumbnails() {
    let shop = Shop::start();
    for (format, width, height, expected) in
        [(ImageFormat::Png, 800, 400, (160, 80)), (ImageFormat::Jpeg, 300, 900, (53, 160))]
    {
        let accepted = shop.post("/api/thumbnails", &picture(width, height, format));
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        assert_eq!(accepted.json()["status"], "Processing");
        let place = accepted.header("location").to_owned();
        assert_eq!(place, format!("/api/thumbnails/{}", accepted.json()["thumbnailId"].as_str().unwrap()));

        let done = shop.finished(&place);
        assert_eq!((done.status, done.kind()), (200, "image/png"));
        let small = image::load_from_memory_with_format(&done.body, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), expected);
    }
}

#[test]
fn thumbnails_refuse_what_they_cannot_use() {
    let shop = Shop::start();
    shop.post("/api/thumbnails", b"").is_problem(400);
    shop.post("/api/thumbnails", b"hello").is_problem(415);
    shop.post("/api/thumbnails", b"GIF89a.......").is_problem(415);
    let mut large = picture(8, 8, ImageFormat::Png);
    large.resize(4 * 1024 * 1024 + 1, 0);
    shop.post("/api/thumbnails", &large).is_problem(413);
    large.pop();
    assert_eq!(shop.post("/api/thumbnails", &large).status, 202, "the limit itself is allowed");

    shop.get("/api/thumbnails/not-a-uuid").is_problem(400);
    shop.get("/api/thumbnails/00000000-0000-4000-8000-000000000000").is_problem(404);

    let broken = shop.post("/api/thumbnails", b"\x89PNG\r\n\x1a\nand then nothing of the kind");
    assert_eq!(broken.status, 202);
    let problem = shop.finished(broken.header("location")).is_problem(422);
    assert!(
        problem["detail"].as_str().unwrap().starts_with("the thumbnail could not be made: "),
        "{problem}"
    );
}

#[test]
fn a_full_queue_refuses_and_a_stop_finishes_what_was_accepted() {
    let mut shop = Shop::start();
    let slow = picture(2_000, 2_000, ImageFormat::Png);
    let mut accepted = Vec::new();
    let refused = loop {
        assert!(accepted.len() < 2_000, "the queue never filled");
        let response = shop.post("/api/thumbnails", &slow);
        match response.status {
            202 => accepted.push(response.json()["thumbnailId"].as_str().unwrap().to_owned()),
            _ => break response,
        }
    };
    refused.is_problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(accepted.len() > 100, "only {} were accepted", accepted.len());

    shop.terminate();
    let (status, printed) = shop.ended();
    assert_eq!(status.code(), Some(0), "{printed}\n{}", shop.log());
    let unfinished: Vec<&String> = accepted
        .iter()
        .filter(|id| !shop.log_lines().iter().any(|l| l.contains("thumbnail ready") && l.contains(*id)))
        .collect();
    assert!(
        unfinished.is_empty(),
        "{} of {} were not finished:\n{printed}",
        unfinished.len(),
        accepted.len()
    );
    for worker in 1..=4 {
        let name = format!("\"worker\":{worker}");
        let made = |line: &String| line.contains("thumbnail ready") && line.contains(&name);
        assert!(shop.log_lines().iter().any(made), "{name} made none");
    }
}

#[test]
fn the_sample_becomes_a_thumbnail() {
    let shop = Shop::start();
    let sample = shop.get("/sample.png");
    assert_eq!((sample.status, sample.kind()), (200, "image/png"));
    let done = shop.finished(shop.post("/api/thumbnails", &sample.body).header("location"));
    let small = image::load_from_memory_with_format(&done.body, ImageFormat::Png).unwrap();
    assert_eq!((small.width(), small.height()), (160, 120));
}
