//! Potentials that are not finite and settings outside their domain are refused, and named.

use burn::tensor::DType;
use tati_core::analytic::{Harmonic, HostPotential};
use tati_core::{Result, TatiError};
use tati_landscape::{EigenpairsConfig, Hessian, HessianTraceConfig, SpectralDensityConfig};

use super::point;

/// A potential that is no number away from the origin.
struct Cliff;

impl HostPotential for Cliff {
    fn dimension(&self) -> usize {
        3
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let inside = position.iter().all(|theta| theta.abs() < 1e-12);
        gradient.fill(if inside { 0.0 } else { f64::NAN });
        0.0
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        f64::NAN
    }
}

#[test]
fn what_is_not_finite_is_an_error() {
    let theta = point(vec![0.0; 3], DType::F64);
    let mut hessian = Hessian::new(&Cliff, &theta).unwrap();
    let errors = [
        EigenpairsConfig::new(1).run(&mut hessian).map(|_| ()),
        HessianTraceConfig::new(2).run(&mut hessian).map(|_| ()),
        SpectralDensityConfig::new(2).run(&mut hessian).map(|_| ()),
        hessian.product(&[1.0, 0.0, 0.0]).map(|_| ()),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("the gradient at the distance"),
            "{message}"
        );
        assert!(message.contains("is NaN"), "{message}");
    }
    let theta = point(vec![0.0, f64::INFINITY, 0.0], DType::F64);
    let message = Hessian::new(&Cliff, &theta).err().unwrap().to_string();
    assert!(
        message.starts_with("parameter 1 of the point of a Hessian is inf"),
        "{message}"
    );
}

#[test]
fn settings_outside_their_domain_are_named() {
    let well = Harmonic::new(vec![1.0, 2.0]).unwrap();
    let theta = point(vec![0.0; 2], DType::F64);
    let mut hessian = Hessian::new(&well, &theta).unwrap();
    let mut refused = |run: &mut dyn FnMut(&mut Hessian) -> Result<()>, part: &str| {
        let message = run(&mut hessian).unwrap_err().to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
    };
    let pairs =
        |config: EigenpairsConfig| move |hessian: &mut Hessian| config.run(hessian).map(|_| ());
    refused(
        &mut pairs(EigenpairsConfig::new(3)),
        "`num_pairs` is 3: it must be from 1 to 2",
    );
    refused(&mut pairs(EigenpairsConfig::new(0)), "`num_pairs` is 0");
    refused(
        &mut pairs(EigenpairsConfig::new(2).with_max_products(1)),
        "`max_products` is 1",
    );
    refused(
        &mut pairs(EigenpairsConfig::new(1).with_tolerance(f64::NAN)),
        "`tolerance`",
    );
    refused(
        &mut |hessian| HessianTraceConfig::new(1).run(hessian).map(|_| ()),
        "`num_probes`",
    );
    refused(
        &mut |hessian| SpectralDensityConfig::new(1).run(hessian).map(|_| ()),
        "`num_probes`",
    );
    refused(
        &mut |hessian| {
            SpectralDensityConfig::new(2)
                .with_num_steps(0)
                .run(hessian)
                .map(|_| ())
        },
        "`num_steps`",
    );
    refused(
        &mut |hessian| hessian.product(&[1.0]).map(|_| ()),
        "length of the direction",
    );
    refused(
        &mut |hessian| hessian.product(&[0.0, 0.0]).map(|_| ()),
        "length of the direction",
    );
    let density = SpectralDensityConfig::new(2).run(&mut hessian).unwrap();
    assert!(density.broadened(0.0).is_err() && density.broadened(f64::NAN).is_err());
    let message = density.broadened(1e-9).unwrap_err().to_string();
    assert!(
        message.contains("`width`") && message.contains("at least 4.0e-6"),
        "{message}"
    );

    assert!(
        Hessian::new(&well, &theta)
            .unwrap()
            .with_difference_step(-1.0)
            .is_err()
    );
    let short = Hessian::new(&well, &point(vec![0.0], DType::F64));
    assert!(matches!(short.err(), Some(TatiError::ShapeMismatch { .. })));
}
