//! What `strace` writes, read: the calls that change files, in the order in which they returned.

use std::collections::HashMap;
use std::path::PathBuf;

/// A call that changes a file, or makes its changes last.
pub(crate) enum Call {
    Write { path: PathBuf, at: usize, data: Vec<u8> },
    Truncate { path: PathBuf, length: usize },
    Sync { path: PathBuf },
    Remove { path: PathBuf },
}

pub(crate) fn read(trace: &str) -> Vec<Call> {
    let (mut begun, mut places) = (HashMap::new(), HashMap::new());
    let whole = trace.lines().filter_map(|line| whole(line, &mut begun));
    whole.filter_map(|line| call(&line, &mut places)).collect()
}

/// The call without its process number; `None` for a part whose rest comes later.
fn whole(line: &str, begun: &mut HashMap<String, String>) -> Option<String> {
    let (process, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    if let Some(part) = rest.strip_suffix("<unfinished ...>") {
        begun.insert(process.to_owned(), part.trim_end().to_owned());
        return None;
    }
    if rest.starts_with("<... ") {
        let end = rest.split_once("resumed>")?.1.trim_start_matches([' ', ',']);
        let start = begun.remove(process)?;
        let comma =
            if start.ends_with('(') || start.ends_with(',') || end.starts_with(')') { "" } else { ", " };
        return Some(format!("{start}{comma}{end}"));
    }
    Some(rest.to_owned())
}

/// `places`: where each open file stands, for a `write` without an offset.
fn call(line: &str, places: &mut HashMap<String, usize>) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ")?;
    let result: i64 = result.split([' ', '<']).next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    if name == "unlink" {
        return Some(Call::Remove { path: PathBuf::from(text(arguments)) });
    }
    let file = file(arguments)?;
    let path = PathBuf::from(&file.path);
    let length = usize::try_from(result).ok()?;
    match name {
        "pwrite64" => {
            let at = arguments.rsplit(", ").next()?.parse().ok()?;
            Some(Call::Write { path, at, data: written(arguments, length) })
        }
        "write" => {
            let at = places.entry(file.key).or_insert(0);
            let write = Call::Write { path, at: *at, data: written(arguments, length) };
            *at += length;
            Some(write)
        }
        "lseek" => {
            places.insert(file.key, length);
            None
        }
        "fsync" | "fdatasync" => Some(Call::Sync { path }),
        "ftruncate" => {
            let length = arguments.rsplit(", ").next()?.parse().ok()?;
            Some(Call::Truncate { path, length })
        }
        _ => None,
    }
}

struct Open {
    key: String,
    path: String,
}

/// `7<\x2f\x74..>, ..`: the number of an open file, and where that is.
fn file(arguments: &str) -> Option<Open> {
    let (number, rest) = arguments.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some(Open { key: format!("{number}{path}"), path: String::from_utf8(bytes(path)).ok()? })
}

fn written(arguments: &str, length: usize) -> Vec<u8> {
    let quoted =
        arguments.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map_or("", |(data, _)| data);
    let data = bytes(quoted);
    assert_eq!(data.len(), length, "the trace holds all that was written");
    data
}

fn text(arguments: &str) -> String {
    let quoted = arguments.trim_matches('"');
    String::from_utf8(bytes(quoted)).unwrap()
}

/// Of `\x2f\x74` two bytes; where nothing is escaped, the text as it is.
fn bytes(text: &str) -> Vec<u8> {
    if !text.contains("\\x") {
        return text.as_bytes().to_vec();
    }
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap()).collect()
}

#[test]
fn calls_are_read_whole_and_in_order() {
    let trace = r#"10 openat(AT_FDCWD, "\x61", O_RDWR) = 3</a>
10 pwrite64(3<\x2f\x61>, "\x01\x02", 2, 4096) = 2
10 write(4</b>, "\x0a", 1 <unfinished ...>
11 fdatasync(3</a> <unfinished ...>
10 <... write resumed>) = 1
11 <... fdatasync resumed>) = 0
10 write(4</b>, "\x0b", 1) = 1
10 ftruncate(3</a>, 8192) = 0
10 fsync(5</c>) = -1 EIO (Input/output error)
10 unlink("\x2f\x62") = 0
"#;
    let told: Vec<String> = read(trace)
        .into_iter()
        .map(|call| match call {
            Call::Write { path, at, data } => format!("write {} {at} {data:?}", path.display()),
            Call::Truncate { path, length } => format!("truncate {} {length}", path.display()),
            Call::Sync { path } => format!("sync {}", path.display()),
            Call::Remove { path } => format!("remove {}", path.display()),
        })
        .collect();
    assert_eq!(
        told,
        [
            "write /a 4096 [1, 2]",
            "write /b 0 [10]",
            "sync /a",
            "write /b 1 [11]",
            "truncate /a 8192",
            "remove /b"
        ]
    );
}
