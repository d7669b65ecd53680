//! Quenches and the signs of curvatures, on potentials whose minima and saddles are known.

use tati_core::analytic::{DoubleWell, Harmonic, MuellerBrown, Rosenbrock};
use tati_core::{Result, TatiError};
use tati_landscape::{
    Draws, HessianIndexConfig, MinimaConfig, MinimaProgress, QuenchConfig, QuenchEnd,
    StationaryPoint,
};

use super::given::{Given, distance};

#[test]
fn quenches_end_at_the_minima_of_mueller_brown() -> Result<()> {
    let starts = [-0.7, 1.3, 0.5, 0.1, -0.1, 0.5, -0.5, 1.5, 0.65, 0.0];
    let config = MinimaConfig::new().with_quench(
        QuenchConfig::new()
            .with_gradient_tolerance(1e-7)
            .with_max_change(0.05),
    );
    let draws = Draws::from_f64(&starts, [1, 5, 2])?;
    let found = config.find(&MuellerBrown, &draws, None, &mut |_| {})?;
    assert_eq!(found.num_unconverged(), 0);
    assert_eq!(found.minima.len(), 3);
    let expected = MuellerBrown::MINIMA
        .iter()
        .zip(MuellerBrown::MINIMUM_ENERGIES);
    for (minimum, (position, energy)) in found.minima.iter().zip(expected) {
        assert!(distance(&minimum.point.position, position) < 1e-8);
        assert!((minimum.point.potential - energy).abs() < 1e-8);
        assert!(minimum.point.gradient_norm <= 1e-7);
        let hessian = &minimum.point.hessian;
        assert_eq!(
            [hessian.index, hessian.num_flat, hessian.eigenvalues.len()],
            [0, 0, 2]
        );
        assert!(hessian.converged);
    }
    let below: Vec<_> = found.quenches.iter().map(|draw| draw.minimum).collect();
    assert_eq!(below, [0, 1, 2, 0, 1].map(Some));
    let counted: Vec<_> = (found.minima.iter())
        .map(|minimum| [minimum.draw, minimum.num_quenches])
        .collect();
    assert_eq!(counted, [[0, 2], [1, 2], [2, 1]]);
    Ok(())
}

#[test]
fn saddles_have_index_one_and_maxima_two() -> Result<()> {
    for (saddle, energy) in MuellerBrown::SADDLES
        .iter()
        .zip(MuellerBrown::SADDLE_ENERGIES)
    {
        let point = StationaryPoint::at(&MuellerBrown, saddle, &HessianIndexConfig::new())?;
        assert_eq!([point.hessian.index, point.hessian.num_flat], [1, 0]);
        assert!(point.gradient_norm < 1e-5 && (point.potential - energy).abs() < 1e-8);
    }
    let barrier = HessianIndexConfig::new().run(&DoubleWell::new(3.0)?, &[0.0])?;
    assert_eq!(barrier.index, 1);
    assert!((barrier.eigenvalues[0] + 12.0).abs() < 1e-6);
    let hill = Given(2, |theta: &[f64], gradient: &mut [f64]| {
        gradient.copy_from_slice(&[-2.0 * theta[0], -6.0 * theta[1]]);
        -theta[0] * theta[0] - 3.0 * theta[1] * theta[1]
    });
    assert_eq!(HessianIndexConfig::new().run(&hill, &[0.0, 0.0])?.index, 2);
    Ok(())
}

/// U = (|θ|² − 1)²/4 in `dimension` dimensions: a sphere of minima, flat along all directions but one.
fn hat(dimension: usize) -> Given<impl Fn(&[f64], &mut [f64]) -> f64> {
    Given(dimension, |theta: &[f64], gradient: &mut [f64]| {
        let excess = theta.iter().map(|x| x * x).sum::<f64>() - 1.0;
        for (slope, theta) in gradient.iter_mut().zip(theta) {
            *slope = excess * theta;
        }
        0.25 * excess * excess
    })
}

#[test]
fn flat_directions_are_counted_apart() -> Result<()> {
    let quench = QuenchConfig::new()
        .with_gradient_tolerance(1e-10)
        .run(&hat(5), &[0.3; 5])?;
    assert!(quench.has_converged(), "{quench:?}");
    let hessian = HessianIndexConfig::new().run(&hat(5), &quench.position)?;
    assert_eq!([hessian.index, hessian.num_flat], [0, 4], "{hessian:?}");
    assert!((hessian.eigenvalues[0] - 2.0).abs() < 1e-6);
    // At the top every direction leads down.
    let top = HessianIndexConfig::new().run(&hat(5), &[0.0; 5])?;
    assert_eq!([top.index, top.num_flat], [5, 0]);
    Ok(())
}

