//! The front page and its style.

use crate::harness::{Shop, UNITS};

#[test]
fn the_page_shows_every_unit_and_no_script() {
    let shop = Shop::start();
    let page = shop.get("/");
    assert_eq!((page.status, page.kind()), (200, "text/html; charset=utf-8"));
    for unit in UNITS {
        assert!(
            page.text().contains(&format!(r#"<th scope="row">{unit}</th>"#)),
            "{unit} is not on the page"
        );
    }
    assert!(page.text().contains(r#"<meta http-equiv="refresh" content="5">"#));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    assert!(!page.text().contains("<script") && !page.text().contains("style="));
    let style = shop.get("/style.css");
    assert_eq!((style.status, style.kind()), (200, "text/css; charset=utf-8"));
}

#[test]
fn the_page_has_a_line_to_try_for_every_route() {
    let shop = Shop::start();
    let page = shop.get("/").text().replace("&#39;", "'");
    let (app, probes) = (shop.app, shop.probes);
    for line in [
        format!("curl -s http://{app}/sample.png | curl -i --data-binary @- http://{app}/api/thumbnails"),
        format!("curl -o small.png http://{app}/api/thumbnails/ID"),
        format!("curl -i -H 'content-type: application/json' -d '{{}}' http://{app}/api/reports/generate"),
        format!("curl http://{app}/api/reports/ID"),
        format!("curl -i -X POST http://{app}/api/services/cleanup/trigger"),
        format!("curl http://{app}/"),
        format!("curl http://{probes}/readyz"),
        format!("curl http://{probes}/livez"),
        format!("curl http://{probes}/startupz"),
    ] {
        assert!(page.contains(&format!("<code>{line}</code>")), "{line} is not on the page:\n{page}");
    }
}
