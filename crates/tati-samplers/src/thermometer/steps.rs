//! Tells the steps of a sampler apart, and keeps those that are complete.

use std::collections::VecDeque;

use super::{Observables, Sums};

/// Complete steps kept for readers that lag behind.
const KEPT: usize = 1024;

/// Sorts what tensors record into steps.
///
/// Burn steps one tensor after another and says nowhere that all are done. A step is known to be complete when as many
/// tensors have been recorded as in the step before it or, where that is not known or never comes, when a tensor of a
/// higher step number is.
#[derive(Debug, Default)]
pub(super) struct Steps {
    open: Option<Open>,
    /// Tensors recorded in the last step that another has followed.
    tensors_per_step: Option<usize>,
    complete: VecDeque<Observables>,
    num_complete: u64,
}

/// The step being recorded.
#[derive(Debug)]
struct Open {
    number: u64,
    tensors: usize,
    sums: Sums,
    /// Whether it is the last of the complete steps already.
    is_complete: bool,
}

impl Steps {
    /// Takes in what one tensor recorded in its step number `number`.
    pub(super) fn record(&mut self, number: u64, sums: Sums) {
        if let Some(open) = self.open.take_if(|open| open.number < number) {
            self.tensors_per_step = Some(open.tensors);
            if !open.is_complete {
                self.complete(open.sums);
            }
        }
        let open = self.open.get_or_insert_with(|| Open {
            number,
            tensors: 0,
            sums: Sums::default(),
            is_complete: false,
        });
        open.tensors += 1;
        open.sums += sums;
        let sums = open.sums;
        if open.is_complete {
            // It has more tensors than the step before, and was not complete yet.
            if let Some(last) = self.complete.back_mut() {
                *last = sums.into();
            }
        } else if self.tensors_per_step == Some(open.tensors) {
            open.is_complete = true;
            self.complete(sums);
        }
    }

    /// Forgets what was recorded, but for the number of complete steps, which readers count on.
    pub(super) fn begin_again(&mut self) {
        *self = Self {
            num_complete: self.num_complete,
            ..Self::default()
        };
    }

    /// Steps complete so far.
    #[cfg(any(feature = "train", test))]
    pub(super) fn num_complete(&self) -> u64 {
        self.num_complete
    }

    /// The last of the complete steps.
    pub(super) fn last(&self) -> Option<Observables> {
        self.complete.back().copied()
    }

    /// The complete steps after the first `seen`, as far as they are kept.
    #[cfg(any(feature = "train", test))]
    pub(super) fn since(&self, seen: u64) -> impl Iterator<Item = &Observables> {
        let new = self.num_complete.saturating_sub(seen);
        let new = usize::try_from(new).map_or(KEPT, |new| new.min(self.complete.len()));
        self.complete
            .iter()
            .skip(self.complete.len().saturating_sub(new))
    }

    fn complete(&mut self, sums: Sums) {
        if self.complete.len() == KEPT {
            self.complete.pop_front();
        }
        self.complete.push_back(sums.into());
        self.num_complete += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a tensor of `elements` parameters with this p·p records.
    fn tensor(elements: usize, momentum_squared: f64) -> Sums {
        Sums {
            elements,
            has_momentum: true,
            momentum_squared,
            ..Sums::default()
        }
    }

    fn temperatures(steps: &Steps, seen: u64) -> Vec<f64> {
        steps
            .since(seen)
            .filter_map(Observables::kinetic_temperature)
            .collect()
    }

    #[test]
    fn a_step_is_complete_with_its_last_tensor() {
        let mut steps = Steps::default();
        for number in 1..=3u32 {
            let momentum_squared = f64::from(number);
            steps.record(u64::from(number), tensor(1, momentum_squared));
            steps.record(u64::from(number), tensor(3, 3.0 * momentum_squared));
        }
        // The number of tensors is known from the second step on.
        assert_eq!(temperatures(&steps, 0), [1.0, 2.0, 3.0]);
        assert_eq!(temperatures(&steps, 2), [3.0]);
        assert!(temperatures(&steps, 3).is_empty());
        let mut first = Steps::default();
        first.record(1, tensor(1, 1.0));
        first.record(1, tensor(1, 1.0));
        assert_eq!(first.num_complete(), 0);
        assert_eq!(first.last(), None);
    }

    #[test]
    fn tensors_may_come_go_and_lag_behind() {
        let mut steps = Steps::default();
        let mut record = |records: &[(u64, usize)]| {
            for (number, elements) in records {
                steps.record(*number, tensor(*elements, *elements as f64));
            }
            let sizes = steps.since(0).map(|step| step.num_parameters);
            sizes.collect::<Vec<_>>()
        };
        assert!(record(&[(1, 10), (1, 20)]).is_empty());
        // A third tensor, with numbers of its own, joins: the step that seemed complete is amended.
        assert_eq!(record(&[(2, 10), (2, 20)]), [30, 30]);
        assert_eq!(record(&[(1, 5)]), [30, 35]);
        assert_eq!(record(&[(3, 10), (3, 20)]), [30, 35]);
        assert_eq!(record(&[(2, 5)]), [30, 35, 35]);
        // It goes again: its step is complete when the next begins.
        assert_eq!(record(&[(4, 10), (4, 20)]), [30, 35, 35]);
        assert_eq!(record(&[(5, 10), (5, 20)]), [30, 35, 35, 30, 30]);
    }

    #[test]
    fn readers_that_lag_far_behind_get_the_last_steps() {
        let mut steps = Steps::default();
        for number in 1..=3000u32 {
            steps.record(u64::from(number), tensor(1, f64::from(number)));
        }
        assert_eq!(steps.num_complete(), 3000);
        let kept = temperatures(&steps, 0);
        assert_eq!(
            (kept.len(), kept[0], kept[KEPT - 1]),
            (KEPT, 1977.0, 3000.0)
        );
        assert_eq!(temperatures(&steps, 2999), [3000.0]);
        // A number from elsewhere does no harm.
        assert!(temperatures(&steps, 5000).is_empty());
    }

    #[test]
    fn begun_again_it_takes_lower_step_numbers() {
        let mut steps = Steps::default();
        for number in [7, 8, 9] {
            steps.record(number, tensor(1, 1.0));
        }
        steps.begin_again();
        assert_eq!((steps.num_complete(), steps.last()), (3, None));
        for number in [4, 5] {
            steps.record(number, tensor(1, number as f64));
        }
        assert_eq!(steps.num_complete(), 5);
        assert_eq!(temperatures(&steps, 3), [4.0, 5.0]);
    }
}
