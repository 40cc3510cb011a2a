//! Validation: by functions, and by a derive.

use garde::Validate;
use ostler::{Format, Options};
use serde::{Deserialize, Serialize};

use super::{problems, toml};

#[test]
fn a_function_finds_all_that_is_wrong_at_once_with_its_place() {
    let builder = toml("port = 1\n[mail]\nfrom = 'x'\n\n[[servers]]\nhost = 'h'\nport = 5\n")
        .validate(|settings, problems| {
            if settings.port < 1024 {
                problems.add("Port", "must be 1024 or more");
            }
            if settings.servers[0].port != 80 {
                problems.add("servers[0].port", "must be 80");
            }
        })
        .validate(|settings, problems| {
            if settings.interval_seconds != 1 {
                problems.add("interval_seconds", "must be 1");
            }
            problems.add("", "is not to my liking\n");
        });
    assert_eq!(
        problems(builder.load()),
        [
            "ostler.toml:1:8: `Port`: must be 1024 or more",
            "ostler.toml:7:8: `servers[0].port`: must be 80",
            "`interval_seconds`: must be 1",
            "is not to my liking\\n",
        ]
    );
}

#[test]
fn a_check_sees_real_values_only() {
    let builder = toml("port = 'x'").validate(|_, problems| problems.add("port", "was seen"));
    assert_eq!(
        problems(builder.load()),
        ["ostler.toml:1:8: `port`: expected a whole number from 0 to 65535, found the text `x`"]
    );
    let builder = toml("").validate(|_, _| panic!("boom"));
    assert_eq!(problems(builder.load()), ["a check of it panicked: boom"]);
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(default, rename_all = "PascalCase")]
struct Checked {
    #[garde(range(min = 1))]
    interval_seconds: u32,
    #[garde(length(min = 2), inner(length(min = 3)))]
    hosts: Vec<String>,
    #[garde(dive)]
    inner: Inner,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(default)]
struct Inner {
    #[garde(range(min = 1, max = 10))]
    workers: u8,
}

#[test]
fn gardes_derive_is_heard() {
    let text = "IntervalSeconds = 0\nHosts = ['ab']\n[Inner]\nWorkers = 11\n";
    let builder =
        || Options::<Checked>::builder().text("a.toml", Format::Toml, text).variables([]).section("").garde();
    assert_eq!(
        problems(builder().load()),
        [
            "a.toml:1:19: `interval_seconds`: lower than 1",
            "a.toml:2:9: `hosts`: length is lower than 2",
            "a.toml:2:10: `hosts[0]`: length is lower than 3",
            "a.toml:4:11: `inner.workers`: greater than 10",
        ]
    );
    let good = "IntervalSeconds = 1\nHosts = ['abc', 'def']\nInner.Workers = 1";
    assert!(
        Options::<Checked>::builder().text("a.toml", Format::Toml, good).variables([]).garde().load().is_ok()
    );
}
