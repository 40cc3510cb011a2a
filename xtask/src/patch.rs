//! Unified diffs: read, and applied to texts in memory. Pure.
//!
//! A part of our own, so that a patch which no longer fits is a failure of the tests, with no program to install.

/// What a patch does to one file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilePatch {
    /// Below the root of the workspace.
    pub(crate) path: String,
    hunks: Vec<Hunk>,
}

/// A run of lines, and what stands there afterwards.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    /// Where it was when the patch was made, counted from 0.
    near: usize,
    old: Vec<String>,
    new: Vec<String>,
}

/// The files that a text patches; what stands before the first `--- ` is for people.
pub(crate) fn read(text: &str) -> Result<Vec<FilePatch>, String> {
    let mut files: Vec<FilePatch> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ") {
            let path = lines.next().and_then(|line| line.strip_prefix("+++ b/"));
            let path = path.ok_or("after `--- ` comes `+++ b/` and a path")?.to_owned();
            files.push(FilePatch { path, hunks: Vec::new() });
        } else if line.starts_with("@@ ") {
            let file = files.last_mut().ok_or("a hunk stands before its file")?;
            let near = near(line).ok_or_else(|| format!("this is no hunk's first line: {line}"))?;
            let mut hunk = Hunk { near, old: Vec::new(), new: Vec::new() };
            while let Some(line) = lines.next_if(|line| !line.starts_with("@@ ") && !line.starts_with("--- "))
            {
                hunk.take(line)?;
            }
            file.hunks.push(hunk);
        }
    }
    if files.is_empty() { Err("it patches nothing".to_owned()) } else { Ok(files) }
}

/// The line number behind `@@ -`.
fn near(line: &str) -> Option<usize> {
    let (number, _) = line.strip_prefix("@@ -")?.split_once([',', ' '])?;
    number.parse::<usize>().ok().map(|number| number.saturating_sub(1))
}

impl Hunk {
    fn take(&mut self, line: &str) -> Result<(), String> {
        // Editors take the blank from an empty line of context.
        let (sign, rest) = if line.is_empty() { (" ", "") } else { line.split_at(1) };
        match sign {
            " " => {
                self.old.push(rest.to_owned());
                self.new.push(rest.to_owned());
            }
            "-" => self.old.push(rest.to_owned()),
            "+" => self.new.push(rest.to_owned()),
            "\\" => {}
            _ => return Err(format!("a line of a hunk begins with a blank, + or -: {line}")),
        }
        Ok(())
    }

    /// Where its old lines stand, as near as can be to where they stood.
    fn place(&self, lines: &[String]) -> Option<usize> {
        let places = (0..(lines.len() + 1).saturating_sub(self.old.len()))
            .filter(|&at| lines[at..at + self.old.len()] == self.old[..]);
        places.min_by_key(|at| at.abs_diff(self.near))
    }
}

impl FilePatch {
    /// The file's text afterwards.
    pub(crate) fn apply(&self, text: &str) -> Result<String, String> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (number, hunk) in self.hunks.iter().enumerate() {
            let at = hunk.place(&lines).ok_or_else(|| {
                format!("hunk {} does not fit {}: its lines are not there", number + 1, self.path)
            })?;
            lines.splice(at..at + hunk.old.len(), hunk.new.iter().cloned());
        }
        Ok(lines.join("\n") + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "\
why: because
--- a/x/y.rs
+++ b/x/y.rs
@@ -2,3 +2,3 @@ fn here
 two
-three
+THREE

@@ -9 +9,2 @@
 nine
+ten
";

    #[test]
    fn lines_are_replaced_where_they_stand() {
        let files = read(PATCH).unwrap();
        assert_eq!(files[0].path, "x/y.rs");
        let moved = "zero\none\ntwo\nthree\n\nfour\nnine\n";
        assert_eq!(files[0].apply(moved).unwrap(), "zero\none\ntwo\nTHREE\n\nfour\nnine\nten\n");
    }

    #[test]
    fn of_two_places_the_nearer_one_is_taken() {
        let files = read("--- a/f\n+++ b/f\n@@ -4 +4 @@\n-a\n+b\n").unwrap();
        assert_eq!(files[0].apply("a\nx\nx\na\n").unwrap(), "a\nx\nx\nb\n");
    }

    #[test]
    fn what_does_not_fit_is_a_mistake() {
        let files = read(PATCH).unwrap();
        assert!(files[0].apply("two\nthree\nfour\n").unwrap_err().contains("hunk 1 does not fit x/y.rs"));
        assert!(read("nothing").is_err());
        assert!(read("--- a/f\n").is_err());
        assert!(read("--- a/f\n+++ b/f\n@@ -1 +1 @@\n?\n").is_err());
    }
}
