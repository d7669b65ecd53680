//! Just enough of PNG to look at a figure: 8-bit RGB, not interlaced.

use std::io::Read;

use flate2::read::ZlibDecoder;

pub struct Image {
    pub width: usize,
    pub height: usize,
    /// Red, green and blue of every pixel, row by row.
    pub pixels: Vec<u8>,
}

impl Image {
    pub fn decode(file: &[u8]) -> Self {
        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (mut at, mut compressed, mut ended) = (8, Vec::new(), false);
        let (mut width, mut height) = (0, 0);
        while at < file.len() {
            let (length, kind) = (number(at), &file[at + 4..at + 8]);
            let content = &file[at + 8..at + 8 + length];
            match kind {
                b"IHDR" => {
                    (width, height) = (number(at + 8), number(at + 12));
                    assert_eq!(content[8..], [8, 2, 0, 0, 0]);
                }
                b"IDAT" => compressed.extend_from_slice(content),
                b"IEND" => ended = true,
                _ => {}
            }
            at += 12 + length;
        }
        assert!(ended);
        let mut filtered = Vec::new();
        ZlibDecoder::new(&compressed[..])
            .read_to_end(&mut filtered)
            .unwrap();
        assert_eq!(filtered.len(), height * (3 * width + 1));
        Self {
            width,
            height,
            pixels: unfiltered(&filtered, 3 * width),
        }
    }

    /// The share of pixels that are not white.
    pub fn ink(&self) -> f64 {
        let pixels = self.pixels.chunks(3);
        let inked = pixels.filter(|pixel| pixel.iter().any(|part| *part < 250));
        inked.count() as f64 / (self.width * self.height) as f64
    }

    /// Whether a pixel has about this colour.
    pub fn has(&self, color: [u8; 3]) -> bool {
        let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) < 8;
        let mut pixels = self.pixels.chunks(3);
        pixels.any(|pixel| pixel.iter().zip(&color).all(near))
    }
}

fn unfiltered(filtered: &[u8], row: usize) -> Vec<u8> {
    let mut pixels: Vec<u8> = Vec::with_capacity(filtered.len());
    for line in filtered.chunks(row + 1) {
        let start = pixels.len();
        for (index, byte) in line[1..].iter().enumerate() {
            let at = |present: bool, back: usize| {
                if present {
                    i32::from(pixels[start + index - back])
                } else {
                    0
                }
            };
            let (left, above) = (at(index >= 3, 3), at(start > 0, row));
            let corner = at(index >= 3 && start > 0, row + 3);
            let predicted = match line[0] {
                0 => 0,
                1 => left,
                2 => above,
                3 => (left + above) / 2,
                4 => {
                    let estimate = left + above - corner;
                    let nearest = [left, above, corner]
                        .into_iter()
                        .min_by_key(|candidate| (estimate - candidate).abs());
                    nearest.unwrap()
                }
                other => panic!("filter {other}"),
            };
            pixels.push(byte.wrapping_add(predicted as u8));
        }
    }
    pixels
}
