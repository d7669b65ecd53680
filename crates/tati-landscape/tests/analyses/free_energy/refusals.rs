//! Input that has no free energy is refused, and the message says what and where.

use tati_core::{Result, TatiError};
use tati_landscape::{
    Bins, BlockBootstrapConfig, CollectiveVariable, Draws, FreeEnergyPlaneConfig,
    FreeEnergyProfile, FreeEnergyProfileConfig, LevelSetsConfig, reweighting_log_weights,
};

fn assert_refused<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

fn values() -> Vec<f64> {
    (0..500).map(|i| (f64::from(i * i) * 0.37).sin()).collect()
}

fn profile_with(
    change: impl Fn(FreeEnergyProfileConfig) -> FreeEnergyProfileConfig,
) -> Result<FreeEnergyProfile> {
    let values = values();
    let variable = CollectiveVariable::new(&values, &[500])?;
    change(FreeEnergyProfileConfig::new(1.0)).compute(&variable)
}

#[test]
fn values_that_are_none() {
    let mut values = values();
    for bad in [f64::NAN, f64::INFINITY] {
        values[17] = bad;
        assert_refused(
            CollectiveVariable::new(&values, &[500]),
            &["draw 17", &bad.to_string()],
        );
    }
    assert_refused(
        CollectiveVariable::new(&[1.0], &[1]),
        &["number of draws", "1", "at least 10"],
    );
    assert_refused(
        CollectiveVariable::new(&[], &[]),
        &["number of draws", "at least 10"],
    );
    assert_refused(
        CollectiveVariable::new(&[2.5; 40], &[40]),
        &["2.5 throughout"],
    );
}

#[test]
fn lengths_that_do_not_fit() {
    let values = values();
    assert_refused(
        CollectiveVariable::new(&values, &[200, 200]),
        &["400", "500"],
    );
    assert_refused(
        CollectiveVariable::new(&values, &[500, 0]),
        &["length of a chain"],
    );
    let variable = CollectiveVariable::new(&values, &[500]).unwrap();
    assert_refused(
        variable.clone().with_log_weights(&values[1..]),
        &["log weights", "500", "499"],
    );
    let mut log_weights = vec![0.0; 500];
    log_weights[3] = f64::NEG_INFINITY;
    assert_refused(
        variable.clone().with_log_weights(&log_weights),
        &["log weight of draw 3"],
    );
    let plane = FreeEnergyPlaneConfig::new(1.0);
    assert_refused(
        plane.compute(&variable, &values[1..]),
        &["second variable", "499"],
    );
    assert_refused(plane.compute(&variable, &[0.0; 500]), &["0 throughout"]);
    let draws = Draws::from_f64(&values, [1, 250, 2]).unwrap();
    assert_refused(
        LevelSetsConfig::new(1.0).compute(&variable, &draws),
        &["number of positions", "500", "250"],
    );
}

#[test]
fn inverse_temperatures_that_are_none() {
    let values = values();
    let variable = CollectiveVariable::new(&values, &[500]).unwrap();
    let draws = Draws::from_f64(&values, [1, 500, 1]).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let expected = [&format!("`inverse_temperature` is {bad}")[..], "above 0"];
        assert_refused(
            FreeEnergyProfileConfig::new(bad).compute(&variable),
            &expected,
        );
        assert_refused(
            FreeEnergyPlaneConfig::new(bad).compute(&variable, &values),
            &expected,
        );
        assert_refused(
            LevelSetsConfig::new(bad).compute(&variable, &draws),
            &expected,
        );
        assert_refused(reweighting_log_weights(&values, 1.0, bad), &expected);
        assert!(reweighting_log_weights(&values, bad, 1.0).is_err());
    }
    assert_refused(
        reweighting_log_weights(&[1.0, f64::NAN], 1.0, 2.0),
        &["potential of draw 1"],
    );
}

