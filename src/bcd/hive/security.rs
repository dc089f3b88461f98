//! Who may use the keys of a store. Without it a boot manager refuses the whole hive
//! (0xc000014c).
//!
//! Administrators own it; they and the system may do everything with it and with the keys
//! below: `O:BAG:BAD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)`.

use super::bins::{number, put, words};

/// Where it tells its neighbours in the ring of all such structures, and how many keys it
/// is for.
pub(super) const NEXT: usize = 4;
pub(super) const BEFORE: usize = 8;
pub(super) const USES: usize = 12;

/// The structure, without its neighbours and how many keys it is for.
pub(super) fn structure() -> Vec<u8> {
    const SYSTEM: &[u32] = &[0x101, 0x0500_0000, 18];
    const ADMINISTRATORS: &[u32] = &[0x201, 0x0500_0000, 32, 544];
    const KEY_ALL_ACCESS: u32 = 0xf_003f;
    // Allowed, also for the keys below; how long it is; what.
    let entry = |who: &[u32]| {
        let length = number(8 + who.len() * 4);
        [&[0x200 | length << 16, KEY_ALL_ACCESS][..], who].concat()
    };
    let entries = [entry(SYSTEM), entry(ADMINISTRATORS)].concat();
    let length = number(8 + entries.len() * 4);
    let list = [&[2 | length << 16, 2][..], &entries].concat();
    let owner = 20 + length;
    let group = owner + number(ADMINISTRATORS.len() * 4);
    // Of revision 1, with a list, everything in one piece.
    let head = [1 | 0x8004 << 16, owner, group, 0, 20];
    let descriptor = words(&[&head[..], &list, ADMINISTRATORS, ADMINISTRATORS].concat());
    let mut structure = b"sk\0\0".to_vec();
    put(&mut structure, &[0, 0, 0, number(descriptor.len())]);
    structure.extend(descriptor);
    structure
}
