//! The spectrum of the generator of a diffusion map.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{
    BLUE, CURVE_WIDTH, DASHED, DISC_RADIUS, INK, REFERENCE, THIN_CURVE_WIDTH, UNBROKEN, VERMILLION,
    WHITE, WIDTH,
};

/// Rates −λₖ of a diffusion map's generator over their number k, with those of a random walk and of a theory beside them: the gap after a
/// few small ones tells how many slow variables there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiffusionSpectrum<'a> {
    /// Eigenvalues λₖ of the generator, descending, that of the constant first.
    pub eigenvalues: &'a [f64],
    /// Those of the map of a random walk; may be empty.
    pub null: &'a [f64],
    /// Those of the operator in theory; may be empty.
    pub theory: &'a [f64],
    /// Rates on a logarithmic axis, without those that are not above 0.
    pub logarithmic: bool,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl DiffusionSpectrum<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no rate can be shown or the extension is neither `png` nor `svg`,
    /// [`File`](tati_core::TatiError::File) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        output::save(path.as_ref(), || self.draw())
    }

    /// The figure as the text of an SVG file.
    ///
    /// # Errors
    /// As of [`save`](Self::save), but for those of files.
    pub fn svg(&self) -> Result<String> {
        output::svg_of(&self.draw()?)
    }

    pub(super) fn draw(&self) -> Result<Canvas> {
        let (mut canvas, mut body) = page([WIDTH, 420.0], self.title, self.source)?;
        let mut entries = vec![Entry::new("diffusion map", Key::CurveWithDiscs, BLUE)];
        if !self.null.is_empty() {
            entries.push(Entry::new("random walk", Key::Line(DASHED), VERMILLION));
        }
        if !self.theory.is_empty() {
            entries.push(Entry::new("theory", Key::Ring, INK));
        }
        legend(&mut canvas, &mut body, entries);
        let scale = if self.logarithmic {
            Scale::Logarithmic
        } else {
            Scale::Linear
        };
        let all = [self.eigenvalues, self.null, self.theory];
        let name = "eigenvalues of the generator";
        // Fails where no eigenvalue is left to show, which a null alone would hide.
        let rates = self.eigenvalues.iter().map(|value| -value);
        Axis::over(name, "", scale, rates)?;
        let rates = all.iter().flat_map(|values| numbered(values));
        let y = Axis::over(
            name,
            "rate −λ (1/distance²)",
            scale,
            rates.map(|[_, rate]| rate),
        )?;
        let longest = all.iter().map(|values| values.len()).max().unwrap_or(0);
        let numbers = [0.0, (longest.max(2) - 1) as f64];
        let x = Axis::over(name, "number k of the eigenvalue", Scale::Linear, numbers)?.whole();
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        let zero = if self.logarithmic { None } else { Some(0.0) };
        if let Some(zero) = zero {
            panel.horizontal(&mut canvas, zero, UNBROKEN, REFERENCE, THIN_CURVE_WIDTH);
        }
        let null = numbered(self.null);
        panel.curve(&mut canvas, null, DASHED, VERMILLION, CURVE_WIDTH);
        panel.discs(
            &mut canvas,
            numbered(self.null),
            0.8 * DISC_RADIUS,
            VERMILLION,
        );
        let values = || numbered(self.eigenvalues);
        panel.curve(&mut canvas, values(), UNBROKEN, BLUE, CURVE_WIDTH);
        for point in numbered(self.theory) {
            let inside = panel.y.contains(point[1]);
            if let Some(place) = panel.place(point).filter(|_| inside) {
                canvas.disc(place, DISC_RADIUS + 2.5, INK);
                canvas.disc(place, DISC_RADIUS + 1.5, WHITE);
            }
        }
        panel.discs(&mut canvas, values(), DISC_RADIUS, BLUE);
        panel.axes(&mut canvas);
        Ok(canvas)
    }
}

/// Rates with their numbers, from 0.
fn numbered(eigenvalues: &[f64]) -> impl Iterator<Item = [f64; 2]> {
    let rates = eigenvalues.iter().enumerate();
    rates.map(|(number, value)| [number as f64, -value])
}
