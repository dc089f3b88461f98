//! Laws of the decoders, and of reading in parts.

use proptest::collection::vec;
use proptest::prelude::*;
use winbootfs::wim::{lzx, xpress};

use crate::encoders;
use crate::made::{self, Stored};
use crate::medium::open;
use crate::noise::Noise;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn lzx_decodes_whatever_the_format_allows(
        seed: u64,
        order in 15_u32..=21,
        size in prop_oneof![1_usize..40, 1_usize..40_000, Just(32_768_usize)],
    ) {
        let size = size.min(1 << order);
        let chunk = encoders::lzx(seed, order, size);
        let mut output = vec![0; size];
        lzx::Decoder::new(order).decode(&chunk.input, &mut output).unwrap();
        prop_assert!(output == chunk.output);
    }

    #[test]
    fn xpress_decodes_whatever_the_format_allows(
        seed: u64,
        size in prop_oneof![1_usize..40, 1_usize..70_000],
    ) {
        let chunk = encoders::xpress(seed, size);
        let mut output = vec![0; size];
        xpress::Decoder::default().decode(&chunk.input, &mut output).unwrap();
        prop_assert!(output == chunk.output);
    }

    /// Whatever comes, a decoder ends, and says so where it was no chunk.
    #[test]
    fn decoders_bear_any_bytes(
        input in vec(any::<u8>(), 0..2000),
        order in 15_u32..=21,
        size in 0_usize..70_000,
    ) {
        let mut output = vec![0; size];
        let _ = lzx::Decoder::new(order).decode(&input, &mut output);
        let _ = xpress::Decoder::default().decode(&input, &mut output);
    }

    /// The same with what is nearly a chunk, and with a decoder that has seen others.
    #[test]
    fn decoders_bear_damage(seed: u64, hits in vec((any::<u16>(), any::<u8>()), 1..6), cut: u16) {
        let (mut lzx, mut xpress) = (lzx::Decoder::new(15), xpress::Decoder::default());
        let mut output = vec![0; 5000];
        for chunk in [encoders::lzx(seed, 15, 5000), encoders::xpress(seed, 5000)] {
            let mut damaged = chunk.input.clone();
            for (at, byte) in &hits {
                let at = usize::from(*at) % damaged.len();
                damaged[at] = *byte;
            }
            let _ = lzx.decode(&damaged, &mut output);
            let _ = xpress.decode(&damaged, &mut output);
            damaged.truncate(usize::from(cut) % damaged.len());
            let _ = lzx.decode(&damaged, &mut output);
            let _ = xpress.decode(&damaged, &mut output);
        }
        let chunk = encoders::lzx(seed, 15, 5000);
        lzx.decode(&chunk.input, &mut output).unwrap();
        prop_assert!(output == chunk.output);
        let chunk = encoders::xpress(seed, 5000);
        xpress.decode(&chunk.input, &mut output).unwrap();
        prop_assert!(output == chunk.output);
    }

    /// A chunk that is cut short is never taken for a whole one.
    #[test]
    fn what_ends_too_early_is_noticed(seed: u64, size in 1000_usize..5000, cut in 3_usize..50) {
        let mut output = vec![0; size];
        let chunk = encoders::lzx(seed, 15, size).input;
        let cut_off = &chunk[..chunk.len() - cut.min(chunk.len())];
        let same = lzx::Decoder::new(15).decode(cut_off, &mut output);
        prop_assert!(same.is_err());
        let chunk = encoders::xpress(seed, size).input;
        let cut_off = &chunk[..chunk.len() - (cut + 3).min(chunk.len())];
        prop_assert!(xpress::Decoder::default().decode(cut_off, &mut output).is_err());
    }
}

/// A file of seven chunks, of which some are stored raw.
fn file_in_chunks(compression: u32, chunk: impl Fn(u64, usize) -> encoders::Chunk) -> Stored {
    let noise = &mut Noise(7);
    let sizes = [32_768, 32_768, 32_768, 32_768, 32_768, 32_768, 12_345];
    let chunks = sizes.iter().zip(0..).map(|(size, seed)| {
        let chunk = chunk(seed, *size);
        if seed % 3 == 1 || chunk.input.len() >= *size {
            let raw = noise.bytes(*size);
            return encoders::Chunk {
                input: raw.clone(),
                output: raw,
            };
        }
        chunk
    });
    made::chunked(compression, &chunks.collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(cases(300))]

    /// Any part is that part of the whole, whatever was read before.
    #[test]
    fn a_part_is_that_part_of_the_whole(
        parts in vec((0_usize..220_000, prop_oneof![0_usize..100, 0_usize..220_000]), 1..12),
        compression in prop_oneof![Just(made::NONE), Just(made::LZX), Just(made::XPRESS)],
    ) {
        let stored = match compression {
            made::LZX => file_in_chunks(compression, |seed, size| encoders::lzx(seed, 15, size)),
            made::XPRESS => file_in_chunks(compression, encoders::xpress),
            _ => made::plain(&Noise(3).bytes(200_000)),
        };
        let wim = open(made::one_file(compression, &stored));
        let tree = wim.tree(1).unwrap();
        let blob = tree.find(b"file").unwrap().open().unwrap();
        for (offset, length) in parts {
            let mut buffer = vec![0xAA; length];
            let count = blob.read_at(&mut buffer, offset as u64).unwrap();
            let end = stored.bytes.len().min(offset + length);
            let expected = stored.bytes.get(offset..end).unwrap_or_default();
            prop_assert_eq!(count, expected.len());
            prop_assert!(buffer[..count] == *expected);
            prop_assert!(buffer[count..].iter().all(|byte| *byte == 0xAA));
        }
    }
}
