//! One array of a store: its metadata, its chunk files, and their encoding.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use zarrs::array::codec::{BytesCodec, Crc32cCodec};
use zarrs::array::{
    Array, ArrayBuilder, ArrayBytes, ArrayMetadata, ArrayMetadataV3, ArrayToBytesCodecTraits,
    ChunkKeySeparator, CodecOptions, data_type,
};
use zarrs::metadata_ext::chunk_grid::regular::RegularChunkGridConfiguration;

use super::{Precision, TrajectoryLayout};
use crate::ParameterTensor;

/// What went wrong, for a message that begins with the file.
pub(super) type Reason<T> = Result<T, String>;

/// Which of a store's arrays.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// θ, of shape (chain, draw, parameter).
    Theta,
    /// The chain's step of each draw, of shape (chain, draw).
    Step,
    /// A statistic, of shape (chain, draw).
    Statistic(String),
}

impl Column {
    /// The arrays of a store in their order: θ, the step, the statistics.
    pub(super) fn all(layout: &TrajectoryLayout) -> Vec<Self> {
        let statistics = layout.statistics().iter().cloned().map(Self::Statistic);
        [Self::Theta, Self::Step]
            .into_iter()
            .chain(statistics)
            .collect()
    }

    /// Where it lies in the store, as `posterior/theta`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Theta => "posterior/theta".to_string(),
            Self::Step => "sample_stats/step".to_string(),
            Self::Statistic(name) => format!("sample_stats/{name}"),
        }
    }

    /// Its metadata with the first `num_draws` draws visible.
    pub(super) fn metadata(
        &self,
        layout: &TrajectoryLayout,
        draws_per_chunk: usize,
        num_draws: usize,
    ) -> Reason<ArrayMetadataV3> {
        let mut shape = vec![layout.num_chains() as u64, num_draws as u64];
        let mut chunk = vec![1, draws_per_chunk as u64];
        let mut dimensions = vec!["chain", "draw"];
        let mut attributes = Map::new();
        if *self == Self::Theta {
            shape.push(layout.num_parameters() as u64);
            chunk.push(layout.num_parameters() as u64);
            dimensions.push("parameter");
            let tensors = layout.tensors().iter().map(tensor_to_json).collect();
            attributes.insert(PARAMETERS.to_string(), Value::Array(tensors));
        }
        // What pads a chunk and cannot be a draw.
        let mut builder = match self {
            Self::Step => ArrayBuilder::new(shape, chunk, data_type::int64(), -1_i64),
            Self::Theta if layout.precision() == Precision::F32 => {
                ArrayBuilder::new(shape, chunk, data_type::float32(), f32::NAN)
            }
            Self::Theta | Self::Statistic(_) => {
                ArrayBuilder::new(shape, chunk, data_type::float64(), f64::NAN)
            }
        };
        builder
            .chunk_key_encoding_default_separator(ChunkKeySeparator::Dot)
            .array_to_bytes_codec(Arc::new(BytesCodec::little()))
            .bytes_to_bytes_codecs(vec![Arc::new(Crc32cCodec::new())])
            .dimension_names(Some(dimensions))
            .attributes(attributes)
            .build_metadata()
            .map_err(|error| error.to_string())
    }
}

/// An array and the codecs of its chunks, each of which holds the same number of draws of one chain.
#[derive(Debug)]
pub(super) struct StoredArray {
    array: Array<()>,
    chunk_shape: Vec<NonZeroU64>,
    draw_bytes: usize,
}

impl StoredArray {
    /// The array `column` as `metadata` describes it.
    pub(super) fn new(column: &Column, metadata: ArrayMetadataV3) -> Reason<Self> {
        let chunk_shape = chunk_shape(&metadata)?;
        let path = format!("/{}", column.path());
        let array = Array::new_with_metadata(Arc::new(()), &path, ArrayMetadata::V3(metadata))
            .map_err(|error| error.to_string())?;
        let elements = chunk_shape.iter().skip(2).map(|size| size.get() as usize);
        let draw_bytes = elements.product::<usize>() * array.fill_value().size();
        Ok(Self {
            array,
            chunk_shape,
            draw_bytes,
        })
    }

    /// The bytes of one draw.
    pub(super) fn draw_bytes(&self) -> usize {
        self.draw_bytes
    }

    /// The file of chunk `chunk` of `chain` in the store at `root`.
    pub(super) fn chunk_file(&self, root: &Path, chain: usize, chunk: usize) -> PathBuf {
        let mut indices = vec![0; self.chunk_shape.len()];
        (indices[0], indices[1]) = (chain as u64, chunk as u64);
        root.join(self.array.chunk_key(&indices).as_str())
    }

