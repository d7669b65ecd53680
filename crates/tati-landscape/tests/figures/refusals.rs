//! Paths that name no figure, data without anything to show and lengths that do not agree are refused, and named.

use std::fs;

use tati_core::{Result, TatiError};
use tati_landscape::plot::{
    Autocorrelation, ColorScale, Contour, CorrelationFunction, Curve, Curves, DiffusionCoordinates,
    DiffusionSpectrum, FreeEnergy, FreeEnergyMap, Grid, HessianSpectrum, Histogram, Path as Ways,
    PointColors, Relief, RunningMean, Spectrum, Sweep, Traces, Trajectories, Zoom,
};

fn message(result: Result<()>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_path_that_names_no_figure_is_refused() {
    let spectrum = Spectrum {
        eigenvalues: &[1.0],
        ..Spectrum::default()
    };
    for path in ["figure.pdf", "figure", "png"] {
        let expected = format!(
            "`path` is {path}: it must be the name of a figure, which ends in .png or .svg"
        );
        assert_eq!(message(spectrum.save(path)), expected);
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["missing/figure.png", "missing/figure.svg"] {
        let error = spectrum.save(folder.path().join(name)).unwrap_err();
        assert!(matches!(error, TatiError::File { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    // A figure cannot replace a folder, and leaves nothing behind.
    let taken = folder.path().join("taken.svg");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("file"), "").unwrap();
    assert!(spectrum.save(&taken).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn data_without_anything_to_show_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.png");
    let holes = [f64::NAN; 4];
    for values in [&[][..], &holes[..]] {
        let places: Vec<f64> = (0..values.len()).map(|place| place as f64 + 1.0).collect();
        let curve = Curve {
            x: &places,
            y: values,
            ..Curve::default()
        };
        let function = CorrelationFunction {
            values,
            ..CorrelationFunction::default()
        };
        let refused = [
            Spectrum {
                eigenvalues: values,
                null: &[1.0],
                ..Spectrum::default()
            }
            .save(&path),
            Trajectories {
                chains: &[values],
                num_components: 2,
                planes: &[[0, 1]],
                ..Trajectories::default()
            }
            .save(&path),
            Autocorrelation {
                functions: &[function],
                ..Autocorrelation::default()
            }
            .save(&path),
            HessianSpectrum {
                locations: &places,
                density: values,
                leading: &[1.0],
                ..HessianSpectrum::default()
            }
            .save(&path),
            Traces {
                chains: &[values],
                expected: Some(1.0),
                ..Traces::default()
            }
            .save(&path),
            RunningMean {
                means: &[curve],
                expected: Some(1.0),
                ..RunningMean::default()
            }
            .save(&path),
            Curves {
                curves: &[curve],
                ..Curves::default()
            }
            .save(&path),
            Histogram {
                draws: values,
                ..Histogram::default()
            }
            .save(&path),
            Sweep {
                series: &[curve],
                expected: Some(1.0),
                ..Sweep::default()
            }
            .save(&path),
            DiffusionCoordinates {
                x: values,
                y: values,
                ..DiffusionCoordinates::default()
            }
            .save(&path),
            DiffusionCoordinates {
                x: &places,
                y: &places,
                colors: PointColors::Values {
                    values,
                    label: "loss",
                    scale: ColorScale::Linear,
                },
                ..DiffusionCoordinates::default()
            }
            .save(&path),
            FreeEnergy {
                curves: &[curve],
                ..FreeEnergy::default()
            }
            .save(&path),
            Ways {
                line: curve,
                ..Ways::default()
            }
            .save(&path),
            DiffusionSpectrum {
                eigenvalues: values,
                null: &[-1.0],
                ..DiffusionSpectrum::default()
            }
            .save(&path),
        ];
        for (number, result) in refused.into_iter().enumerate() {
            let message = message(result);
            assert!(
                message.contains("it must be at least one finite number"),
                "{number}: {message}"
            );
        }
    }
    let grid = Grid {
        x: &[0.0, 1.0],
        y: &[0.0, 1.0],
        values: &holes,
    };
    let shown = "4 numbers that cannot be shown";
    assert!(
        message(
            Contour {
                grid,
                ..Contour::default()
            }
            .save(&path)
        )
        .contains(shown)
    );
    assert!(
        message(
            Relief {
                grid,
                ..Relief::default()
            }
            .save(&path)
        )
        .contains(shown)
    );
    assert!(
        message(
            FreeEnergyMap {
                grid,
                ..FreeEnergyMap::default()
            }
            .save(&path)
        )
        .contains(shown)
    );
    assert!(
        message(
            Zoom {
                grids: &[grid],
                ..Zoom::default()
            }
            .save(&path)
        )
        .contains("L₀")
    );
    assert!(message(Zoom::default().save(&path)).contains("`number of grids` is 0"));
    let grid = Grid {
        values: &[-1.0; 4],
        ..grid
    };
    let contour = Contour {
        grid,
        scale: ColorScale::Logarithmic,
        ..Contour::default()
    };
    assert!(message(contour.save(&path)).contains("above 0"));
    let contour = Contour {
        grid: Grid {
            x: &[0.0],
            y: &[0.0],
            values: &[1.0],
        },
        ..Contour::default()
    };
    assert!(message(contour.save(&path)).contains("`grid.x` is 1 places"));
    assert!(!path.exists());
}

#[test]
fn lengths_that_do_not_agree_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    let (two, three) = (&[1.0, 2.0][..], &[1.0, 2.0, 3.0][..]);
    let curve = Curve {
        label: "γ = 1",
        x: two,
        y: three,
        ..Curve::default()
    };
    let bars = Curve {
        y: two,
        error: three,
        ..curve
    };
    let function = CorrelationFunction {
        values: two,
        error: three,
        ..CorrelationFunction::default()
    };
    let points = |colors| DiffusionCoordinates {
        x: two,
        y: two,
        colors,
        ..DiffusionCoordinates::default()
    };
    let chains = [three];
    let planes = Trajectories {
        chains: &chains,
        num_components: 2,
        planes: &[[0, 1]],
        ..Trajectories::default()
    };
    for (result, expected) in [
        (
            Sweep {
                series: &[curve],
                ..Sweep::default()
            }
            .save(&path),
            "values of the curve `γ = 1`: expected 2, found 3",
        ),
        (
            RunningMean {
                means: &[bars],
                ..RunningMean::default()
            }
            .save(&path),
            "errors of the curve `γ = 1`: expected 2, found 3",
        ),
        (
            Curves {
                curves: &[curve],
                ..Curves::default()
            }
            .save(&path),
            "values of the curve `γ = 1`: expected 2, found 3",
        ),
        (
            Autocorrelation {
                functions: &[function],
                ..Autocorrelation::default()
            }
            .save(&path),
            "errors of the autocorrelation ``: expected 2, found 3",
        ),
        (
            HessianSpectrum {
                locations: two,
                density: three,
                ..HessianSpectrum::default()
            }
            .save(&path),
            "densities of the Hessian's spectrum: expected 2, found 3",
        ),
        (
            Histogram {
                draws: two,
                locations: two,
                density: three,
                ..Histogram::default()
            }
            .save(&path),
            "densities in theory: expected 2, found 3",
        ),
        (
            planes.save(&path),
            "coordinates of chain 1: expected a multiple of 2, found 3",
        ),
        (
            Trajectories {
                planes: &[[0, 2]],
                ..planes
            }
            .save(&path),
            "`component of a plane` is 2: it must be from 0 to below 2",
        ),
        (
            Trajectories {
                planes: &[],
                ..planes
            }
            .save(&path),
            "`number of planes` is 0: it must be at least 1",
        ),
        (
            DiffusionCoordinates {
                x: two,
                y: three,
                ..DiffusionCoordinates::default()
            }
            .save(&path),
            "second coordinates of the points: expected 2, found 3",
        ),
        (
            points(PointColors::Values {
                values: three,
                label: "loss",
                scale: ColorScale::Linear,
            })
            .save(&path),
            "values of the points: expected 2, found 3",
        ),
        (
            points(PointColors::Groups {
                group: &[0, 1, 0],
                names: &["a", "b"],
            })
            .save(&path),
            "groups of the points: expected 2, found 3",
        ),
        (
            points(PointColors::Groups {
                group: &[0, 2],
                names: &["a", "b"],
            })
            .save(&path),
            "`group of a point` is 2: it must be from 0 to below 2",
        ),
        (
            Ways {
                images: curve,
                ..Ways::default()
            }
            .save(&path),
            "values of the curve `γ = 1`: expected 2, found 3",
        ),
        (
            FreeEnergy {
                curves: &[bars],
                ..FreeEnergy::default()
            }
            .save(&path),
            "errors of the curve `γ = 1`: expected 2, found 3",
        ),
        (
            Trajectories {
                num_components: 0,
                ..planes
            }
            .save(&path),
            "`num_components` is 0: it must be at least 1",
        ),
    ] {
        assert_eq!(message(result), expected);
    }
}
