//! A trajectory as comma-separated text.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use super::{Precision, Trajectory};
use crate::{ParameterTensor, Result, write_atomically};

impl Trajectory {
    /// Writes one row a draw, the chains one after the other, with TATi's columns `id,step,loss,weight0,…,bias0,…`: the chain, its
    /// step, the potential (NaN where it was not recorded) and θ, first the tensors whose name does not end in `bias`, then those
    /// whose name does. Every number reads back as it was recorded. The file appears under its name once it is complete.
    ///
    /// # Errors
    /// [`TatiError::File`](crate::TatiError::File) if it cannot be written, or a chunk cannot be read.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let theta = ThetaColumns::of(self.layout().tensors());
        let recorded = self.layout().statistics().iter();
        let potential = recorded
            .map(String::as_str)
            .find(|name| *name == "potential");
        let loss = Column {
            title: "loss",
            statistic: potential,
        };
        self.write_table(path.as_ref(), &[loss], &theta)
    }

    /// Writes one row a draw, the chains one after the other, with the columns `id,step` and every statistic.
    ///
    /// # Errors
    /// As of [`write_csv`](Self::write_csv).
    pub fn write_statistics_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let recorded = self.layout().statistics().iter();
        let columns: Vec<_> = recorded
            .map(|name| Column {
                title: name,
                statistic: Some(name),
            })
            .collect();
        self.write_table(path.as_ref(), &columns, &ThetaColumns::none())
    }

    fn write_table(&self, path: &Path, columns: &[Column<'_>], theta: &ThetaColumns) -> Result<()> {
        write_atomically(path, |file| {
            write!(file, "id,step")?;
            for column in columns {
                write!(file, ",{}", column.title)?;
            }
            theta.write_names(file)?;
            writeln!(file)?;
            for (chain, &num_draws) in self.num_draws_per_chain().iter().enumerate() {
                for draws in self.blocks(0..num_draws) {
                    let rows = self.read_rows(chain, draws, columns, theta);
                    let rows = rows.map_err(io::Error::other)?;
                    rows.write(file, chain, theta, self.layout().precision())?;
                }
            }
            Ok(())
        })
    }

    fn read_rows(
        &self,
        chain: usize,
        draws: Range<usize>,
        columns: &[Column<'_>],
        theta: &ThetaColumns,
    ) -> Result<Rows> {
        let column = |column: &Column<'_>| match column.statistic {
            Some(name) => self.statistic(name, chain, draws.clone()),
            None => Ok(vec![f64::NAN; draws.len()]),
        };
        Ok(Rows {
            steps: self.steps(chain, draws.clone())?,
            columns: columns.iter().map(column).collect::<Result<_>>()?,
            theta: match theta.order.is_empty() {
                true => Vec::new(),
                false => self.theta(chain, draws)?,
            },
        })
    }
}

/// A column beside θ, and the statistic that fills it.
struct Column<'a> {
    title: &'a str,
    statistic: Option<&'a str>,
}

/// The rows of one chunk.
struct Rows {
    steps: Vec<u64>,
    columns: Vec<Vec<f64>>,
    theta: Vec<f64>,
}

impl Rows {
    fn write(
        &self,
        file: &mut impl Write,
        chain: usize,
        columns: &ThetaColumns,
        precision: Precision,
    ) -> io::Result<()> {
        for (row, step) in self.steps.iter().enumerate() {
            write!(file, "{chain},{step}")?;
            for column in &self.columns {
                write!(file, ",{:?}", column[row])?;
            }
            let length = columns.order.len();
            columns.write_values(file, &self.theta[row * length..][..length], precision)?;
            writeln!(file)?;
        }
        Ok(())
    }
}

/// The order of θ in the table: weights, then biases.
pub(super) struct ThetaColumns {
    /// Which element of θ each column holds.
    pub(super) order: Vec<usize>,
    pub(super) num_weights: usize,
}