#[test]
fn many_parameters_are_searched_for_their_negative_curvatures_alone() -> Result<()> {
    // Eleven negative curvatures of 300, and the lowest of the others.
    let curvature = |at: usize| {
        if at < 11 {
            -1.0 - at as f64
        } else {
            0.5 + 0.01 * at as f64
        }
    };
    let saddle = Given(300, |theta: &[f64], gradient: &mut [f64]| {
        let mut energy = 0.0;
        for (at, (slope, theta)) in gradient.iter_mut().zip(theta).enumerate() {
            *slope = curvature(at) * theta;
            energy += 0.5 * curvature(at) * theta * theta;
        }
        energy
    });
    let hessian = HessianIndexConfig::new().run(&saddle, &[0.0; 300])?;
    assert_eq!(
        [hessian.index, hessian.num_flat, hessian.eigenvalues.len()],
        [11, 0, 12]
    );
    assert!(hessian.converged);
    assert!(
        (hessian.eigenvalues[0] - 0.61).abs() < hessian.errors[0],
        "{hessian:?}"
    );
    Ok(())
}

/// A network has many flat directions, which cost no more than one of them; a slight way down among them is seen all the same.
#[test]
fn flat_directions_hide_no_negative_curvature() -> Result<()> {
    for (down, index) in [(0.0, 0), (-0.02, 1)] {
        let curvature = move |at: usize| match at {
            0 => down,
            1..=1500 => 0.0,
            at => 1e-4 * (at - 1500) as f64,
        };
        let valley = Given(12_000, move |theta: &[f64], gradient: &mut [f64]| {
            let mut energy = 0.0;
            for (at, (slope, theta)) in gradient.iter_mut().zip(theta).enumerate() {
                *slope = curvature(at) * theta;
                energy += 0.5 * curvature(at) * theta * theta;
            }
            energy
        });
        let hessian = HessianIndexConfig::new().run(&valley, &vec![0.0; 12_000])?;
        assert_eq!([hessian.index, hessian.num_flat], [index, 1], "{hessian:?}");
        assert!(
            hessian.converged && hessian.num_gradients < 1000,
            "{hessian:?}"
        );
    }
    // Everything leads down from a hill.
    let hill = Given(100, |theta: &[f64], gradient: &mut [f64]| {
        for (at, (slope, theta)) in gradient.iter_mut().zip(theta).enumerate() {
            *slope = -(1.0 + at as f64) * theta;
        }
        0.5 * theta
            .iter()
            .zip(&*gradient)
            .map(|(theta, slope)| theta * slope)
            .sum::<f64>()
    });
    assert_eq!(
        HessianIndexConfig::new().run(&hill, &[0.0; 100])?.index,
        100
    );
    Ok(())
}

#[test]
fn a_quench_follows_a_bent_valley_and_stays_in_its_basin() -> Result<()> {
    let quench = QuenchConfig::new()
        .with_gradient_tolerance(1e-9)
        .run(&Rosenbrock::new(100.0)?, &[-1.9, 2.0])?;
    assert!(quench.has_converged());
    assert!(
        distance(&quench.position, &Rosenbrock::MINIMUM) < 1e-7,
        "{quench:?}"
    );

    // From anywhere on either side of the barrier into the well of that side, as steps are short.
    let wells = Given(1, |theta: &[f64], gradient: &mut [f64]| {
        let well = theta[0] * theta[0] - 0.04;
        gradient[0] = 4.0 * well * theta[0];
        well * well
    });
    let num_crossings = |max_change: f64| -> Result<usize> {
        let config = QuenchConfig::new().with_max_change(max_change);
        let mut num_crossings = 0;
        for at in 0..40 {
            let start = -0.39 + 0.02 * f64::from(at);
            let quench = config.run(&wells, &[start])?;
            assert!(quench.has_converged() && (quench.position[0].abs() - 0.2).abs() < 1e-4);
            num_crossings += usize::from(quench.position[0].signum() != start.signum());
        }
        Ok(num_crossings)
    };
    assert_eq!(num_crossings(0.02)?, 0);
    // Control: where steps may be as long as the wells are apart, some leave their well.
    assert!(num_crossings(10.0)? > 0);
    Ok(())
}

