//! The words of a sentence, one after another.

use crate::describe::words;

#[derive(Debug)]
pub(super) struct Tokens {
    words: Vec<String>,
    at: usize,
}

impl Tokens {
    pub(super) fn of(sentence: &str) -> Self {
        let words = sentence.replace(',', " ,").split_whitespace().map(str::to_owned).collect();
        Self { words, at: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.words.len()
    }

    /// Whether these words are next; then they are consumed.
    pub(super) fn eat(&mut self, phrase: &str) -> bool {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        let found = self.words[self.at..]
            .starts_with(&phrase.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        self.at += if found { phrase.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, phrase: &str) {
        assert!(self.eat(phrase), "{phrase} was expected: {self:?}");
    }

    /// Reads it, or leaves all as it was.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let at = self.at;
        let read = read(self);
        self.at = if read.is_some() { self.at } else { at };
        read
    }

    /// `a, b and c`, or none.
    pub(super) fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Vec<T> {
        let mut items: Vec<T> = self.attempt(&item).into_iter().collect();
        while let Some(next) = self.attempt(|tokens| {
            let goes_on = tokens.eat(",") || tokens.eat("and") || tokens.eat("or");
            if goes_on { item(tokens) } else { None }
        }) {
            items.push(next);
        }
        items
    }

    fn word<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(self.words.get(self.at)?)?;
        self.at += 1;
        Some(value)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.word(|word| word.parse().ok())
    }

    /// `2nd`.
    pub(super) fn nth(&mut self) -> Option<u32> {
        self.word(|word| {
            word.strip_suffix("st")
                .or(word.strip_suffix("nd"))
                .or(word.strip_suffix("rd"))
                .or(word.strip_suffix("th"))?
                .parse()
                .ok()
        })
    }

    /// `09:30`, in seconds of the day.
    pub(super) fn clock(&mut self) -> Option<u32> {
        self.word(|word| {
            let parts: Option<Vec<u32>> = word.split(':').map(|part| part.parse().ok()).collect();
            parts
                .filter(|parts| parts.len() > 1)
                .map(|parts| parts[0] * 3600 + parts[1] * 60 + parts.get(2).unwrap_or(&0))
        })
    }

    pub(super) fn month(&mut self) -> Option<u32> {
        self.word(|word| (1..=12).find(|&month| words::month(month) == word))
    }

    /// With an `s` at its end or not.
    pub(super) fn weekday(&mut self) -> Option<u32> {
        self.word(|word| (0..7).find(|&day| words::weekday(day) == word.strip_suffix('s').unwrap_or(word)))
    }

    /// `first` to `fifth`, and 6 for `last`.
    pub(super) fn ordinal(&mut self) -> Option<u32> {
        self.word(|word| (1..=6).find(|&number| words::ordinal(number) == word))
    }
}

/// `5` and `10 to 15` in a list, as one set.
pub(super) fn runs(tokens: &mut Tokens, value: fn(&mut Tokens) -> Option<u32>) -> Vec<u32> {
    let runs = tokens.list(|tokens| {
        let first = value(tokens)?;
        let last = tokens.attempt(|tokens| if tokens.eat("to") { value(tokens) } else { None });
        Some(first..=last.unwrap_or(first))
    });
    runs.into_iter().flatten().collect()
}
