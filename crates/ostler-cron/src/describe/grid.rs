//! Values that are the same distance apart.

/// At least one value; a single one has the step 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) step: u32,
    pub(super) count: u32,
}

impl Grid {
    /// The values of a field, bit n for value n; `None` where their distances differ.
    pub(super) fn of(values: u64) -> Option<Self> {
        let (first, last, count) = (values.trailing_zeros(), values.checked_ilog2()?, values.count_ones());
        if count == 1 {
            return Some(Self { first, last, step: 0, count });
        }
        let step = (values & (values - 1)).trailing_zeros() - first;
        let on_grid = (first..=last).step_by(step as usize).fold(0, |grid, value| grid | 1_u64 << value);
        (on_grid == values).then_some(Self { first, last, step, count })
    }

    /// These values in each unit of `units`, where a unit has `size` of them: minutes in hours. `None` where that is
    /// no grid.
    pub(super) fn in_each(self, units: Self, size: u32) -> Option<Self> {
        let step = match (self.count, units.count) {
            (1, _) => units.step * size,
            (_, 1) => self.step,
            _ if self.fills(size) && units.step == 1 => self.step,
            _ => return None,
        };
        Some(Self {
            first: units.first * size + self.first,
            last: units.last * size + self.last,
            step,
            count: self.count * units.count,
        })
    }

    /// Whether it goes on in the next unit as it does in this one.
    pub(super) fn fills(self, size: u32) -> bool {
        self.count * self.step == size
    }

    /// Whether it is every n-th of a unit, with nothing more to be said.
    pub(super) fn is_plain(self, size: u32) -> bool {
        self.first == 0 && self.fills(size)
    }

    /// Whether it is better told as a grid than as a list. One that follows on itself is seen as such earlier.
    pub(super) fn is_long(self) -> bool {
        self.count >= if self.step == 1 { 4 } else { 5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(values: &[u32]) -> Option<Grid> {
        Grid::of(values.iter().fold(0, |bits, value| bits | 1 << value))
    }

    /// Each pair of fields against the plain product.
    #[test]
    fn a_grid_in_each_unit_is_a_grid_exactly_when_its_values_are() {
        let sets: [&[u32]; 11] = [
            &[0],
            &[7],
            &[0, 30],
            &[15, 45],
            &[0, 20],
            &[1, 2],
            &[0, 15, 30, 45],
            &[3, 18, 33, 48],
            &[0, 7, 14],
            &[4, 5, 6],
            &[59],
        ];
        for inner in sets {
            for units in sets {
                let product = units.iter().flat_map(|unit| inner.iter().map(move |value| unit * 60 + value));
                let values: Vec<u32> = product.collect();
                let steps: Vec<u32> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
                let even = steps.windows(2).all(|pair| pair[0] == pair[1]);
                let found = grid(inner).zip(grid(units)).and_then(|(inner, units)| inner.in_each(units, 60));
                assert_eq!(found.is_some(), even, "{inner:?} in each of {units:?}");
                if let Some(found) = found {
                    assert_eq!((found.first, Some(&found.last)), (values[0], values.last()));
                    assert_eq!(found.step, steps.first().copied().unwrap_or(0));
                    assert_eq!(found.count as usize, values.len());
                }
            }
        }
    }
}
