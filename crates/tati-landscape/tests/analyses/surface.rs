//! Surfaces and projections against closed forms.

use std::fs;

use burn::tensor::Tensor;
use tati_core::analytic::{DoubleWell, Harmonic, MuellerBrown, Rosenbrock};
use tati_core::{AffineSubspace, Potential, Result};
use tati_landscape::{Axis, Draws, Surface, TrajectoryPotential, TrajectoryProjection, ZoomConfig};

fn axis(name: &str, low: f64, high: f64, points: usize) -> Axis {
    Axis::equidistant(name, low..=high, points).unwrap()
}

fn axes() -> [Axis; 2] {
    [axis("c0", -2.0, 1.0, 13), axis("c1", -0.5, 3.0, 9)]
}

/// Checks every value of a surface over [`axes`] against `exact`, a function of the coefficients.
fn check(surface: &Surface, exact: impl Fn(f64, f64) -> f64) {
    let [rows, columns] = axes();
    assert_eq!(surface.shape(), [13, 9]);
    for (i, a) in rows.values.iter().enumerate() {
        for (j, b) in columns.values.iter().enumerate() {
            let (found, exact) = (surface.potential[9 * i + j], exact(*a, *b));
            let allowed = 1e-13 * exact.abs().max(1.0);
            assert!((found - exact).abs() < allowed, "{found} is not {exact}");
        }
    }
}

#[test]
fn planes_of_analytic_potentials_are_their_formulas() {
    let well = Harmonic::new(vec![1.0, 3.0, 0.5]).unwrap();
    let (origin, first, second) = ([0.1, -0.2, 0.3], [1.0, 1.0, 0.0], [0.5, -0.5, 2.0]);
    let plane = AffineSubspace::new(&origin, &[&first, &second]).unwrap();
    let surface = Surface::over(&well, &plane, &axes(), &mut |_| {}).unwrap();
    check(&surface, |a, b| {
        let (x, y, z) = (0.1 + a + 0.5 * b, -0.2 + a - 0.5 * b, 0.3 + 2.0 * b);
        0.5 * (x * x + 3.0 * y * y + 0.5 * z * z)
    });

    let valley = Rosenbrock::new(100.0).unwrap();
    let plane = AffineSubspace::new(&[0.5, 0.0], &[&[0.0, 1.0], &[-1.0, 0.0]]).unwrap();
    let surface = Surface::over(&valley, &plane, &axes(), &mut |_| {}).unwrap();
    check(&surface, |a, b| {
        let (x, y) = (0.5 - b, a);
        (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
    });
}

#[test]
fn a_line_through_the_double_well_shows_its_barrier_and_minima() {
    let well = DoubleWell::new(2.0).unwrap();
    let line = AffineSubspace::new(&[1.0], &[&[-2.0]]).unwrap();
    let surface = Surface::over(&well, &line, &[axis("c0", 0.0, 1.0, 5)], &mut |_| {}).unwrap();
    assert_eq!(surface.potential, [0.0, 1.125, 2.0, 1.125, 0.0]);
    // The first of two minima.
    let minimum = surface.minimum().unwrap();
    assert_eq!((minimum.potential, minimum.coordinates), (0.0, vec![0.0]));
}

/// More points than fit one block of evaluation, and three directions.
#[test]
fn grids_of_any_dimension_are_row_major() {
    let well = Harmonic::new(vec![2.0, 2.0, 2.0]).unwrap();
    let directions: [&[f64]; 3] = [&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]];
    let space = AffineSubspace::new(&[0.0; 3], &directions).unwrap();
    let axes = [
        axis("c0", 0.0, 6.0, 7),
        axis("c1", 0.0, 8.0, 9),
        axis("c2", 0.0, 10.0, 11),
    ];
    let surface = Surface::over(&well, &space, &axes, &mut |_| {}).unwrap();
    for (point, potential) in surface.potential.iter().enumerate() {
        let (i, j, k) = (point / 99, point / 11 % 9, point % 11);
        assert_eq!(*potential, (i * i + j * j + k * k) as f64);
    }
}

