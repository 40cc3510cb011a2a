//! The stable choice behind `H`.

use crate::field::Field;

/// A number that depends on the id and the field alone. FNV-1a (Fowler, Noll and Vo), and then the finalizer of splitmix64
/// (Steele, Lea and Flood, 2014), since FNV's low bits are weak and it is they that are used. It can never be changed: schedules
/// would move.
pub(crate) fn hash(id: &str, field: Field) -> u64 {
    let field = [0xff, field as u8];
    let fnv = id.bytes().chain(field).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (fnv ^ fnv >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
