//! Limits of the probe server: no client keeps it from answering another one.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::harness::{ANSWER, Fixture, PATIENCE, ask, assert_between, assert_within};

/// How long a client has to send a header.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// Beyond so many connections the oldest one is ended for each new one.
const MAX_CONNECTIONS: usize = 256;

/// How long is listened between two writes.
const MOMENT: Duration = Duration::from_millis(100);

/// What a read of a connection came to.
#[derive(Debug, PartialEq)]
enum Heard {
    Text(String),
    Nothing,
    Closed,
}

fn hear(stream: &mut TcpStream, within: Duration) -> Heard {
    stream.set_read_timeout(Some(within)).expect("a socket takes a timeout");
    let mut bytes = [0; 4096];
    match stream.read(&mut bytes) {
        Ok(0) => Heard::Closed,
        Ok(length) => Heard::Text(String::from_utf8_lossy(&bytes[..length]).into_owned()),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Heard::Nothing,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Heard::Closed,
            kind => panic!("{kind:?}: {error}"),
        },
    }
}

fn connect(probes: SocketAddr) -> TcpStream {
    TcpStream::connect(probes).expect("the probes listen")
}

/// Half a request.
const HALF: &[u8] = b"GET /livez HTTP/1.1\r\nHost: fixture\r\nX-Slow: ";

/// Says `first`, then `rest` again and again, and returns when the server has closed the connection.
fn time_until_closed(probes: SocketAddr, first: &[u8], rest: &[u8]) -> Duration {
    let began = Instant::now();
    let mut stream = connect(probes);
    stream.write_all(first).expect("the probes read");
    loop {
        match hear(&mut stream, MOMENT) {
            Heard::Closed => return began.elapsed(),
            Heard::Nothing => assert!(began.elapsed() < PATIENCE, "the connection is still open"),
            Heard::Text(text) => panic!("an answer to half a request: {text}"),
        }
        // It fails where the server has just closed it.
        let _ = stream.write_all(rest);
    }
}

#[test]
fn a_header_that_does_not_come_in_time_ends_its_connection() {
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    let clients: [(&str, &[u8], &[u8]); 3] =
        [("half a header", HALF, b""), ("a header byte by byte", HALF, b"x"), ("no header", b"", b"")];
    thread::scope(|scope| {
        for (what, first, rest) in clients {
            scope.spawn(move || {
                let took = time_until_closed(probes, first, rest);
                // At ten seconds all connections end, so that a greater margin would see nothing.
                let limit = HEADER_TIME + Duration::from_secs(4);
                assert_between(HEADER_TIME, HEADER_TIME, limit, took, &format!("{what} to the close"));
            });
        }
    });
    assert_eq!(ask(probes, "GET", "/livez").status, 200);
}

/// Asks with a header of so many bytes, and returns all that comes back.
fn with_header_of(probes: SocketAddr, length: usize) -> String {
    let mut stream = connect(probes);
    let padding = "x".repeat(length);
    let request =
        format!("GET /livez HTTP/1.1\r\nHost: fixture\r\nConnection: close\r\nX-Long: {padding}\r\n\r\n");
    // It may be refused before all of it is sent.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    loop {
        match hear(&mut stream, PATIENCE) {
            Heard::Text(text) => answer.push_str(&text),
            Heard::Closed => return answer,
            Heard::Nothing => panic!("no end of the answer within {PATIENCE:?}: {answer}"),
        }
    }
}

#[test]
fn a_header_that_is_too_long_is_refused() {
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    let first_line = |length| with_header_of(probes, length).lines().next().unwrap_or("closed").to_owned();
    assert_eq!(first_line(8 * 1024), "HTTP/1.1 200 OK");
    let refused = first_line(20 * 1024);
    println!("20 KiB of header: {refused}");
    assert!(refused == "closed" || refused.starts_with("HTTP/1.1 431 "), "{refused}");
    assert_eq!(ask(probes, "GET", "/livez").status, 200);
}

#[test]
fn half_open_connections_do_not_keep_a_probe_from_answering() {
    const HALF_OPEN: usize = MAX_CONNECTIONS + 44;
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    let mut half_open = Vec::new();
    for number in 0..HALF_OPEN {
        let mut stream = connect(probes);
        // Half of them say nothing at all, the others begin a request.
        if number % 2 == 0 {
            // The oldest are ended meanwhile, never the newest.
            stream.write_all(HALF).expect("the probes read");
        }
        half_open.push(stream);
    }
    for path in ["/livez", "/startupz", "/readyz"] {
        let answer = ask(probes, "GET", path);
        assert_eq!(answer.status, if path == "/livez" { 200 } else { 503 });
        assert_within(ANSWER, answer.took, &format!("{path} beside {HALF_OPEN} half-open connections"));
    }
    // The newest first: in five seconds all of them are closed.
    for stream in half_open.iter_mut().rev().take(16) {
        assert_eq!(hear(stream, Duration::from_millis(1)), Heard::Nothing, "a new connection was ended");
    }
    let began = Instant::now();
    for stream in &mut half_open[..HALF_OPEN - MAX_CONNECTIONS] {
        assert_eq!(hear(stream, PATIENCE), Heard::Closed);
    }
    assert_within(ANSWER, began.elapsed(), "the oldest connections to their close");
}

#[test]
fn clients_that_never_read_do_not_stop_others() {
    const GET: &[u8] = b"GET /livez HTTP/1.1\r\nHost: fixture\r\n\r\n";
    const POST: &[u8] = b"POST /livez HTTP/1.1\r\nHost: fixture\r\nContent-Length: 1000000000000\r\n\r\n";
    let mut fixture = Fixture::start(&["probed"]);
    let probes = fixture.probes();
    // Some ask once and then do nothing,
    let silent: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect(probes);
            stream.write_all(GET).expect("the probes read");
            stream
        })
        .collect();
    thread::scope(|scope| {
        // the others go on for ever: the server has to end them.
        let talkers = [("GETs without end", GET, GET), ("a body without end", POST, &[b'x'; 4096][..])]
            .map(|(what, first, rest)| scope.spawn(move || talk(probes, what, first, rest)));
        for _ in 0..20 {
            let answer = ask(probes, "GET", "/livez");
            assert_eq!(answer.status, 200);
            assert!(answer.took <= 3 * ANSWER, "an answer took {:?}", answer.took);
        }
        for talker in talkers {
            let took = talker.join().expect("it is cut off");
            assert_within(Duration::from_secs(10), took, "a client without end to its close");
        }
    });
    let answer = ask(probes, "GET", "/livez");
    assert_within(ANSWER, answer.took, "/livez beside 100 clients that do not read");
    drop(silent);
}

/// Writes and never reads, until the server closes the connection.
fn talk(probes: SocketAddr, what: &str, first: &[u8], rest: &[u8]) -> Duration {
    let began = Instant::now();
    let mut stream = connect(probes);
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    let (mut next, mut written) = (first, 0);
    while began.elapsed() < PATIENCE {
        match stream.write_all(next) {
            Ok(()) => written += next.len(),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                println!("{what}: {written} bytes written, then {error}");
                return began.elapsed();
            }
            Err(error) => panic!("{what}: {error}"),
        }
        next = rest;
    }
    panic!("{what}: not closed, {written} bytes written");
}
