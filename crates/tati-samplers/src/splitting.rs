//! Langevin integrators as rows of one table.
//!
//! Langevin dynamics `dθ = p dt, dp = −∇U dt − γ p dt + sqrt(2γ/β) dW` is split into a kick B, a drift A and an
//! Ornstein-Uhlenbeck part O, each solved exactly. A training loop evaluates one gradient g = ∇U(θ) at the start of a step.
//! Written cyclically from there, every splitting is the same update with six numbers:
//!
//! ```text
//! p ← p − k₁ g;   θ ← θ + d₁ p;   p ← a p + s ξ;   p ← p − k₂ g;   θ ← θ + d₂ p
//! ```
//!
//! With α = exp(−γh), σ = sqrt((1 − α²)/β), h the step size now and h' that of the step before (0 at the first step, where
//! the momentum is at its position's time and no half kick is owed):
//!
//! | integrator | k₁ | d₁ | a | s | k₂ | d₂ | on-step momentum |
//! |---|---|---|---|---|---|---|---|
//! | [`Integrator::Baoab`] | (h' + h)/2 | h/2 | α | σ | 0 | h/2 | p − (h'/2) g |
//! | [`Integrator::Gla2`] | h'/2 | 0 | α | σ | h/2 | h | after the noise |
//! | [`Integrator::Gla1`] | h | h | α | σ | 0 | 0 | p |
//! | [`LangevinUpdate::euler`], friction ζ, noise of a friction A | 0 | 0 | 1 − ζh | sqrt(2Ah/β) | h | h | p |
//!
//! The last row is [`Sghmc`](crate::Sghmc) with ζ = γ and A = γ − B̂, and [`Sgnht`](crate::Sgnht) with ζ its thermostat.
//!
//! The on-step momentum is the one that belongs to the same time as θ and g; observables use it.

/// A splitting of Langevin dynamics, named by the order of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integrator {
    /// BAO, symplectic Euler and an exact thermostat: the first-order geometric Langevin algorithm
    /// (N. Bou-Rabee, H. Owhadi, SIAM J. Numer. Anal. 48 (2010) 278).
    Gla1,
    /// OBABO: the second-order geometric Langevin algorithm (Bou-Rabee, Owhadi 2010).
    Gla2,
    /// BAOAB (B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013 (2012) 34).
    Baoab,
}

impl Integrator {
    /// Every integrator.
    pub const ALL: [Self; 3] = [Self::Gla1, Self::Gla2, Self::Baoab];

    /// The row of the table for a step of `step_size`, after one of `previous_step_size` (0: none).
    pub fn update(
        self,
        step_size: f64,
        previous_step_size: f64,
        friction: f64,
        inverse_temperature: f64,
    ) -> LangevinUpdate {
        let h = step_size;
        let owed = 0.5 * previous_step_size;
        let decay = (-friction * h).exp();
        // 1 − α² without cancellation at small γh.
        let noise = (-(-2.0 * friction * h).exp_m1() / inverse_temperature).sqrt();
        let update = LangevinUpdate {
            first_kick: 0.0,
            first_drift: 0.0,
            decay,
            noise,
            second_kick: 0.0,
            second_drift: 0.0,
            on_step: OnStepMomentum::BeforeNoise { kick: 0.0 },
        };
        match self {
            Self::Gla1 => LangevinUpdate {
                first_kick: h,
                first_drift: h,
                ..update
            },
            Self::Gla2 => LangevinUpdate {
                first_kick: owed,
                second_kick: 0.5 * h,
                second_drift: h,
                on_step: OnStepMomentum::AfterNoise,
                ..update
            },
            Self::Baoab => LangevinUpdate {
                first_kick: owed + 0.5 * h,
                first_drift: 0.5 * h,
                second_drift: 0.5 * h,
                on_step: OnStepMomentum::BeforeNoise { kick: owed },
                ..update
            },
        }
    }

    /// Of what g adds to the momentum in a step, the share that the step before owes, both being of `step_size`.
    pub(crate) fn owed_share(self, step_size: f64, friction: f64) -> f64 {
        let kick = |previous: f64| {
            let row = self.update(step_size, previous, friction, 1.0);
            row.decay * row.first_kick + row.second_kick
        };
        1.0 - kick(0.0) / kick(step_size)
    }
}

/// The six numbers of one step, and where its on-step momentum is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LangevinUpdate {
    /// k₁.
    pub first_kick: f64,
    /// d₁.
    pub first_drift: f64,
    /// a.
    pub decay: f64,
    /// s.
    pub noise: f64,
    /// k₂.
    pub second_kick: f64,
    /// d₂.
    pub second_drift: f64,
    /// Where the momentum is at the time of θ and g.
    pub on_step: OnStepMomentum,
}

impl LangevinUpdate {
    /// One step p ← (1 − ζh) p + sqrt(2Ah/β) ξ − h g, θ ← θ + h p, whose friction ζ and noise A need not balance: they leave
    /// room for the noise of a stochastic gradient.
    pub fn euler(
        step_size: f64,
        friction: f64,
        noise_friction: f64,
        inverse_temperature: f64,
    ) -> Self {
        Self {
            first_kick: 0.0,
            first_drift: 0.0,
            decay: 1.0 - friction * step_size,
            noise: (2.0 * noise_friction * step_size / inverse_temperature).sqrt(),
            second_kick: step_size,
            second_drift: step_size,
            on_step: OnStepMomentum::BeforeNoise { kick: 0.0 },
        }
    }
}

/// Where in an update the momentum belongs to the same time as the position and gradient it began with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OnStepMomentum {
    /// The incoming momentum after a kick of this size: p − kick·g.
    BeforeNoise {
        /// The size of the kick still owed.
        kick: f64,
    },
    /// The momentum right after the noise: a(p − k₁ g) + sξ.
    AfterNoise,
}
