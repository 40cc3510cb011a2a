//! Sets of small numbers: bit n is number n.

/// The numbers of the bits that are set, ascending.
#[inline]
pub(crate) fn bits(word: impl Into<u64>) -> impl Iterator<Item = u32> {
    let mut word = word.into();
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}
