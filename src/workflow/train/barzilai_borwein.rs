//! The step size of Barzilai and Borwein.

/// The step size that the last step suggests:
///
/// ```text
/// h = |s·y| / y·y,   s = θ − θ',  y = g − g'
/// ```
///
/// θ' and g' being position and gradient one step before. Along one direction it is the inverse curvature, so that a parabola is left in its
/// minimum after two steps. On a quadratic potential of any curvatures gradient descent with it converges by itself; elsewhere it needs a
/// bound on how far the potential may rise.
/// The gradients must be those of one function: of the full batch.
///
/// Source: J. Barzilai, J. M. Borwein, "Two-point step size gradient methods", IMA J. Numer. Anal. 8 (1988) 141, equation 5.
///
/// # Example
/// ```
/// use tati::workflow::BarzilaiBorwein;
///
/// // U = 2θ²: from θ = 1 by a first step of 0.1 to 0.6, and from there to 0.
/// let mut rule = BarzilaiBorwein::default();
/// assert_eq!(rule.step_size(&[1.0], &[4.0], 0.1), 0.1);
/// let h = rule.step_size(&[0.6], &[2.4], 0.1);
/// assert!((0.6 - h * 2.4).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, Default)]
pub struct BarzilaiBorwein {
    previous: Option<(Vec<f64>, Vec<f64>)>,
}

impl BarzilaiBorwein {
    /// h for the step from `position`, where the gradient is `gradient`; `first` where there is none before, or the gradient has not
    /// changed.
    pub fn step_size(&mut self, position: &[f64], gradient: &[f64], first: f64) -> f64 {
        let now = (position.to_vec(), gradient.to_vec());
        let Some((last_position, last_gradient)) = self.previous.replace(now) else {
            return first;
        };
        let steps = position
            .iter()
            .zip(&last_position)
            .map(|(now, then)| now - then);
        let changes = gradient
            .iter()
            .zip(&last_gradient)
            .map(|(now, then)| now - then);
        let (mut along, mut across) = (0.0, 0.0);
        for (step, change) in steps.zip(changes) {
            along += step * change;
            across += change * change;
        }
        let step_size = along.abs() / across;
        if step_size.is_finite() && step_size > 0.0 {
            step_size
        } else {
            first
        }
    }
}
