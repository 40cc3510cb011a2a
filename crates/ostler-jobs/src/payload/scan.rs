//! The reader of a payload: one pass over its bytes, without recursion, and without an allocation unless keys are
//! many or escaped.
//!
//! It builds nothing. It answers with the first thing that is wrong, and where.

use std::borrow::Cow;

use super::keys::Keys;
use super::{MAX_DEPTH, PayloadError};

/// Whether this text is JSON that every store can keep, whatever its size.
pub(super) fn scan(text: &str) -> Result<(), PayloadError> {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, depth: 0, objects: 0, keys: Keys::default() };
    scan.values()?;
    scan.space();
    if scan.at < scan.bytes.len() { Err(scan.syntax()) } else { Ok(()) }
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many arrays and objects are open.
    depth: usize,
    /// Which of them are objects: one bit each, the innermost the lowest.
    objects: u128,
    keys: Keys<'a>,
}

impl<'a> Scan<'a> {
    /// One value, and all that stands in it.
    fn values(&mut self) -> Result<(), PayloadError> {
        loop {
            self.space();
            let opened = self.opens_or_scalar()?;
            if opened && !self.closes_at_once() {
                self.key_of_object()?;
                continue;
            }
            if !self.next_in_open()? {
                return Ok(());
            }
        }
    }

    /// Reads a scalar, or opens an array or an object; whether it opened one.
    fn opens_or_scalar(&mut self) -> Result<bool, PayloadError> {
        match self.peek() {
            Some(b'{') => self.open(true).map(|()| true),
            Some(b'[') => self.open(false).map(|()| true),
            Some(b'"') => self.string().map(|_escaped| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word("true").map(|()| false),
            Some(b'f') => self.word("false").map(|()| false),
            Some(b'n') => self.word("null").map(|()| false),
            _ => Err(self.syntax()),
        }
    }

    /// Goes on after a value: closes what ends here; whether another value follows.
    fn next_in_open(&mut self) -> Result<bool, PayloadError> {
        while self.depth > 0 {
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
                self.space();
                return self.key_of_object().map(|()| true);
            }
            if !self.closes() {
                return Err(self.syntax());
            }
        }
        Ok(false)
    }

    fn open(&mut self, object: bool) -> Result<(), PayloadError> {
        if self.depth == MAX_DEPTH {
            return Err(PayloadError::TooDeep(self.at));
        }
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        if object {
            self.keys.open();
        }
        Ok(())
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects & 1 == 1
    }

    /// Closes what was just opened, where nothing is in it.
    fn closes_at_once(&mut self) -> bool {
        self.space();
        self.closes()
    }

    /// Closes the innermost, where its end is here.
    fn closes(&mut self) -> bool {
        let end = if self.in_object() { b'}' } else { b']' };
        if self.peek() != Some(end) {
            return false;
        }
        if self.in_object() {
            self.keys.close();
        }
        self.at += 1;
        self.depth -= 1;
        self.objects >>= 1;
        true
    }

    /// Within an object: a key that is new in it, and its colon.
    fn key_of_object(&mut self) -> Result<(), PayloadError> {
        if !self.in_object() {
            return Ok(());
        }
        let start = self.at;
        let escaped = self.string()?;
        if !self.keys.add(self.said(start, escaped)) {
            return Err(PayloadError::DuplicateKey(start));
        }
        self.space();
        self.expect(b':')
    }

    /// What the string that began there says.
    fn said(&self, start: usize, escaped: bool) -> Cow<'a, str> {
        if escaped {
            let quoted = self.text.get(start..self.at).unwrap_or_default();
            // It has just been read, and found to be a string.
            return Cow::Owned(serde_json::from_str(quoted).unwrap_or_default());
        }
        Cow::Borrowed(self.text.get(start + 1..self.at - 1).unwrap_or_default())
    }

    /// A string; whether there are escapes in it.
    fn string(&mut self) -> Result<bool, PayloadError> {
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0) => return Err(PayloadError::Nul(self.at)),
                Some(0x20..) => self.at += 1,
                _ => return Err(self.syntax()),
            }
        }
        self.at += 1;
        Ok(escaped)
    }

    fn escape(&mut self) -> Result<(), PayloadError> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'u') => self.code_point(start),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.syntax()),
        }
    }

    /// The rest of an escape by number, which may take a second one to be a character.
    fn code_point(&mut self, start: usize) -> Result<(), PayloadError> {
        match self.unit()? {
            0 => Err(PayloadError::Nul(start)),
            0xd800..=0xdbff if self.is_low_surrogate_next() => Ok(()),
            0xd800..=0xdfff => Err(PayloadError::LoneSurrogate(start)),
            _ => Ok(()),
        }
    }

    /// Reads the second half of a pair, where it is there.
    fn is_low_surrogate_next(&mut self) -> bool {
        if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return false;
        }
        self.at += 1;
        self.unit().is_ok_and(|unit| (0xdc00..=0xdfff).contains(&unit))
    }

    /// `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, PayloadError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or_else(|| self.syntax())?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), PayloadError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1
        } else {
            self.digits()?
        }
        let digits_end = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let mantissa_end = self.at;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let holds = if self.at == digits_end {
            is_held_as_integer(text)
        } else {
            is_held_as_float(text, self.text.get(start..mantissa_end).unwrap_or_default())
        };
        if holds { Ok(()) } else { Err(PayloadError::Number(start)) }
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), PayloadError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax()) } else { Ok(()) }
    }

    fn word(&mut self, word: &str) -> Result<(), PayloadError> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    fn expect(&mut self, byte: u8) -> Result<(), PayloadError> {
        if self.peek() != Some(byte) {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn syntax(&self) -> PayloadError {
        PayloadError::Syntax(self.at)
    }
}

fn is_held_as_integer(text: &str) -> bool {
    text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
}

/// Whether it is finite, and zero only where it says zero.
fn is_held_as_float(text: &str, mantissa: &str) -> bool {
    let says_zero = !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    text.parse::<f64>().is_ok_and(|value| value.is_finite() && (value != 0.0 || says_zero))
}