    /// The chain and chunk of a file called `name` in the folder of the array, if it is a chunk.
    pub(super) fn parse_chunk_file(name: &str) -> Option<(usize, usize)> {
        let mut parts = name.strip_prefix("c.")?.split('.');
        let chain = parts.next()?.parse().ok()?;
        let chunk = parts.next()?.parse().ok()?;
        Some((chain, chunk))
    }

    /// The content of the file of a chunk that holds `draws` and is padded behind them.
    pub(super) fn encode(&self, draws: &[u8]) -> Reason<Vec<u8>> {
        let mut bytes = Cow::Borrowed(draws);
        if draws.len() < self.chunk_bytes() {
            let padding = self.array.fill_value().as_ne_bytes();
            let missing = (self.chunk_bytes() - draws.len()) / padding.len();
            bytes.to_mut().extend(padding.repeat(missing));
        }
        let encoded = self.array.codecs().encode(
            ArrayBytes::new_flen(bytes),
            &self.chunk_shape,
            self.array.data_type(),
            self.array.fill_value(),
            &CodecOptions::default(),
        );
        encoded
            .map(Cow::into_owned)
            .map_err(|error| error.to_string())
    }

    /// The bytes of all draws of a chunk, padding included, from the content of its file.
    pub(super) fn decode(&self, content: Vec<u8>) -> Reason<Vec<u8>> {
        let decoded = self.array.codecs().decode(
            Cow::Owned(content),
            &self.chunk_shape,
            self.array.data_type(),
            self.array.fill_value(),
            &CodecOptions::default(),
        );
        let bytes = decoded
            .map_err(|error| error.to_string())?
            .into_fixed()
            .map_err(|error| error.to_string())?
            .into_owned();
        if bytes.len() != self.chunk_bytes() {
            return Err(format!(
                "{} bytes in place of {}",
                bytes.len(),
                self.chunk_bytes()
            ));
        }
        Ok(bytes)
    }

    fn chunk_bytes(&self) -> usize {
        self.chunk_shape[1].get() as usize * self.draw_bytes
    }
}

/// The shape of a chunk.
pub(super) fn chunk_shape(metadata: &ArrayMetadataV3) -> Reason<Vec<NonZeroU64>> {
    let grid: RegularChunkGridConfiguration = metadata
        .chunk_grid
        .to_typed_configuration()
        .map_err(|error| error.to_string())?;
    Ok(grid.chunk_shape)
}

/// The parameter tensors in the attributes of θ.
pub(super) fn tensors(metadata: &ArrayMetadataV3) -> Option<Vec<ParameterTensor>> {
    let tensors = metadata.attributes.get(PARAMETERS)?.as_array()?;
    tensors.iter().map(tensor_from_json).collect()
}

/// The attribute of θ that lists its tensors.
const PARAMETERS: &str = "parameters";

fn tensor_to_json(tensor: &ParameterTensor) -> Value {
    json!({ "name": tensor.name, "shape": tensor.shape, "offset": tensor.offset })
}

fn tensor_from_json(value: &Value) -> Option<ParameterTensor> {
    let size = |value: &Value| value.as_u64().map(|size| size as usize);
    let offset = value.get("offset")?;
    Some(ParameterTensor {
        name: value.get("name")?.as_str()?.to_string(),
        shape: value
            .get("shape")?
            .as_array()?
            .iter()
            .map(size)
            .collect::<Option<_>>()?,
        offset: if offset.is_null() {
            None
        } else {
            Some(size(offset)?)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_files_are_recognised() {
        assert_eq!(StoredArray::parse_chunk_file("c.1.20.0"), Some((1, 20)));
        assert_eq!(StoredArray::parse_chunk_file("c.0.3"), Some((0, 3)));
        for name in ["zarr.json", "c", "c.1", "c.x.1", "cc.1.1"] {
            assert_eq!(StoredArray::parse_chunk_file(name), None);
        }
    }

    #[test]
    fn chunks_are_padded_and_a_changed_byte_is_noticed() {
        let layout = TrajectoryLayout::flat(1, 2, Precision::F32);
        let metadata = Column::Theta.metadata(&layout, 3, 0).unwrap();
        let array = StoredArray::new(&Column::Theta, metadata).unwrap();
        let draws: Vec<u8> = [1.5_f32, -2.0]
            .iter()
            .flat_map(|x| x.to_ne_bytes())
            .collect();
        let content = array.encode(&draws).unwrap();
        assert_eq!(content.len(), 3 * 8 + 4);
        let decoded = array.decode(content.clone()).unwrap();
        assert_eq!(decoded[..8], draws);
        assert!(f32::from_ne_bytes(decoded[8..12].try_into().unwrap()).is_nan());
        for position in 0..content.len() {
            let mut damaged = content.clone();
            damaged[position] ^= 1;
            assert_eq!(
                array.decode(damaged).unwrap_err(),
                "the checksum is invalid"
            );
            assert!(array.decode(content[..position].to_vec()).is_err());
        }
    }
}
