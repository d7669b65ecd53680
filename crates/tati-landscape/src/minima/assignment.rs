//! The assignment of rows to columns at the least cost.

/// The column of each row in the assignment of least total cost, for a square matrix of finite costs, row-major: the Hungarian method by
/// shortest augmenting paths, O(n³).
///
/// Sources: H. W. Kuhn, Nav. Res. Logist. Q. 2 (1955) 83; R. Jonker, A. Volgenant, Computing 38 (1987) 325.
pub(super) fn least_cost_assignment(costs: &[f64], size: usize) -> Vec<usize> {
    // Column `size` is the one from which the path of a new row starts.
    let mut row_of = vec![None; size + 1];
    let (mut of_rows, mut of_columns) = (vec![0.0; size], vec![0.0; size + 1]);
    let mut before = vec![size; size];
    for row in 0..size {
        row_of[size] = Some(row);
        let mut distances = vec![f64::INFINITY; size];
        let mut is_done = vec![false; size + 1];
        let mut column = size;
        while let Some(at) = row_of[column] {
            is_done[column] = true;
            let (mut nearest, mut shortest) = (size, f64::INFINITY);
            for other in (0..size).filter(|&other| !is_done[other]) {
                let reduced = costs[at * size + other] - of_rows[at] - of_columns[other];
                if reduced < distances[other] {
                    distances[other] = reduced;
                    before[other] = column;
                }
                if distances[other] < shortest {
                    shortest = distances[other];
                    nearest = other;
                }
            }
            for other in 0..=size {
                match (is_done[other], row_of[other]) {
                    (true, Some(row)) => {
                        of_rows[row] += shortest;
                        of_columns[other] -= shortest;
                    }
                    (false, _) if other < size => distances[other] -= shortest,
                    _ => {}
                }
            }
            column = nearest;
        }
        while column != size {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut column_of = vec![0; size];
    for (column, row) in row_of[..size].iter().enumerate() {
        if let Some(row) = row {
            column_of[*row] = column;
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn permutations(size: usize) -> Vec<Vec<usize>> {
        if size == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(size - 1);
        let insert = |at: usize, shorter: &Vec<usize>| {
            let mut longer = shorter.clone();
            longer.insert(at, size - 1);
            longer
        };
        let places = (0..size).flat_map(|at| shorter.iter().map(move |of| insert(at, of)));
        places.collect()
    }

    fn cost(costs: &[f64], columns: &[usize]) -> f64 {
        let size = columns.len();
        let chosen = columns.iter().enumerate();
        chosen.map(|(row, column)| costs[row * size + column]).sum()
    }

    #[test]
    fn no_permutation_costs_less() {
        let mut random = StdRng::seed_from_u64(1);
        for size in 0..7 {
            for _ in 0..20 {
                let costs: Vec<f64> = (0..size * size)
                    .map(|_| random.random::<f64>() - 0.5)
                    .collect();
                let found = least_cost_assignment(&costs, size);
                let mut seen = found.clone();
                seen.sort_unstable();
                assert_eq!(seen, (0..size).collect::<Vec<_>>());
                let all = permutations(size);
                let least = all.iter().map(|columns| cost(&costs, columns));
                let least = least.fold(f64::INFINITY, f64::min);
                assert!((cost(&costs, &found) - least).abs() < 1e-12);
            }
        }
    }
}
