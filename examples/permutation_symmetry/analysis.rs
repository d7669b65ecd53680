//! The map of the draws, the minima below them, and the ways between.

use tati::Potential;
use tati::landscape::{
    Bandwidth, DiffusionMap, DiffusionMapConfig, Draws, ElasticBandConfig, Minima, MinimaConfig,
    MinimaProgress, MinimumEnergyPath, PathPotential, QuenchConfig, merge_minima,
    potential_on_line,
};

use crate::Options;
use crate::network::{Sampled, Task};
use crate::support::{self, Failure};

/// Of a gradient in single precision.
const GRADIENT_TOLERANCE: f64 = 1e-5;
const POINTS_ON_LINE: usize = 201;

/// What was found in the draws.
pub struct Found {
    pub map: DiffusionMap,
    pub minima: Minima,
    /// Those left when copies under the symmetry are one.
    pub num_distinct: usize,
    pub basins: Basins,
    /// The ways between the two lowest minima, if there are two.
    pub ways: Option<Ways>,
}

/// The draws of which both the basin and the sign of the first coordinate are known.
pub struct Basins {
    /// The share of them whose sign is that of their basin; `None` if there is one basin only.
    pub agreement: Option<f64>,
    /// Changes of basin from a draw of a chain to the next.
    pub num_hops: usize,
}

pub struct Ways {
    pub line: PathPotential,
    pub path: MinimumEnergyPath,
}

pub fn analyse(options: &Options, task: &Task, sampled: &Sampled) -> Result<Found, Failure> {
    let potential = &task.potential;
    let draws = Draws::from_f64(&sampled.theta, sampled.shape)?;
    // The generator of overdamped Langevin dynamics that samples these draws.
    let map = DiffusionMapConfig::new(4)
        .with_density_exponent(0.5)
        .with_bandwidth(Bandwidth::Fixed(options.bandwidth))
        .fit(&draws)?;

    let bar = support::progress("quenching", sampled.shape[0] * sampled.shape[1]);
    let minima = MinimaConfig::new()
        .with_quench(QuenchConfig::new().with_gradient_tolerance(GRADIENT_TOLERANCE))
        .find(potential, &draws, None, &mut |progress| {
            if let MinimaProgress::Quenched { done, .. } = progress {
                bar.set_position(done as u64);
            }
        })?;
    bar.finish_and_clear();
    let merge_distance = MinimaConfig::new().merge_distance;
    let (distinct, _) = merge_minima(minima.minima.clone(), merge_distance, Some(&task.symmetry))?;

    let ways = match minima.minima.as_slice() {
        [first, second, ..] => Some(ways(
            options,
            potential,
            [&first.point.position, &second.point.position],
        )?),
        _ => None,
    };
    Ok(Found {
        basins: Basins::new(&map, &minima, sampled.shape[1]),
        num_distinct: distinct.len(),
        map,
        minima,
        ways,
    })
}

fn ways(options: &Options, potential: &dyn Potential, ends: [&[f64]; 2]) -> Result<Ways, Failure> {
    let [start, end] = ends;
    let line = potential_on_line(potential, start, end, POINTS_ON_LINE, &mut |_| {})?;
    let config = ElasticBandConfig::new().with_num_images(options.images);
    let bar = support::progress("path", config.max_iterations);
    let path = config.connect(potential, start, end, &mut |share| {
        bar.set_position((share * config.max_iterations as f64) as u64);
    })?;
    bar.finish_and_clear();
    Ok(Ways { line, path })
}

impl Basins {
    fn new(map: &DiffusionMap, minima: &Minima, draws_per_chain: usize) -> Self {
        let coordinate = map.coordinates().column(1);
        // Of the two lowest minima; other draws are left out.
        let basin = |draw: usize| minima.quenches[draw].minimum.filter(|&minimum| minimum < 2);
        let known = (0..minima.quenches.len())
            .filter_map(|draw| Some((basin(draw)? == 0, coordinate[draw] > 0.0)));
        let known: Vec<(bool, bool)> = known.collect();
        let alike = known
            .iter()
            .filter(|(first, positive)| first == positive)
            .count();
        // Which sign belongs to which basin is open.
        let alike = alike.max(known.len() - alike);
        let hops = (1..minima.quenches.len()).filter(|draw| {
            let before = (draw % draws_per_chain > 0)
                .then(|| basin(draw - 1))
                .flatten();
            matches!((before, basin(*draw)), (Some(before), Some(after)) if before != after)
        });
        Self {
            agreement: (minima.minima.len() > 1).then(|| alike as f64 / known.len() as f64),
            num_hops: hops.count(),
        }
    }
}
