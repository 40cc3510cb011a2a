//! A series: one figure over all rounds. Pure.

/// One figure of one contender, a value for each round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) figure: String,
    pub(crate) values: Vec<f64>,
    /// What it gave in the place of a number.
    pub(crate) word: Option<String>,
}

impl Series {
    pub(crate) fn new(figure: impl Into<String>, values: Vec<f64>) -> Self {
        Self { figure: figure.into(), values, word: None }
    }

    pub(crate) fn min(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The middle value; the mean of the two middle ones where their number is even.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => sorted[count / 2],
            count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_any_order() {
        let median = |values: &[f64]| Series::new("ns", values.to_vec()).median();
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), 3.0);
    }
}
