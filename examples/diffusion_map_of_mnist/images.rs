//! The map of the images.

use tati::TatiError;
use tati::landscape::{DiffusionMap, DiffusionMapConfig, Draws};
use tati::models::LabelledSet;

use crate::data::Data;
use crate::map::EIGENPAIRS;

/// The map of some training images, and how well its coordinates tell the classes of test images.
pub struct ImageMap {
    pub map: DiffusionMap,
    /// The class of each image in the map.
    pub classes: Vec<usize>,
    pub num_classes: usize,
    /// Test images that were put into the map by extension.
    pub num_extended: usize,
    /// Share of them whose nearest neighbour in the map is of their class.
    pub accuracy: f64,
}

impl ImageMap {
    /// Of the first `images` training images, and a quarter as many test images.
    pub fn of(data: &Data, images: usize, neighbors: usize) -> Result<Self, TatiError> {
        let (points, classes) = first(&data.train, images);
        let (others, expected) = first(&data.test, (images / 4).max(1));
        let size = data.train.dimension();
        let draws = Draws::from_f32(&points, [1, classes.len(), size])?;
        let map = DiffusionMapConfig::new(EIGENPAIRS)
            .with_neighbors(Some(neighbors))
            .with_density_exponent(0.5)
            .fit(&draws)?;
        let extension = map.extend(&Draws::from_f32(&others, [1, expected.len(), size])?)?;
        let right = expected.iter().enumerate().filter(|(row, class)| {
            let place = |column| extension[(*row, column)];
            classes[nearest(&map, place)] == **class
        });
        Ok(Self {
            accuracy: right.count() as f64 / expected.len() as f64,
            num_extended: expected.len(),
            num_classes: data.train.classes(),
            classes,
            map,
        })
    }
}

/// Features and classes of the first items.
fn first(set: &LabelledSet, count: usize) -> (Vec<f32>, Vec<usize>) {
    let count = count.min(set.len());
    let classes = set.labels()[..count].iter().map(|&label| label as usize);
    let features = &set.features()[..count * set.dimension()];
    (features.to_vec(), classes.collect())
}

/// The point of the map whose coordinates are nearest to a place.
fn nearest(map: &DiffusionMap, place: impl Fn(usize) -> f64) -> usize {
    let coordinates = map.coordinates();
    let distance = |row: usize| {
        (1..EIGENPAIRS)
            .map(|column| (coordinates[(row, column)] - place(column)).powi(2))
            .sum::<f64>()
    };
    let mut best = (f64::INFINITY, 0);
    for row in 0..map.num_points() {
        let squared = distance(row);
        if squared < best.0 {
            best = (squared, row);
        }
    }
    best.1
}
