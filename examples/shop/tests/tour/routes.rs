//! What is not there.

use crate::harness::Shop;

#[test]
fn unknown_routes_and_methods_are_problems_too() {
    let shop = Shop::start();
    shop.get("/nothing/here").is_problem(404);
    shop.get("/api/services/").is_problem(404);
    shop.post("/", b"").is_problem(405);
    shop.get("/api/reports/generate").is_problem(405);
    let wrong = shop.get("/api/thumbnails");
    wrong.is_problem(405);
    assert_eq!(wrong.header("allow"), "POST");
}