#[test]
fn zooms_nest() {
    let well = Harmonic::new(vec![2.0, 6.0]).unwrap();
    let origin = [0.5, -0.25];
    let plane = AffineSubspace::new(&origin, &[&[1.0, 0.0], &[0.0, 1.0]]).unwrap();
    let zooms = ZoomConfig::new().with_points(21);
    let mut shares = Vec::new();
    let series = zooms
        .evaluate(&well, &plane, &mut |share| shares.push(share))
        .unwrap();
    assert_eq!(series.len(), 7);
    assert!(shares.is_sorted() && shares.last() == Some(&1.0));
    for (surface, exponent) in series.iter().zip([1, 0, -1, -2, -3, -4, -5]) {
        let values = &surface.axes[1].values;
        assert_eq!(values[20], 10f64.powi(exponent));
        // The origin is the middle of each.
        assert_eq!(surface.potential[21 * 10 + 10], 0.25 + 3.0 * 0.0625);
    }
    // The corners of a zoom are points of the one before, one step from its origin.
    for pair in series.windows(2) {
        let (outer, inner) = (&pair[0].potential, &pair[1].potential);
        for (from, to) in [(9 * 21 + 9, 0), (11 * 21 + 11, 440)] {
            assert!((outer[from] - inner[to]).abs() < 1e-14);
        }
    }
    assert!(
        zooms
            .clone()
            .with_points(1)
            .evaluate(&well, &plane, &mut |_| {})
            .is_err()
    );
    assert!(
        zooms
            .with_narrowest(2)
            .evaluate(&well, &plane, &mut |_| {})
            .is_err()
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let well = Harmonic::new(vec![1.0, 1.0]).unwrap();
    let over = |plane: &AffineSubspace, axes: &[Axis]| {
        let surface = Surface::over(&well, plane, axes, &mut |_| {});
        surface.unwrap_err().to_string()
    };
    let plane = AffineSubspace::new(&[0.0; 2], &[&[1.0, 0.0], &[0.0, 1.0]]).unwrap();
    assert_eq!(
        over(&plane, &axes()[..1]),
        "number of axes: expected 2, one a direction, found 1"
    );
    // Twice as long as the potential's: no two points of it.
    let longer = AffineSubspace::new(&[0.0; 4], &[&[1.0; 4]]).unwrap();
    assert_eq!(
        over(&longer, &axes()[..1]),
        "length of the origin: expected 2, the parameters of the potential, found 4"
    );
    let mut empty = axes();
    empty[1].values.clear();
    assert!(over(&plane, &empty).contains("`points of an axis` is 0"));
}

/// A potential that is no number on one side.
struct HalfNumber;

impl Potential for HalfNumber {
    fn num_parameters(&self) -> usize {
        1
    }

    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)> {
        let x = position.clone().into_scalar::<f64>();
        Ok((x.ln(), position.clone().recip()))
    }
}

#[test]
fn tables_hold_every_number_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("surface.csv");
    let line = AffineSubspace::new(&[0.0], &[&[1.0]]).unwrap();
    let surface = Surface::over(
        &HalfNumber,
        &line,
        &[axis("c0", -0.25, 0.25, 5)],
        &mut |_| {},
    )
    .unwrap();
    surface.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("c0,potential"));
    for ((line, c), potential) in lines.zip(&surface.axes[0].values).zip(&surface.potential) {
        let (first, second) = line.split_once(',').unwrap();
        assert_eq!(first.parse::<f64>().unwrap(), *c);
        let second: f64 = second.parse().unwrap();
        assert!(second == *potential || (second.is_nan() && potential.is_nan()));
    }
    assert!(
        text.contains(",NaN\n") && text.contains(",-inf\n"),
        "{text}"
    );
    let minimum = surface.minimum().unwrap();
    assert_eq!(minimum.indices, [3]);

    let along = TrajectoryPotential {
        potential: vec![vec![0.1], vec![0.3, f64::NAN]],
    };
    along.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "chain,draw,potential\n0,0,0.1\n1,0,0.3\n1,1,NaN\n");
    assert!(
        surface
            .write_csv(folder.path().join("missing/surface.csv"))
            .is_err()
    );
}

