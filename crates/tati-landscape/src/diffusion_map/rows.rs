//! A matrix with a number for every pair of points, or for pairs of neighbours only, by rows.

use rayon::prelude::*;

/// Rows that one task takes at a time.
pub(super) const ROWS_PER_TASK: usize = 64;

/// A matrix of some columns in each row.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Where each row begins among `values`, and where the last one ends.
    starts: Vec<usize>,
    /// The column of each value; empty if every row has all of them.
    columns: Vec<u32>,
    pub(super) values: Vec<f64>,
}

/// A row: its values and their columns.
#[derive(Clone, Copy)]
pub(super) struct Row<'a, T = f64> {
    pub(super) values: &'a [T],
    columns: &'a [u32],
}

impl<'a, T: Copy> Row<'a, T> {
    /// The columns and values, in their order.
    pub(super) fn entries(self) -> impl Iterator<Item = (usize, T)> + use<'a, T> {
        self.values
            .iter()
            .enumerate()
            .map(move |(at, &value)| (self.column(at), value))
    }

    /// Calls `with` each column and value, in their order: faster than [`entries`](Self::entries) where little is done with them.
    #[inline(always)]
    pub(super) fn for_each(self, mut with: impl FnMut(usize, T)) {
        if self.columns.is_empty() {
            for (column, &value) in self.values.iter().enumerate() {
                with(column, value);
            }
        } else {
            for (&column, &value) in self.columns.iter().zip(self.values) {
                with(column as usize, value);
            }
        }
    }

    fn column(self, at: usize) -> usize {
        self.columns.get(at).map_or(at, |&column| column as usize)
    }
}

impl Rows {
    /// All pairs of points.
    pub(super) fn full(size: usize, values: Vec<f64>) -> Self {
        Self {
            starts: (0..=size).map(|row| row * size).collect(),
            columns: Vec::new(),
            values,
        }
    }

    /// Rows between these `starts`, whose columns and values `fill` puts in.
    pub(super) fn filled(
        starts: Vec<usize>,
        fill: impl Fn(usize, &mut [u32], &mut [f64]) + Sync,
    ) -> Self {
        let [size, total] = [starts.len() - 1, starts[starts.len() - 1]];
        let mut columns = vec![0; total];
        let mut values = vec![0.0; total];
        let mut tasks = Vec::with_capacity(size.div_ceil(ROWS_PER_TASK));
        let mut rest = (columns.as_mut_slice(), values.as_mut_slice());
        for first in (0..size).step_by(ROWS_PER_TASK) {
            let last = (first + ROWS_PER_TASK).min(size);
            let count = starts[last] - starts[first];
            let (columns, values) = (rest.0.split_at_mut(count), rest.1.split_at_mut(count));
            tasks.push((first..last, columns.0, values.0));
            rest = (columns.1, values.1);
        }
        tasks.into_par_iter().for_each(|(rows, columns, values)| {
            let first = starts[rows.start];
            for row in rows {
                let span = starts[row] - first..starts[row + 1] - first;
                fill(row, &mut columns[span.clone()], &mut values[span]);
            }
        });
        Self {
            starts,
            columns,
            values,
        }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn is_full(&self) -> bool {
        self.columns.is_empty()
    }

    pub(super) fn row(&self, at: usize) -> Row<'_> {
        self.row_of(&self.values, at)
    }

    /// Row `at` of another matrix with values in the same places.
    pub(super) fn row_of<'a, T>(&'a self, values: &'a [T], at: usize) -> Row<'a, T> {
        let span = self.starts[at]..self.starts[at + 1];
        Row {
            columns: self.columns.get(span.clone()).unwrap_or(&[]),
            values: &values[span],
        }
    }

