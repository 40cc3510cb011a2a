//! The command line.

use std::net::TcpListener;

use crate::harness::{run, temporary};

#[test]
fn mistakes_in_the_settings_have_their_exit_codes() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = temporary();
    std::fs::write(&file, "in the way").unwrap();
    let file = file.to_str().unwrap();

    let (code, text) = run(&["--no-such-flag"]);
    assert_eq!(code, 2, "{text}");
    let (code, text) = run(&["--listen", "nowhere"]);
    assert!(code == 2 && text.contains("--listen"), "{code}: {text}");
    let (code, text) = run(&["--help"]);
    assert!(code == 0 && text.contains("Exit codes") && text.contains("--data <DIR>"), "{code}: {text}");
    for flag in ["--listen", "--probes"] {
        let other = if flag == "--listen" { "--probes" } else { "--listen" };
        let (code, text) = run(&[flag, &taken, other, "127.0.0.1:0"]);
        assert!(code == 78 && text.contains(flag) && text.contains(&taken), "{code}: {text}");
    }
    let (code, text) = run(&["--data", file, "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0"]);
    assert!(code == 78 && text.contains("--data") && text.contains(file), "{code}: {text}");
    std::fs::remove_file(file).unwrap();
}
