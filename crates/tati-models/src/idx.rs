//! The IDX format of the MNIST files: big-endian header, then one byte a value; plain or gzipped.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::bufread::GzDecoder;

use tati_core::{Result, TatiError};

use crate::digits::IMAGE_SIDE;

/// What a file must hold.
#[derive(Debug)]
pub(crate) struct IdxKind {
    /// What its items are called in messages.
    pub items: &'static str,
    /// The first four bytes: unsigned bytes, and the number of dimensions.
    pub magic: u32,
    /// The dimensions after the first, which counts the items.
    pub item_shape: &'static [usize],
}

/// Images of 28 × 28 pixels.
pub(crate) const IMAGES: IdxKind = IdxKind {
    items: "images",
    magic: 0x0000_0803,
    item_shape: &[IMAGE_SIDE, IMAGE_SIDE],
};

/// One label a byte.
pub(crate) const LABELS: IdxKind = IdxKind {
    items: "labels",
    magic: 0x0000_0801,
    item_shape: &[],
};

/// The values of the file at `path`, one byte each, checked against its header and `kind`.
pub(crate) fn read(path: &Path, kind: &IdxKind) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| TatiError::file(path, "reading", error))?;
    let mut bytes = unpack(path, bytes)?;
    check(path, &bytes, kind)?;
    bytes.drain(..header_len(kind));
    Ok(bytes)
}

/// `bytes` decompressed if they are gzipped; `path` is what messages call them.
pub(crate) fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.starts_with(&GZIP_MAGIC) {
        return Ok(bytes);
    }
    let mut decoder = GzDecoder::new(bytes.as_slice());
    let mut unpacked = Vec::new();
    decoder
        .by_ref()
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| {
            TatiError::format(
                path,
                format!("its gzip data are damaged ({error}): {REMEDY}"),
            )
        })?;
    if unpacked.len() as u64 > LARGEST {
        return Err(TatiError::format(
            path,
            format!("it unpacks to more than {LARGEST} bytes: {REMEDY}"),
        ));
    }
    let trailing = decoder.into_inner().len();
    if trailing > 0 {
        return Err(TatiError::format(
            path,
            format!("{trailing} bytes follow its gzip data: {REMEDY}"),
        ));
    }
    Ok(unpacked)
}