#[test]
fn a_quench_says_when_it_did_not_converge() -> Result<()> {
    let valley = Rosenbrock::new(100.0)?;
    let spent = QuenchConfig::new()
        .with_max_iterations(3)
        .run(&valley, &[-1.9, 2.0])?;
    assert_eq!(
        (spent.end, spent.num_iterations),
        (QuenchEnd::IterationsSpent, 3)
    );
    // |θ| has a kink at its minimum, where the gradient never becomes small.
    let kink = Given(1, |theta: &[f64], gradient: &mut [f64]| {
        gradient[0] = theta[0].signum();
        theta[0].abs()
    });
    let stalled = QuenchConfig::new().run(&kink, &[0.234])?;
    assert_eq!(stalled.end, QuenchEnd::Stalled);
    assert!(
        stalled.position[0].abs() < 1e-3 && stalled.gradient_norm == 1.0,
        "{stalled:?}"
    );
    // Draws whose quench did not converge are no minima.
    let theta = [0.234, -0.5];
    let draws = Draws::from_f64(&theta, [2, 1, 1])?;
    let found = MinimaConfig::new().find(&kink, &draws, None, &mut |_| {})?;
    assert_eq!((found.minima.len(), found.num_unconverged()), (0, 2));
    assert!(found.minimum_of_draw(0).is_none() && found.minimum_of_draw(7).is_none());
    Ok(())
}

#[test]
fn a_wall_where_the_potential_is_not_finite_is_kept_away_from() -> Result<()> {
    // −ln θ + θ: the minimum at 1, not a number for θ < 0, where the first step leads.
    let wall = Given(1, |theta: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0 - 1.0 / theta[0];
        theta[0] - theta[0].ln()
    });
    for start in [1e-4, 0.09, 3.0, 40.0] {
        let quench = QuenchConfig::new()
            .with_max_change(30.0)
            .run(&wall, &[start])?;
        assert!(
            quench.has_converged() && (quench.position[0] - 1.0).abs() < 1e-6,
            "{quench:?}"
        );
    }
    Ok(())
}

#[test]
fn what_is_not_finite_or_out_of_range_is_named() -> Result<()> {
    let well = Harmonic::new(vec![1.0, 2.0])?;
    let messages = |error: TatiError| error.to_string();
    let run = |start: &[f64]| QuenchConfig::new().run(&well, start).map_err(messages);
    assert!(
        run(&[1.0, f64::NAN])
            .unwrap_err()
            .contains("parameter 1 of the start")
    );
    assert!(
        run(&[1.0])
            .unwrap_err()
            .contains("expected 2, the number of parameters, found 1")
    );
    let nowhere = Given(1, |_: &[f64], gradient: &mut [f64]| {
        gradient[0] = 0.0;
        f64::NAN
    });
    let error = QuenchConfig::new()
        .run(&nowhere, &[0.0])
        .map_err(messages)
        .unwrap_err();
    assert!(error.contains("at the start of a quench is NaN"), "{error}");
    for config in [
        QuenchConfig::new().with_gradient_tolerance(0.0),
        QuenchConfig::new().with_max_change(f64::NAN),
        QuenchConfig::new().with_max_iterations(0),
        QuenchConfig::new().with_history_size(0),
    ] {
        let error = config.run(&well, &[1.0, 1.0]);
        assert!(matches!(error, Err(TatiError::InvalidSetting { .. })));
    }
    let theta = [1.0; 3];
    let draws = Draws::from_f64(&theta, [1, 1, 3])?;
    let found = MinimaConfig::new().find(&well, &draws, None, &mut |_| {});
    assert!(
        found
            .map_err(messages)
            .unwrap_err()
            .contains("expected 2, as of the potential")
    );
    let theta = [1.0, f64::INFINITY];
    let draws = Draws::from_f64(&theta, [1, 1, 2])?;
    let found = MinimaConfig::new().find(&well, &draws, None, &mut |_| {});
    assert!(matches!(found, Err(TatiError::NotFinite { .. })));
    let index = HessianIndexConfig::new().run(&well, &[0.0, f64::NAN]);
    assert!(matches!(index, Err(TatiError::NotFinite { .. })));
    Ok(())
}

#[test]
fn progress_goes_through_draws_and_minima() -> Result<()> {
    let theta = [0.5, -0.5, 0.2];
    let draws = Draws::from_f64(&theta, [3, 1, 1])?;
    let mut told = Vec::new();
    MinimaConfig::new().find(&DoubleWell::new(1.0)?, &draws, None, &mut |progress| {
        told.push(progress);
    })?;
    let quenched = [1, 2, 3].map(|done| MinimaProgress::Quenched { done, total: 3 });
    let counted = [1, 2].map(|done| MinimaProgress::Counted { done, total: 2 });
    assert_eq!(told[..3], quenched);
    assert_eq!(told[3..], counted);
    Ok(())
}
