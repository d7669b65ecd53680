//! Looks at the walkers of an ensemble, and what each learns of the others from one.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;
use rayon::prelude::*;
use tati_core::{Result, Rows};

use super::drive::Drive;
use super::member::Member;
use super::quasi_newton::{QuasiNewton, Spread};
use crate::NoiseStream;

/// The number of the tensor whose noise draws the orders of the walkers: none that a model has.
const ORDERS: u32 = 0xFF_FFEE;

/// Where the walkers were at a step.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) step: u64,
    pub(super) spread: Arc<Spread>,
    /// Which walkers they were.
    pub(super) walkers: Vec<usize>,
}

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// Looks at where the walkers are if it is time to, and preconditions each by the others.
    pub(super) fn refresh(&mut self) -> Result<()> {
        let Some(quasi_newton) = self.config.quasi_newton.clone() else {
            return Ok(());
        };
        if !self.step.is_multiple_of(quasi_newton.refresh_every) {
            return Ok(());
        }
        let members = self.members.par_iter_mut();
        let found = members.map(|member| member.position());
        let found: Vec<Option<Vec<f64>>> = found.collect::<Result<_>>()?;
        let (mut walkers, mut positions) = (Vec::new(), Vec::new());
        for (index, position) in found.into_iter().enumerate() {
            if let Some(position) = position {
                walkers.push(index);
                positions.push(position);
            }
        }
        let slices: Vec<&[f64]> = positions.iter().map(Vec::as_slice).collect();
        let look = Look {
            step: self.step,
            spread: Arc::new(Spread::of(&slices, &self.groups)?),
            walkers,
        };
        self.precondition(&look)?;
        if quasi_newton.collapse {
            let potential = |index: &usize| self.members[*index].walker.last.potential;
            let places = 0..look.walkers.len();
            let best = places.min_by(|a, b| {
                potential(&look.walkers[*a]).total_cmp(&potential(&look.walkers[*b]))
            });
            if let Some(best) = best {
                for index in &look.walkers {
                    self.members[*index].move_to(&positions[best])?;
                }
            }
        }
        self.previous_look = self.look.replace(look);
        Ok(())
    }

    /// Hands each walker the root that it has by `look`.
    pub(super) fn precondition(&mut self, look: &Look) -> Result<()> {
        let Some(quasi_newton) = &self.config.quasi_newton else {
            return Ok(());
        };
        let blending = quasi_newton.covariance_blending;
        let order = quasi_newton.ordered.then(|| order(self.seed, look));
        let members = self.members.par_iter_mut().enumerate();
        members.try_for_each(|(index, member): (usize, &mut Member<'_, M, R, L>)| {
            let Some(place) = look.walkers.iter().position(|walker| *walker == index) else {
                return Ok(());
            };
            let root = match &order {
                None => QuasiNewton::without(&look.spread, place, blending),
                Some(order) => QuasiNewton::after(&look.spread, order, place, blending),
            };
            member.precondition(root)
        })
    }
}

/// The walkers of a look, by their places in it, in an order that is drawn for it.
fn order(seed: u64, look: &Look) -> Vec<usize> {
    let stream = NoiseStream {
        seed,
        walker: 0,
        tensor: ORDERS,
    };
    let mut keys = vec![0.0; look.walkers.len()];
    stream.fill_uniform(look.step, &mut keys);
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    order
}
