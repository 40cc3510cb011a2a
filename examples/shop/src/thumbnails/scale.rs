//! Pictures: which kinds are taken, and how one becomes a thumbnail. Pure; it knows no queue.
//!
//! A small file can hold a huge picture, so the decoder works within limits of size and memory.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

/// A thumbnail fits into a square of this many pixels.
const SIDE: u32 = 160;

/// The longest side that is decoded. The cameras of today stay below it.
const MAX_SIDE: u32 = 12_000;

/// Memory for one picture: 40 megapixels in RGB. Four workers have four of them.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;

/// Goes by the first bytes, never by what the caller says that they are.
pub(crate) fn is_supported(bytes: &[u8]) -> bool {
    matches!(image::guess_format(bytes), Ok(ImageFormat::Png | ImageFormat::Jpeg))
}

/// Decodes, turns upright, fits into the square and encodes as PNG. A smaller picture keeps its size.
pub(super) fn thumbnail(bytes: &[u8]) -> ImageResult<Vec<u8>> {
    let mut decoder = limited_decoder(bytes)?;
    let orientation = decoder.orientation()?;
    let mut picture = fit(DynamicImage::from_decoder(decoder)?);
    picture.apply_orientation(orientation);
    encode(&picture)
}

fn limited_decoder(bytes: &[u8]) -> ImageResult<impl ImageDecoder + '_> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = limits();
    reader.limits(limits.clone());
    let decoder = reader.into_decoder()?;
    // The decoder itself counts only its own buffers, not the picture that it fills.
    limits.reserve(decoder.total_bytes())?;
    Ok(decoder)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

fn fit(picture: DynamicImage) -> DynamicImage {
    let fits = picture.width() <= SIDE && picture.height() <= SIDE;
    if fits { picture } else { picture.thumbnail(SIDE, SIDE) }
}

fn encode(picture: &DynamicImage) -> ImageResult<Vec<u8>> {
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn size_after(width: u32, height: u32, format: ImageFormat) -> (u32, u32) {
        let small = image::load_from_memory(&thumbnail(&picture(width, height, format)).unwrap()).unwrap();
        (small.width(), small.height())
    }

    #[test]
    fn the_shape_is_kept() {
        assert_eq!(size_after(640, 320, ImageFormat::Png), (160, 80));
        assert_eq!(size_after(300, 600, ImageFormat::Jpeg), (80, 160));
        assert_eq!(size_after(160, 160, ImageFormat::Png), (160, 160));
        assert_eq!(size_after(2_000, 1, ImageFormat::Png), (160, 1));
    }

    #[test]
    fn a_small_picture_is_not_blown_up() {
        assert_eq!(size_after(20, 10, ImageFormat::Jpeg), (20, 10));
    }

    #[test]
    fn only_png_and_jpeg_are_taken() {
        assert!(is_supported(&picture(1, 1, ImageFormat::Png)));
        assert!(is_supported(&picture(1, 1, ImageFormat::Jpeg)));
        assert!(!is_supported(b"GIF89a"));
        assert!(!is_supported(b"hello"));
        assert!(!is_supported(b""));
    }

    #[test]
    fn a_broken_picture_is_an_error() {
        let mut png = picture(64, 64, ImageFormat::Png);
        png.truncate(40);
        assert!(thumbnail(&png).is_err());
        assert!(thumbnail(b"\x89PNG\r\n\x1a\nnothing else").is_err());
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused() {
        let too_wide = picture(MAX_SIDE + 1, 1, ImageFormat::Png);
        assert!(matches!(thumbnail(&too_wide), Err(image::ImageError::Limits(_))));
        assert!(matches!(thumbnail(&claiming(11_000, 11_000)), Err(image::ImageError::Limits(_))));
    }

    /// A PNG whose head claims a size that its data does not have. Its data is never reached.
    fn claiming(width: u32, height: u32) -> Vec<u8> {
        let mut png = picture(1, 1, ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let check = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&check.to_be_bytes());
        png
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8)
                .fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }
}
