//! A float tensor of a module, its place in the flat vector and the names of its elements.

/// One float tensor of a module and its place in the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterTensor {
    /// The path of field names, as `linear.weight`.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// Where it begins in the flat vector; `None` if it is frozen and so no part of it.
    pub offset: Option<usize>,
}

impl ParameterTensor {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `name` is that of the tensor, as `layers.0.weight`, or the beginning of it up to a dot, as `layers.0`.
    pub fn is_at_or_below(&self, name: &str) -> bool {
        is_at_or_below(&self.name, name)
    }

    /// The names of its elements in their order, as `layer.weight[3][100]`.
    pub fn element_names(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.len()).map(|element| {
            let mut below = self.len();
            let mut rest = element;
            let indices = self.shape.iter().map(|size| {
                below /= size;
                let index = rest / below;
                rest %= below;
                format!("[{index}]")
            });
            self.name.clone() + &indices.collect::<String>()
        })
    }

    /// Whether the tensor is left out of the flat vector.
    pub fn is_frozen(&self) -> bool {
        self.offset.is_none()
    }
}

/// Whether the tensor at `path` is the one called `name`, or below it.
pub(crate) fn is_at_or_below(path: &str, name: &str) -> bool {
    path.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_named_row_major() {
        let tensor = |shape: &[usize]| ParameterTensor {
            name: "layer.weight".to_string(),
            shape: shape.to_vec(),
            offset: Some(0),
        };
        let names = |shape| tensor(shape).element_names().collect::<Vec<_>>();
        assert_eq!(
            names(&[1, 2, 2]),
            ["[0][0][0]", "[0][0][1]", "[0][1][0]", "[0][1][1]"]
                .map(|indices| format!("layer.weight{indices}"))
        );
        assert!(names(&[3, 0]).is_empty());
    }
}
