//! Basins of a function on cells by persistence: water rises, pools form at minima and merge at passes.

use std::collections::VecDeque;

/// Basins, numbered from 0 in the order of their minima's cells.
#[derive(Debug, PartialEq)]
pub(super) struct Pools {
    /// The basin of each cell.
    pub(super) labels: Vec<usize>,
    /// The lowest cell of each basin.
    pub(super) minima: Vec<usize>,
    /// Between two basins that meet there, one fewer than basins: the lowest passes by which all are connected.
    pub(super) passes: Vec<Pass>,
}

/// Where two basins meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pass {
    pub(super) between: [usize; 2],
    pub(super) cell: usize,
}

/// Floods `heights` from below; infinite cells come last. Where two pools meet in a cell, the one of the higher minimum is a basin of its own
/// if `separates(cell, its minimum)`, and part of the basin that it meets otherwise. The cells must be connected, one of them finite.
///
/// Source: H. Edelsbrunner, J. Harer, Computational Topology (AMS 2010), section VII.1.
pub(super) fn flood(
    heights: &[f64],
    neighbours: impl Fn(usize) -> Vec<usize>,
    separates: impl Fn(usize, usize) -> bool,
) -> Pools {
    let mut pools = Forest::default();
    let mut labels = vec![None; heights.len()];
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut order = VecDeque::from(order);
    while let Some(cell) = order.pop_front() {
        let mut around: Vec<(f64, usize)> = neighbours(cell)
            .into_iter()
            .filter_map(|cell| labels[cell].map(|label| (heights[cell], label)))
            .collect();
        around.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some(&(_, lowest)) = around.first() else {
            if heights[cell].is_finite() {
                labels[cell] = Some(pools.add(cell));
            } else {
                // Not reached by the water yet.
                order.push_back(cell);
            }
            continue;
        };
        labels[cell] = Some(lowest);
        for (_, label) in around {
            pools.meet(lowest, label, cell, heights, &separates);
        }
    }
    let labels: Vec<usize> = labels.into_iter().flatten().collect();
    pools.into_basins(&labels, heights)
}

/// Pools by the number of their minimum.
#[derive(Default)]
struct Forest {
    /// The cell of each minimum.
    minima: Vec<usize>,
    /// The pool that each has run into, in the water's connectivity; itself where it has not.
    parents: Vec<usize>,
    /// The pool whose basin it is part of; itself where it has one of its own.
    basins: Vec<usize>,
    passes: Vec<Pass>,
}

impl Forest {
    fn add(&mut self, cell: usize) -> usize {
        let label = self.minima.len();
        self.minima.push(cell);
        self.parents.push(label);
        self.basins.push(label);
        label
    }

    /// Joins the waters of two pools that meet in `cell`.
    fn meet(
        &mut self,
        a: usize,
        b: usize,
        cell: usize,
        heights: &[f64],
        separates: &impl Fn(usize, usize) -> bool,
    ) {
        let roots = [a, b].map(|label| end(&self.parents, label));
        if roots[0] == roots[1] {
            return;
        }
        let rank = |root: usize| (heights[self.minima[root]], root);
        let b_is_younger = rank(roots[0]) < rank(roots[1]);
        let (elder, younger, met) = if b_is_younger {
            (roots[0], roots[1], a)
        } else {
            (roots[1], roots[0], b)
        };
        self.parents[younger] = elder;
        if separates(cell, self.minima[younger]) {
            let between = [a, b];
            self.passes.push(Pass { between, cell });
        } else {
            self.basins[younger] = met;
        }
    }

    fn into_basins(self, labels: &[usize], heights: &[f64]) -> Pools {
        let basin = |label: usize| end(&self.basins, label);
        // The lowest cell of each basin, which may be that of a pool that it has taken in.
        let mut lowest: Vec<Option<usize>> = vec![None; self.minima.len()];
        for (cell, label) in labels.iter().enumerate() {
            let best = &mut lowest[basin(*label)];
            if best.is_none_or(|best| heights[cell] < heights[best]) {
                *best = Some(cell);
            }
        }
        let mut minima: Vec<usize> = lowest.iter().flatten().copied().collect();
        minima.sort_unstable();
        let number = |label: usize| {
            let cell = lowest[basin(label)];
            minima.partition_point(|minimum| Some(*minimum) < cell)
        };
        let mut passes: Vec<Pass> = self
            .passes
            .iter()
            .map(|pass| {
                let mut between = pass.between.map(number);
                between.sort_unstable();
                Pass { between, ..*pass }
            })
            .collect();
        passes.sort_unstable();
        Pools {
            labels: labels.iter().map(|label| number(*label)).collect(),
            minima,
            passes,
        }
    }
}

/// Where a chain of links ends.
fn end(links: &[usize], mut at: usize) -> usize {
    while links[at] != at {
        at = links[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(heights: &[f64], least: f64) -> Pools {
        let last = heights.len() - 1;
        let neighbours = |cell: usize| match cell {
            0 => vec![1],
            cell if cell == last => vec![cell - 1],
            cell => vec![cell - 1, cell + 1],
        };
        flood(heights, neighbours, |cell, minimum| {
            heights[cell] - heights[minimum] > least
        })
    }

    #[test]
    fn a_minimum_is_a_basin_if_its_persistence_is_large() {
        let heights = [3.0, 0.0, 2.0, 1.5, 5.0, 1.0, 4.0];
        let all = on_a_line(&heights, 0.1);
        assert_eq!(all.minima, [1, 3, 5]);
        // A pass is labelled as its lowest neighbour.
        assert_eq!(all.labels, [0, 0, 0, 1, 2, 2, 2]);
        let passes = [([0, 1], 2), ([1, 2], 4)].map(|(between, cell)| Pass { between, cell });
        assert_eq!(all.passes, passes);

        let two = on_a_line(&heights, 1.0);
        assert_eq!(two.minima, [1, 5]);
        assert_eq!(two.labels[..4], [0; 4]);
        let between = [0, 1];
        assert_eq!(two.passes, [Pass { between, cell: 4 }]);

        let one = on_a_line(&heights, 4.5);
        assert_eq!((one.minima, one.labels), (vec![1], vec![0; 7]));
        assert!(one.passes.is_empty());
    }

    #[test]
    fn cells_that_are_empty_part_basins_and_make_none() {
        let gap = f64::INFINITY;
        let pools = on_a_line(&[gap, gap, 1.0, gap, gap, gap, 0.0, 2.0, gap], 1.0);
        assert_eq!(pools.minima, [2, 6]);
        assert_eq!(pools.passes.len(), 1);
        assert!((3..6).contains(&pools.passes[0].cell));
        assert_eq!(pools.labels[..3], [0; 3]);
        assert_eq!(pools.labels[6..], [1; 3]);
    }

    #[test]
    fn plateaus_are_one_basin() {
        let pools = on_a_line(&[1.0; 6], 0.0);
        assert_eq!((pools.minima, pools.labels), (vec![0], vec![0; 6]));
    }
}
