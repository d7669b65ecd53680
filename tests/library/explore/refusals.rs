//! Settings that are refused, and folders.

use std::fs;

use tati::Result;
use tati::landscape::DiffusionMapConfig;
use tati::samplers::{ChainConfig, ChainSampler, HmcConfig, Prior};
use tati::workflow::ExploreConfig;

use super::{INVERSE_TEMPERATURE, STEP_SIZE, baoab, explorer, files, sampler, short, two_weights};

fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn bad_settings_are_refused_before_there_is_a_folder() {
    let (model, potential) = two_weights();
    for (config, part) in [
        (short().with_num_chains(0), "`num_chains` is 0"),
        (short().with_num_corners(1), "`num_corners` is 1"),
        (short().with_max_rounds(0), "`max_rounds` is 0"),
        (short().with_tolerance(0.0), "`tolerance` is 0"),
        (short().with_tolerance(f64::NAN), "`tolerance` is NaN"),
        (
            short().with_diffusion_map(DiffusionMapConfig::new(1)),
            "`num_eigenpairs` is 1",
        ),
        (
            ExploreConfig {
                chain: ChainConfig::new(0),
                ..short()
            },
            "`num_steps` is 0",
        ),
        (short().with_batch_size(Some(201)), "`batch_size` is 201"),
        (short().with_batch_size(Some(0)), "`batch_size` is 0"),
    ] {
        let error = message(config.init(&model, &potential, &sampler()));
        assert!(error.contains(part), "{error}");
    }
    let tether = baoab(INVERSE_TEMPERATURE).with_prior(Some(Prior::Tether(1.0)));
    for (sampler, part) in [
        (ChainSampler::optimizer(&tether, STEP_SIZE), "a tether"),
        (
            ChainSampler::kernel(&HmcConfig::new(INVERSE_TEMPERATURE, 0.1, 1.0)),
            "`batch_size`",
        ),
    ] {
        let error = message(short().init(&model, &potential, &sampler));
        assert!(error.contains(part), "{error}");
    }
    let batches = potential.with_batch_size(50, 1).expect("batches");
    let error = message(short().init(&model, &batches, &sampler()));
    assert!(error.contains("over mini-batches"), "{error}");
}

#[test]
fn a_folder_is_neither_overwritten_nor_mistaken_for_another() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let missing = message(explorer(&short(), &network).resume(&out));
    assert!(missing.contains("config.json"), "{missing}");
    explorer(&short(), &network).run(&out).expect("a run");
    let before = files(&out);

    let error = message(explorer(&short(), &network).run(&out));
    assert!(
        error.contains("exists") && error.contains("resume"),
        "{error}"
    );
    for (config, part) in [
        (short().with_seed(Some(6)), "`seed` is 5"),
        (short().with_max_rounds(2), "`explore.max_rounds` is 3"),
        (short().with_num_chains(1), "`explore.num_chains` is 2"),
        (short().with_tolerance(0.5), "`explore.tolerance` is"),
        (
            short().with_diffusion_map(DiffusionMapConfig::new(3)),
            "`explore.diffusion_map.bandwidth",
        ),
        (
            ExploreConfig {
                chain: ChainConfig::new(41),
                ..short()
            },
            "`explore.chain",
        ),
    ] {
        let error = message(explorer(&config, &network).resume(&out));
        assert!(
            error.contains(part) && error.contains("config.json"),
            "{error}"
        );
    }
    let (model, potential) = &network;
    let warmer = ChainSampler::optimizer(&baoab(10.0), STEP_SIZE);
    let longer = ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), 0.1);
    for (sampler, part) in [
        (warmer, "`settings.inverse_temperature` is 13.0"),
        (longer, "the first step size is 0.2"),
    ] {
        let explorer = short().init(model, potential, &sampler);
        let error = message(explorer.expect("an exploration").resume(&out));
        assert!(error.contains(part), "{error}");
    }
    assert!(
        files(&out) == before,
        "a refused exploration has changed something"
    );

    let rounds = out.join("rounds.csv");
    let text = fs::read_to_string(&rounds).expect("a table");
    fs::write(&rounds, text.replace("20,", "twenty,")).expect("a table");
    let error = message(explorer(&short(), &network).resume(&out));
    assert!(error.contains("rounds.csv:2:2: `twenty`"), "{error}");
}