impl ThetaColumns {
    pub(super) fn of(tensors: &[ParameterTensor]) -> Self {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for tensor in tensors {
            let Some(offset) = tensor.offset else {
                continue;
            };
            let kind = match tensor.name.ends_with("bias") {
                true => &mut biases,
                false => &mut weights,
            };
            kind.extend(offset..offset + tensor.len());
        }
        let num_weights = weights.len();
        weights.extend(biases);
        Self {
            order: weights,
            num_weights,
        }
    }

    /// A table without θ.
    fn none() -> Self {
        Self {
            order: Vec::new(),
            num_weights: 0,
        }
    }

    fn write_names(&self, file: &mut impl Write) -> io::Result<()> {
        for index in 0..self.num_weights {
            write!(file, ",weight{index}")?;
        }
        for index in 0..self.order.len() - self.num_weights {
            write!(file, ",bias{index}")?;
        }
        Ok(())
    }

    /// The shortest decimals that read back as the same numbers in the precision of the record.
    fn write_values(
        &self,
        file: &mut impl Write,
        theta: &[f64],
        precision: Precision,
    ) -> io::Result<()> {
        for &index in &self.order {
            match precision {
                Precision::F32 => write!(file, ",{:?}", theta[index] as f32)?,
                Precision::F64 => write!(file, ",{:?}", theta[index])?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{TatiError, TrajectoryLayout, TrajectoryWriter};

    fn tensor(name: &str, shape: &[usize], offset: Option<usize>) -> ParameterTensor {
        ParameterTensor {
            name: name.to_string(),
            shape: shape.to_vec(),
            offset,
        }
    }

    #[test]
    fn the_columns_are_those_of_tati() {
        let folder = tempfile::tempdir().unwrap();
        let tensors = vec![
            tensor("one.weight", &[2, 1], Some(0)),
            tensor("one.bias", &[1], Some(2)),
            tensor("frozen.weight", &[7], None),
            tensor("two.weight", &[1], Some(3)),
        ];
        let layout = TrajectoryLayout::new(2, Precision::F32, tensors)
            .with_statistics(["kinetic_energy", "potential"])
            .with_draws_per_chunk(2);
        let mut writer = TrajectoryWriter::create(folder.path().join("t"), &layout).unwrap();
        for chain in 0..2 {
            for step in 0..3 {
                let theta = [0.1, 1e-30, -2.0, step as f32];
                writer
                    .append(chain, 10 * step, &theta, &[0.25, 1.0 / 3.0])
                    .unwrap();
            }
        }
        writer.flush().unwrap();

        let trajectory = Trajectory::open(folder.path().join("t")).unwrap();
        let file = folder.path().join("t.csv");
        trajectory.write_csv(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "id,step,loss,weight0,weight1,weight2,bias0");
        assert_eq!(lines[1], "0,0,0.3333333333333333,0.1,1e-30,0.0,-2.0");
        assert_eq!(lines[6], "1,20,0.3333333333333333,0.1,1e-30,2.0,-2.0");
        assert_eq!(lines.len(), 7);

        trajectory.write_statistics_csv(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("id,step,kinetic_energy,potential\n0,0,0.25,0.3333333333333333\n")
        );
        assert_eq!(text.lines().count(), 7);
    }

    #[test]
    fn without_a_potential_the_loss_is_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let layout = TrajectoryLayout::flat(1, 1, Precision::F64);
        let mut writer = TrajectoryWriter::create(folder.path().join("t"), &layout).unwrap();
        writer.append(0, 5, &[0.1 + 0.2], &[]).unwrap();
        writer.flush().unwrap();
        let file = folder.path().join("t.csv");
        let trajectory = Trajectory::open(folder.path().join("t")).unwrap();
        trajectory.write_csv(&file).unwrap();
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "id,step,loss,weight0\n0,5,NaN,0.30000000000000004\n"
        );
        let error = trajectory
            .write_csv(folder.path().join("missing/t.csv"))
            .unwrap_err();
        assert!(matches!(error, TatiError::File { .. }), "{error}");
    }
}