    /// `of` each row, in parallel.
    pub(super) fn map<T: Send>(&self, of: impl Fn(usize, Row<'_>) -> T + Sync) -> Vec<T> {
        self.map_with_room(|at, row, _| of(at, row))
    }

    /// `of` each row, in parallel, with room to work in.
    pub(super) fn map_with_room<T: Send>(
        &self,
        of: impl Fn(usize, Row<'_>, &mut Vec<f64>) -> T + Sync,
    ) -> Vec<T> {
        (0..self.len())
            .into_par_iter()
            .with_min_len(ROWS_PER_TASK)
            .map_init(Vec::new, |room, at| of(at, self.row(at), room))
            .collect()
    }

    /// Puts `of` row, column and value in place of each of `values`, which are in the places of those here.
    pub(super) fn transform(
        &self,
        values: &mut [f64],
        of: impl Fn(usize, usize, f64) -> f64 + Sync,
    ) {
        let mut parts = Vec::with_capacity(self.len().div_ceil(ROWS_PER_TASK));
        let mut rest = values;
        for first in (0..self.len()).step_by(ROWS_PER_TASK) {
            let last = (first + ROWS_PER_TASK).min(self.len());
            let (part, after) = rest.split_at_mut(self.starts[last] - self.starts[first]);
            parts.push((first..last, part));
            rest = after;
        }
        parts.into_par_iter().for_each(|(rows, part)| {
            let mut rest = part;
            for row in rows {
                let span = self.starts[row]..self.starts[row + 1];
                let (values, after) = rest.split_at_mut(span.len());
                rest = after;
                let columns = self.columns.get(span).unwrap_or(&[]);
                for (at, value) in values.iter_mut().enumerate() {
                    let column = columns.get(at).map_or(at, |&column| column as usize);
                    *value = of(row, column, *value);
                }
            }
        });
    }

    /// The matrix with an entry at (i, j) where there is one at (i, j) or (j, i) here. Of a symmetric matrix the rows here hold the
    /// `count` smallest entries each, ascending.
    pub(super) fn symmetrised(&self, count: usize) -> Self {
        let largest: Vec<f64> = (0..self.len())
            .map(|at| self.row(at).values[count - 1])
            .collect();
        let has = |at: usize, column: usize, value: f64| {
            let largest = largest[at];
            value < largest
                || value == largest && self.row(at).entries().any(|(own, _)| own == column)
        };
        // What the rows lack: (j, i) for entries (i, j).
        let lacking: Vec<Vec<(u32, u32, f64)>> = (0..self.len())
            .into_par_iter()
            .step_by(ROWS_PER_TASK)
            .map(|first| {
                let mut lacking = Vec::with_capacity(ROWS_PER_TASK * count / 2);
                for at in first..(first + ROWS_PER_TASK).min(self.len()) {
                    for (column, value) in self.row(at).entries() {
                        if !has(column, at, value) {
                            lacking.push((column as u32, at as u32, value));
                        }
                    }
                }
                lacking
            })
            .collect();
        let mut starts = vec![0; self.len() + 1];
        for &(row, ..) in lacking.iter().flatten() {
            starts[row as usize + 1] += 1;
        }
        for row in 0..self.len() {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut added = vec![(0, 0.0); starts[self.len()]];
        for &(row, column, value) in lacking.iter().flatten() {
            added[next[row as usize]] = (column, value);
            next[row as usize] += 1;
        }
        let all = (0..=self.len()).map(|row| count * row + starts[row]);
        Self::filled(all.collect(), |at, columns, values| {
            let own = self.starts[at]..self.starts[at + 1];
            let (own_columns, added_columns) = columns.split_at_mut(count);
            let (own_values, added_values) = values.split_at_mut(count);
            own_columns.copy_from_slice(&self.columns[own.clone()]);
            own_values.copy_from_slice(&self.values[own]);
            let added = &added[starts[at]..starts[at + 1]];
            let targets = added_columns.iter_mut().zip(added_values);
            for ((column, value), added) in targets.zip(added) {
                (*column, *value) = *added;
            }
        })
    }

    /// `of` row, column and value in place of each value, in a matrix with row and column `order[i]` in place i if this one is not full.
    pub(super) fn reordered(
        &self,
        order: &[u32],
        of: impl Fn(usize, usize, f64) -> f64 + Sync,
    ) -> Self {
        if self.is_full() {
            let mut values = self.values.clone();
            self.transform(&mut values, of);
            return Self::full(self.len(), values);
        }
        let mut places = vec![0_u32; order.len()];
        let mut starts = vec![0; order.len() + 1];
        for (place, &at) in order.iter().enumerate() {
            places[at as usize] = place as u32;
            let at = at as usize;
            starts[place + 1] = starts[place] + self.starts[at + 1] - self.starts[at];
        }
        Self::filled(starts, |place, new_columns, new_values| {
            let at = order[place] as usize;
            let targets = new_columns.iter_mut().zip(new_values);
            for ((new_column, new_value), (column, value)) in targets.zip(self.row(at).entries()) {
                (*new_column, *new_value) = (places[column], of(at, column, value));
            }
        })
    }

    /// The part of the graph that each row belongs to, where entries that `joins` accepts are its edges: parts numbered from 0 in the
    /// order of their first row.
    pub(super) fn parts(&self, joins: impl Fn(f64) -> bool) -> Vec<usize> {
        let mut parts = vec![usize::MAX; self.len()];
        let mut left = self.len();
        let mut count = 0;
        let mut to_visit = Vec::new();
        for first in 0..self.len() {
            if parts[first] != usize::MAX {
                continue;
            }
            parts[first] = count;
            left -= 1;
            to_visit.push(first);
            while left > 0
                && let Some(at) = to_visit.pop()
            {
                for (column, value) in self.row(at).entries() {
                    if parts[column] == usize::MAX && joins(value) {
                        parts[column] = count;
                        left -= 1;
                        to_visit.push(column);
                    }
                }
            }
            count += 1;
        }
        parts
    }
}
