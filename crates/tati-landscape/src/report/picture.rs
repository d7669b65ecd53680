//! Small grey pictures, as bitmaps within the page.

use super::section::escape;

/// Bytes of the headers of a bitmap.
const HEADERS: usize = 54;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A grey picture, as that of a digit, with lines below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture<'a> {
    /// Brightness of the pixels, row by row from the top, 0 for black and 1 for white; beyond that they are cut off. A rest that fills no row is left out.
    pub pixels: &'a [f32],
    /// Pixels of a row.
    pub width: usize,
    /// What it shows, for those who do not see it.
    pub label: &'a str,
    /// The lines below it.
    pub lines: &'a [String],
    /// Whether it stands out from the others, as a digit that is taken for another.
    pub marked: bool,
}

/// Pictures side by side.
pub(super) fn row(pictures: &[Picture<'_>]) -> String {
    let each = pictures.iter().map(|picture| {
        let lines: Vec<String> = picture.lines.iter().map(|line| escape(line)).collect();
        format!(
            "<figure{}><img alt=\"{}\" src=\"data:image/bmp;base64,{}\"><figcaption>{}</figcaption></figure>\n",
            if picture.marked { " class=\"marked\"" } else { "" },
            escape(picture.label),
            base64(&bitmap(picture.pixels, picture.width)),
            lines.join("<br>")
        )
    });
    let each: String = each.collect();
    format!("<div class=\"pictures\">\n{each}</div>\n")
}

/// A bitmap file of 24 bits a pixel.
fn bitmap(pixels: &[f32], width: usize) -> Vec<u8> {
    let rows: Vec<&[f32]> = pixels.chunks_exact(width.max(1)).collect();
    // Rows are of whole words.
    let row_length = (3 * width).next_multiple_of(4);
    let size = HEADERS + row_length * rows.len();
    let mut file = Vec::with_capacity(size);
    file.extend(b"BM");
    let mut numbers = |all: &[u32]| {
        all.iter()
            .for_each(|number| file.extend(number.to_le_bytes()))
    };
    numbers(&[size as u32, 0, HEADERS as u32]);
    // The second header; one plane of 24 bits.
    numbers(&[40, width as u32, rows.len() as u32, 1 | 24 << 16]);
    numbers(&[0; 6]);
    // The lowest row comes first.
    for row in rows.iter().rev() {
        let start = file.len();
        for brightness in *row {
            let level = (255.0 * brightness.clamp(0.0, 1.0)).round() as u8;
            file.extend([level; 3]);
        }
        file.resize(start + row_length, 0);
    }
    file
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(4 * bytes.len().div_ceil(3));
    for three in bytes.chunks(3) {
        let part = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at)) as usize & 63];
            // As many digits as there are bytes, and one more.
            text.push(if at <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_bitmap_has_its_size_and_its_rows_from_below() {
        let file = bitmap(&[0.0, 1.0, 0.5, 2.0], 2);
        assert_eq!(file.len(), HEADERS + 2 * 8);
        assert_eq!(file[..6], [b'B', b'M', 70, 0, 0, 0]);
        assert_eq!(file[18..30], [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0]);
        assert_eq!(file[54..62], [128, 128, 128, 255, 255, 255, 0, 0]);
        assert_eq!(file[62..], [0, 0, 0, 255, 255, 255, 0, 0]);
    }
}
