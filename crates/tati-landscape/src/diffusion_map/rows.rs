//! A matrix with a number for every pair of points, or for pairs of neighbours only, by rows.

use rayon::prelude::*;

/// Rows that one task takes at a time.
pub(super) const ROWS_PER_TASK: usize = 64;

/// A matrix of some columns in each row.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Where each row begins among `values`, and where the last one ends.
    starts: Vec<usize>,
    /// The column of each value, ascending in a row of a symmetric matrix; empty if every row has all of them.
    columns: Vec<u32>,
    pub(super) values: Vec<f64>,
}

/// A row: its values and their columns.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) values: &'a [f64],
    columns: &'a [u32],
}

impl<'a> Row<'a> {
    /// The columns and values, in their order.
    pub(super) fn entries(self) -> impl Iterator<Item = (usize, f64)> + use<'a> {
        self.values
            .iter()
            .enumerate()
            .map(move |(at, &value)| (self.column(at), value))
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

    /// `count` values in each row.
    pub(super) fn regular(count: usize, columns: Vec<u32>, values: Vec<f64>) -> Self {
        Self {
            starts: (0..=values.len()).step_by(count).collect(),
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
    pub(super) fn row_of<'a>(&'a self, values: &'a [f64], at: usize) -> Row<'a> {
        let span = self.starts[at]..self.starts[at + 1];
        Row {
            columns: self.columns.get(span.clone()).unwrap_or(&[]),
            values: &values[span],
        }
    }

    /// `of` each row, in parallel.
    pub(super) fn map<T: Send>(&self, of: impl Fn(usize, Row<'_>) -> T + Sync) -> Vec<T> {
        (0..self.len())
            .into_par_iter()
            .with_min_len(ROWS_PER_TASK)
            .map(|at| of(at, self.row(at)))
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

    /// The matrix with an entry at (i, j) where there is one at (i, j) or (j, i) here. Both must have the same value.
    pub(super) fn symmetrised(&self) -> Self {
        let size = self.len();
        // Entries of the other half: (j, i) for every (i, j).
        let mut starts = vec![0_usize; size + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for row in 0..size {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut transposed = vec![(0_u32, 0.0_f64); self.values.len()];
        for row in 0..size {
            for (column, value) in self.row(row).entries() {
                transposed[next[column]] = (row as u32, value);
                next[column] += 1;
            }
        }
        let merged: Vec<Vec<(u32, f64)>> = self.map(|at, row| {
            let other = &transposed[starts[at]..starts[at + 1]];
            let mut own: Vec<(u32, f64)> = Vec::with_capacity(row.values.len() + other.len());
            own.extend(row.entries().map(|(column, value)| (column as u32, value)));
            own.extend_from_slice(other);
            own.sort_unstable_by_key(|&(column, _)| column);
            own.dedup_by_key(|&mut (column, _)| column);
            own
        });
        let mut starts = vec![0];
        for row in &merged {
            starts.push(starts[starts.len() - 1] + row.len());
        }
        let rows = || merged.par_iter().with_min_len(ROWS_PER_TASK);
        Self {
            starts,
            columns: rows()
                .flat_map_iter(|row| row.iter().map(|&(column, _)| column))
                .collect(),
            values: rows()
                .flat_map_iter(|row| row.iter().map(|&(_, value)| value))
                .collect(),
        }
    }

    /// The matrix with row and column `order[i]` in place i, where it is not full, and other `values` in the same places. A row's columns
    /// need not ascend.
    pub(super) fn reordered(&self, values: Vec<f64>, order: &[u32]) -> Self {
        if self.is_full() {
            return Self::full(self.len(), values);
        }
        let mut places = vec![0_u32; order.len()];
        for (place, &at) in order.iter().enumerate() {
            places[at as usize] = place as u32;
        }
        let mut starts = vec![0; order.len() + 1];
        for (place, &at) in order.iter().enumerate() {
            let at = at as usize;
            starts[place + 1] = starts[place] + self.starts[at + 1] - self.starts[at];
        }
        let span = |at: u32| self.starts[at as usize]..self.starts[at as usize + 1];
        let rows = || order.par_iter().with_min_len(ROWS_PER_TASK);
        let columns = rows().flat_map_iter(|&at| self.columns[span(at)].iter());
        Self {
            columns: columns.map(|&column| places[column as usize]).collect(),
            values: rows()
                .flat_map_iter(|&at| &values[span(at)])
                .copied()
                .collect(),
            starts,
        }
    }

    /// The part of the graph that each row belongs to, where entries that `joins` accepts are its edges: parts numbered from 0 in the
    /// order of their first row.
    pub(super) fn parts(&self, joins: impl Fn(f64) -> bool) -> Vec<usize> {
        let mut parts = vec![usize::MAX; self.len()];
        let mut count = 0;
        let mut to_visit = Vec::new();
        for first in 0..self.len() {
            if parts[first] != usize::MAX {
                continue;
            }
            parts[first] = count;
            to_visit.push(first);
            while let Some(at) = to_visit.pop() {
                for (column, value) in self.row(at).entries() {
                    if parts[column] == usize::MAX && joins(value) {
                        parts[column] = count;
                        to_visit.push(column);
                    }
                }
            }
            count += 1;
        }
        parts
    }
}
