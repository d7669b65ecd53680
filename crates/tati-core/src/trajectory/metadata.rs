//! The metadata of a store: what the writer puts into its `zarr.json` files and the reader finds there.
//!
//! That of the root group holds all of it, and is replaced in one rename: it alone says how many draws there are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zarrs::array::{ArrayMetadata, ArrayMetadataV3};
use zarrs::metadata::NodeMetadata;
use zarrs::metadata::v3::{AdditionalFieldV3, GroupMetadataV3};
use zarrs::metadata_ext::group::consolidated_metadata::ConsolidatedMetadata;

use super::array::{Column, Reason, StoredArray, chunk_shape, tensors};
use super::{Precision, TrajectoryLayout};
use crate::{Result, TatiError};

/// The version of the format, in the root attribute `tati_trajectory`.
pub(super) const VERSION: u64 = 1;

/// The groups of ArviZ that a store has.
pub(super) const GROUPS: [&str; 2] = ["posterior", "sample_stats"];

/// The file name of the metadata of a group or array.
pub(super) const METADATA_FILE: &str = "zarr.json";

/// What the metadata of a store says.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) layout: TrajectoryLayout,
    pub(super) draws_per_chunk: usize,
    /// The number of complete draws of each chain.
    pub(super) num_draws: Vec<usize>,
}

impl Header {
    /// The number of draws that every chain has: the length that others see.
    pub(super) fn num_common_draws(&self) -> usize {
        self.num_draws.iter().copied().min().unwrap_or(0)
    }

    /// The arrays in the order of [`Column::all`].
    pub(super) fn arrays(&self) -> Reason<Vec<StoredArray>> {
        let columns = Column::all(&self.layout);
        let array = |column: &Column| StoredArray::new(column, self.array_metadata(column)?);
        columns.iter().map(array).collect()
    }

    /// Every metadata file and its content, in an order in which each may be written once the chunks are there: those of arrays,
    /// then those of groups, the root's last.
    pub(super) fn files(&self, root: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let reported = |reason| TatiError::format(root.join(METADATA_FILE), reason);
        let files = self.relative_files().map_err(reported)?;
        Ok(files
            .into_iter()
            .map(|(folder, content)| (root.join(folder).join(METADATA_FILE), content))
            .collect())
    }

    fn relative_files(&self) -> Reason<Vec<(String, Vec<u8>)>> {
        let mut nodes = Vec::new();
        for column in Column::all(&self.layout) {
            nodes.push((column.path(), to_json(&self.array_metadata(&column)?)?));
        }
        let mut files = Vec::new();
        for (path, node) in &nodes {
            files.push((path.clone(), to_bytes(node.clone())?));
        }
        let mut root_nodes = Map::new();
        for group in GROUPS {
            let inside = |path: &str| {
                path.strip_prefix(group)?
                    .strip_prefix('/')
                    .map(str::to_string)
            };
            let members = nodes
                .iter()
                .filter_map(|(path, node)| Some((inside(path)?, node.clone())));
            let attributes = Map::from_iter([("inference_library".to_string(), json!("tati"))]);
            let plain = GroupMetadataV3::new().with_attributes(attributes);
            root_nodes.insert(group.to_string(), to_json(&plain)?);
            let consolidated = consolidate(plain, Map::from_iter(members));
            files.push((group.to_string(), to_bytes(to_json(&consolidated)?)?));
        }
        root_nodes.extend(nodes);
        let attributes = RootAttributes {
            tati_trajectory: VERSION,
            num_draws: self.num_draws.clone(),
            statistics: self.layout.statistics().to_vec(),
            run: self.layout.attributes().clone(),
        };
        let mut root = GroupMetadataV3::new();
        if let Value::Object(attributes) = to_json(&attributes)? {
            root = root.with_attributes(attributes);
        }
        let root = consolidate(root, root_nodes);
        files.push((String::new(), to_bytes(to_json(&root)?)?));
        Ok(files)
    }

    fn array_metadata(&self, column: &Column) -> Reason<ArrayMetadataV3> {
        column.metadata(&self.layout, self.draws_per_chunk, self.num_common_draws())
    }

    /// Reads the metadata of the store at `root`.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be read, [`TatiError::Format`] if it is not that of a trajectory, or of a newer version.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let file = root.join(METADATA_FILE);
        if let Err(error) = fs::metadata(root) {
            return Err(TatiError::file(root, "opening the trajectory", error));
        }
        let content = match fs::read(&file) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let reason = "it is missing: this is no trajectory, or not all of it was copied";
                return Err(TatiError::format(file, reason));
            }
            Err(error) => return Err(TatiError::file(file, "reading", error)),
        };
        parse(&content).map_err(|reason| TatiError::format(file, reason))
    }
}