/// Checks magic number, dimensions and size of a decompressed file.
pub(crate) fn check(path: &Path, bytes: &[u8], kind: &IdxKind) -> Result<()> {
    let invalid = |reason: String| Err(TatiError::format(path, format!("{reason}: {REMEDY}")));
    let header = header_len(kind);
    if bytes.len() < header {
        return invalid(format!(
            "truncated: {} bytes are too few for a header of {header}",
            bytes.len()
        ));
    }
    let word = |index: usize| -> u32 {
        bytes[4 * index..4 * index + 4]
            .iter()
            .fold(0, |word, &byte| word << 8 | u32::from(byte))
    };
    if word(0) != kind.magic {
        return invalid(format!(
            "wrong magic number 0x{:08x}, and {} have 0x{:08x}",
            word(0),
            kind.items,
            kind.magic
        ));
    }
    for (index, &expected) in kind.item_shape.iter().enumerate() {
        let found = word(2 + index);
        if found as usize != expected {
            return invalid(format!(
                "dimension {} of the {} is {found}, not {expected}",
                index + 1,
                kind.items
            ));
        }
    }
    let count = u64::from(word(1));
    if count == 0 {
        return invalid(format!("it holds no {}", kind.items));
    }
    let expected = header as u64 + count * kind.item_shape.iter().product::<usize>() as u64;
    let found = bytes.len() as u64;
    if found != expected {
        let fault = if found < expected {
            "truncated"
        } else {
            "trailing bytes"
        };
        return invalid(format!(
            "{fault}: {count} {} take {expected} bytes, and the file has {found}",
            kind.items
        ));
    }
    Ok(())
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// MNIST's largest file has 47 MB; what unpacks to far more is not one of them.
const LARGEST: u64 = 1 << 30;
const REMEDY: &str = "fetch the file again";

/// Magic number, count and item dimensions, four bytes each.
fn header_len(kind: &IdxKind) -> usize {
    4 * (2 + kind.item_shape.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    /// A file of `kind` whose header promises what it holds.
    pub(crate) fn encode(kind: &IdxKind, values: &[u8]) -> Vec<u8> {
        let item: usize = kind.item_shape.iter().product();
        let mut bytes = kind.magic.to_be_bytes().to_vec();
        for dimension in [&[values.len() / item], kind.item_shape].concat() {
            bytes.extend((dimension as u32).to_be_bytes());
        }
        bytes.extend(values);
        bytes
    }

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The message about a file with these bytes, without the name in front.
    fn complaint(bytes: &[u8], kind: &IdxKind) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let message = read(file.path(), kind).unwrap_err().to_string();
        assert_eq!(message.lines().count(), 1, "{message}");
        let name = format!("{}: ", file.path().display());
        message
            .strip_prefix(&name)
            .unwrap_or_else(|| panic!("no name: {message}"))
            .to_string()
    }

    #[test]
    fn plain_and_gzipped_files_read_the_same() {
        let values: Vec<u8> = (0..2 * 784).map(|i| (i % 251) as u8).collect();
        let plain = encode(&IMAGES, &values);
        for bytes in [gzip(&plain), plain] {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), bytes).unwrap();
            assert_eq!(read(file.path(), &IMAGES).unwrap(), values);
        }
    }

    #[test]
    fn damaged_files_are_described() {
        let images = encode(&IMAGES, &[7; 3 * 784]);
        let labels = encode(&LABELS, &[1, 2, 3]);
        let cases: [(&[u8], &IdxKind, &str); 7] = [
            (
                &images[..2000],
                &IMAGES,
                "truncated: 3 images take 2368 bytes, and the file has 2000: fetch the file again",
            ),
            (
                &images[..10],
                &IMAGES,
                "truncated: 10 bytes are too few for a header of 16: fetch the file again",
            ),
            (
                &[],
                &LABELS,
                "truncated: 0 bytes are too few for a header of 8: fetch the file again",
            ),
            (
                &[labels.as_slice(), &[0]].concat(),
                &LABELS,
                "trailing bytes: 3 labels take 11 bytes, and the file has 12: fetch the file again",
            ),
            (
                &images,
                &LABELS,
                "wrong magic number 0x00000803, and labels have 0x00000801: fetch the file again",
            ),
            (
                b"<!DOCTYPE html><html>",
                &IMAGES,
                "wrong magic number 0x3c21444f, and images have 0x00000803: fetch the file again",
            ),
            (
                &encode(&LABELS, &[]),
                &LABELS,
                "it holds no labels: fetch the file again",
            ),
        ];
        for (bytes, kind, expected) in cases {
            assert_eq!(complaint(bytes, kind), expected);
        }
        let mut wide = images.clone();
        wide[15] = 32;
        assert_eq!(
            complaint(&wide, &IMAGES),
            "dimension 2 of the images is 32, not 28: fetch the file again"
        );
    }

    #[test]
    fn damaged_gzip_data_are_described() {
        let packed = gzip(&encode(&LABELS, &[1; 500]));
        let truncated = complaint(&packed[..packed.len() - 4], &LABELS);
        assert!(
            truncated.starts_with("its gzip data are damaged"),
            "{truncated}"
        );
        let mut flipped = packed.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 0x55;
        let flipped = complaint(&flipped, &LABELS);
        assert!(
            flipped.starts_with("its gzip data are damaged"),
            "{flipped}"
        );
        let longer = complaint(&[packed.as_slice(), b"more"].concat(), &LABELS);
        assert_eq!(longer, "4 bytes follow its gzip data: fetch the file again");
    }

    #[test]
    fn a_header_that_promises_the_moon_reserves_nothing() {
        let mut bytes = encode(&IMAGES, &[0; 784]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(complaint(&bytes, &IMAGES).starts_with("truncated: 4294967295 images take"));
    }
}
