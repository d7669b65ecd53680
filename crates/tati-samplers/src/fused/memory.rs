//! What a sampler keeps of a tensor beside its position, in whatever form: host slices, host data or device tensors.

/// The arrays that belong to one parameter tensor, each of its shape; `None` where the sampler has no use for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory<X> {
    /// p of kinetic samplers.
    pub(crate) momentum: Option<X>,
    /// A running second moment: of the gradient (pSGLD) or of its noise (CCAdL).
    pub(crate) variance: Option<X>,
    /// The gradient of the step before (CCAdL).
    pub(crate) previous_gradient: Option<X>,
}

impl<X> Default for Memory<X> {
    fn default() -> Self {
        Self {
            momentum: None,
            variance: None,
            previous_gradient: None,
        }
    }
}

impl<X> Memory<X> {
    pub(crate) fn map<Y>(self, mut f: impl FnMut(X) -> Y) -> Memory<Y> {
        Memory {
            momentum: self.momentum.map(&mut f),
            variance: self.variance.map(&mut f),
            previous_gradient: self.previous_gradient.map(&mut f),
        }
    }

    pub(crate) fn as_mut(&mut self) -> Memory<&mut X> {
        Memory {
            momentum: self.momentum.as_mut(),
            variance: self.variance.as_mut(),
            previous_gradient: self.previous_gradient.as_mut(),
        }
    }

    /// The arrays that are there, with their names in records.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &X)> {
        [
            ("momentum", &self.momentum),
            ("variance", &self.variance),
            ("previous_gradient", &self.previous_gradient),
        ]
        .into_iter()
        .filter_map(|(name, array)| Some((name, array.as_ref()?)))
    }
}