/// The attributes of the root group.
#[derive(Serialize, Deserialize)]
struct RootAttributes {
    tati_trajectory: u64,
    num_draws: Vec<usize>,
    statistics: Vec<String>,
    run: Map<String, Value>,
}

fn parse(content: &[u8]) -> Reason<Header> {
    let damaged =
        |error: serde_json::Error| format!("it is damaged ({error}): restore it from a copy");
    let root: Value = serde_json::from_slice(content).map_err(damaged)?;
    let attributes = root.get("attributes").cloned().unwrap_or_default();
    let version = attributes.get("tati_trajectory").and_then(Value::as_u64);
    let version = version
        .ok_or("it is not the trajectory of a tati run: attribute `tati_trajectory` is missing")?;
    if version > VERSION {
        return Err(format!(
            "its format is version {version}, and this tati reads up to version {VERSION}: update tati"
        ));
    }
    let attributes: RootAttributes = serde_json::from_value(attributes).map_err(damaged)?;
    let consolidated = root
        .get("consolidated_metadata")
        .cloned()
        .unwrap_or_default();
    let consolidated: ConsolidatedMetadata =
        serde_json::from_value(consolidated).map_err(damaged)?;
    header(attributes, &consolidated).map_err(|reason| {
        format!("it was changed by another program ({reason}): restore it from a copy")
    })
}

fn header(attributes: RootAttributes, consolidated: &ConsolidatedMetadata) -> Reason<Header> {
    let theta = find(consolidated, &Column::Theta)?;
    let (&[num_chains, _, num_parameters], &[_, draws_per_chunk, _]) =
        (theta.shape.as_slice(), chunk_shape(theta)?.as_slice())
    else {
        return Err("`posterior/theta` has not three dimensions".to_string());
    };
    let precision = match theta.data_type.name() {
        "float32" => Precision::F32,
        "float64" => Precision::F64,
        name => return Err(format!("`posterior/theta` holds {name}")),
    };
    let tensors = tensors(theta).ok_or("`posterior/theta` does not list its parameters")?;
    let layout = TrajectoryLayout::new(num_chains as usize, precision, tensors)
        .with_statistics(attributes.statistics)
        .with_attributes(attributes.run);
    layout.validate().map_err(|error| error.to_string())?;
    let lengths = [
        layout.num_parameters() as u64,
        attributes.num_draws.len() as u64,
    ];
    if lengths != [num_parameters, num_chains] {
        return Err("the numbers of parameters or chains disagree".to_string());
    }
    let header = Header {
        layout,
        draws_per_chunk: draws_per_chunk.get() as usize,
        num_draws: attributes.num_draws,
    };
    for column in Column::all(&header.layout) {
        let (found, expected) = (
            find(consolidated, &column)?,
            header.array_metadata(&column)?,
        );
        if !is_stored_alike(found, &expected)? {
            return Err(format!(
                "`{}` is stored otherwise than by tati",
                column.path()
            ));
        }
    }
    Ok(header)
}

/// Whether an array has the shape and chunks that tati would give it; attributes may have been added.
fn is_stored_alike(found: &ArrayMetadataV3, expected: &ArrayMetadataV3) -> Reason<bool> {
    // As it would be found: a codec without configuration is not equal to itself read back.
    let expected = serde_json::from_value(to_json(expected)?);
    let expected: ArrayMetadataV3 = expected.map_err(|error| error.to_string())?;
    Ok(found.shape == expected.shape
        && found.data_type == expected.data_type
        && found.chunk_grid == expected.chunk_grid
        && found.chunk_key_encoding == expected.chunk_key_encoding
        && found.codecs == expected.codecs)
}

fn find<'a>(
    consolidated: &'a ConsolidatedMetadata,
    column: &Column,
) -> Reason<&'a ArrayMetadataV3> {
    match consolidated.metadata.get(&column.path()) {
        Some(NodeMetadata::Array(ArrayMetadata::V3(metadata))) => Ok(metadata),
        _ => Err(format!("`{}` is missing", column.path())),
    }
}

/// `group` with the metadata of all nodes below it inline.
fn consolidate(group: GroupMetadataV3, nodes: Map<String, Value>) -> GroupMetadataV3 {
    let consolidated = json!({ "kind": "inline", "metadata": nodes });
    group.with_additional_fields(
        [(
            "consolidated_metadata".to_string(),
            AdditionalFieldV3::new(consolidated, false),
        )]
        .into(),
    )
}

fn to_json(value: &impl Serialize) -> Reason<Value> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// The same bytes for the same content, whatever the order in which it was put together.
fn to_bytes(mut value: Value) -> Reason<Vec<u8>> {
    value.sort_all_objects();
    serde_json::to_vec_pretty(&value).map_err(|error| error.to_string())
}