/// Draws θ₀ + a d₁ + b d₂ + r n with n orthogonal to both, for directions that are neither orthogonal nor of length 1.
#[test]
fn projections_give_back_coefficients_and_distance() {
    let n = 50;
    let wave = |k: f64| {
        (0..n)
            .map(|i| (k * f64::from(i) * 0.7).sin())
            .collect::<Vec<f64>>()
    };
    let first: Vec<f64> = wave(1.0).iter().map(|x| 1e-7 * x).collect();
    let second: Vec<f64> = wave(1.0)
        .iter()
        .zip(wave(2.0))
        .map(|(x, y)| 40.0 * (x + y))
        .collect();
    let origin = wave(3.0);
    let plane = AffineSubspace::new(&origin, &[&first, &second]).unwrap();
    // A vector orthogonal to both: orthogonal to sin(0.7 i) and sin(1.4 i), by Gram-Schmidt.
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut v in [wave(1.0), wave(2.0), wave(5.0)] {
        for _ in 0..2 {
            for b in &basis {
                let along = dot(&v, b);
                v.iter_mut().zip(b).for_each(|(x, b)| *x -= along * b);
            }
        }
        let length = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|x| *x /= length);
        basis.push(v);
    }
    let known = [
        (3e6, 0.25, 1.5),
        (-2e7, 0.0, 0.0),
        (0.0, -2.0, 40.0),
        (1e6, 1.0, 1e-3),
    ];
    let theta: Vec<f64> = known
        .iter()
        .flat_map(|(a, b, r)| {
            let place = plane.point(&[*a, *b]).unwrap();
            let away = basis[2].iter().map(move |x| r * x);
            place
                .into_iter()
                .zip(away)
                .map(|(x, y)| x + y)
                .collect::<Vec<_>>()
        })
        .collect();
    let draws = Draws::from_f64(&theta, [2, 2, n as usize]).unwrap();
    let projection = TrajectoryProjection::of(&draws, &plane).unwrap();
    for (draw, (a, b, r)) in known.iter().enumerate() {
        let (chain, row) = (draw / 2, draw % 2);
        let found = &projection.coefficients[chain][2 * row..2 * row + 2];
        assert!(
            (found[0] - a).abs() < 1e-12 * 2e7,
            "{} is not {a}",
            found[0]
        );
        assert!((found[1] - b).abs() < 1e-12, "{} is not {b}", found[1]);
        assert!((projection.residual_norms[chain][row] - r).abs() < 1e-12);
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("path.csv");
    projection.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("chain,draw,c0,c1,residual_norm\n0,0,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);

    let parallel: Vec<f64> = first.iter().map(|x| -3.0 * x).collect();
    let flat = AffineSubspace::new(&origin, &[&first, &parallel]).unwrap();
    let message = TrajectoryProjection::of(&draws, &flat)
        .unwrap_err()
        .to_string();
    assert!(message.contains("linearly dependent"), "{message}");
    let three: [&[f64]; 3] = [&[1.0, 0.0], &[0.0, 1.0], &[1.0, 1.0]];
    let too_many = AffineSubspace::new(&[0.0, 0.0], &three).unwrap();
    let draws = Draws::from_f64(&[1.0, 2.0], [1, 1, 2]).unwrap();
    assert!(TrajectoryProjection::of(&draws, &too_many).is_err());
    assert!(TrajectoryProjection::of(&draws, &plane).is_err());
}

#[test]
fn a_trajectory_is_evaluated_draw_by_draw() {
    let theta: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.1 - 0.5).collect();
    let draws = Draws::from_f64(&theta, [2, 3, 2])
        .unwrap()
        .with_burn_in(1)
        .unwrap();
    let mut shares = Vec::new();
    let along =
        TrajectoryPotential::of(&draws, &MuellerBrown, &mut |share| shares.push(share)).unwrap();
    for (chain, row, draw) in [(0, 0, 1), (0, 1, 2), (1, 0, 4), (1, 1, 5)] {
        let position = MuellerBrown
            .positions(&theta[2 * draw..2 * draw + 2])
            .unwrap();
        let exact = MuellerBrown.energy(&position.flatten(0, 1)).unwrap();
        assert_eq!(along.potential[chain][row], exact);
    }
    assert_eq!(shares, [0.5, 1.0]);
    let other = Harmonic::new(vec![1.0]).unwrap();
    assert!(TrajectoryPotential::of(&draws, &other, &mut |_| {}).is_err());
}