#[test]
fn bins_that_hold_nothing_or_are_none() {
    let with = |bins: Bins| profile_with(|config| config.with_bins(bins.clone()));
    assert_refused(
        with(Bins::Edges(vec![5.0, 6.0, 7.0])),
        &["bins", "none is in any bin"],
    );
    assert_refused(
        with(Bins::Edges(vec![0.0])),
        &["edges of bins", "at least 2"],
    );
    assert_refused(
        with(Bins::Edges(vec![0.0, 0.0])),
        &["edges of bins", "larger"],
    );
    assert_refused(
        with(Bins::Edges(vec![0.0, f64::NAN])),
        &["edges of bins", "finite"],
    );
    assert_refused(
        with(Bins::Edges(vec![0.0, f64::INFINITY])),
        &["edges of bins", "finite"],
    );
    assert_refused(with(Bins::Count(1)), &["number of bins", "at least 2"]);
    let values = values();
    let variable = CollectiveVariable::new(&values, &[500]).unwrap();
    let draws = Draws::from_f64(&values, [1, 500, 1]).unwrap();
    let levels = LevelSetsConfig::new(1.0);
    let one = levels.clone().with_num_levels(1);
    assert_refused(
        one.compute(&variable, &draws),
        &["num_levels", "at least 2"],
    );
    for half_width in [0.0, -1.0, 0.06, f64::NAN] {
        let wide = levels.clone().with_half_width(Some(half_width));
        assert_refused(
            wide.compute(&variable, &draws),
            &["half_width", "half of the distance"],
        );
    }
}

#[test]
fn errors_that_cannot_be() {
    let with = |bootstrap: BlockBootstrapConfig| {
        profile_with(|config| config.with_bootstrap(bootstrap.clone()))
    };
    let bootstrap = BlockBootstrapConfig::new();
    assert_refused(
        with(bootstrap.clone().with_num_resamples(1)),
        &["num_resamples", "at least 2"],
    );
    for length in [0, 63, 500] {
        assert_refused(
            with(bootstrap.clone().with_block_length(Some(length))),
            &["block_length", "from 1 to 62"],
        );
    }
    let found = with(bootstrap).unwrap();
    assert_refused(found.basins(0.0), &["significance", "above 0"]);
    assert_refused(found.basins(f64::NAN), &["significance"]);

    // A chain that only drifts.
    let drift: Vec<f64> = (0..500).map(f64::from).collect();
    let drift = CollectiveVariable::new(&drift, &[500]).unwrap();
    assert_refused(
        FreeEnergyProfileConfig::new(1.0).compute(&drift),
        &["number of draws", "23 times", "num_resamples"],
    );
    let huge: Vec<f64> = values().iter().map(|x| x * 1e200).collect();
    let huge = CollectiveVariable::new(&huge, &[500]).unwrap();
    let error = FreeEnergyProfileConfig::new(1.0)
        .compute(&huge)
        .unwrap_err();
    assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");
}

#[test]
fn weights_that_leave_next_to_nothing() {
    let values = values();
    let log_weights: Vec<f64> = (0..500)
        .map(|draw| if draw < 3 { 0.0 } else { -30.0 })
        .collect();
    let variable = CollectiveVariable::new(&values, &[500])
        .and_then(|variable| variable.with_log_weights(&log_weights))
        .unwrap();
    assert_refused(
        FreeEnergyProfileConfig::new(1.0).compute(&variable),
        &["log weights", "3.0 of 500 draws", "sample closer"],
    );
    // Ten draws next to each other, all others without any weight: some resamples have none.
    let log_weights: Vec<f64> = (0..500)
        .map(|draw| if draw < 10 { 0.0 } else { -1e4 })
        .collect();
    let variable = variable.with_log_weights(&log_weights).unwrap();
    let error = FreeEnergyProfileConfig::new(1.0)
        .compute(&variable)
        .unwrap_err();
    assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");
    let without = BlockBootstrapConfig::new().with_num_resamples(0);
    let found = FreeEnergyProfileConfig::new(1.0)
        .with_bootstrap(without)
        .compute(&variable);
    assert!((found.unwrap().bootstrap.draws_by_weight - 10.0).abs() < 1e-9);
}
