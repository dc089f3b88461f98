//! The ids of objects, as text and as the bytes in a device element.

use std::fmt;
use std::str::FromStr;

/// An id. In order as its text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(u128);

impl Guid {
    /// The boot manager: this id and no other.
    pub const BOOT_MANAGER: Self = Self(0x9dea862c_5cdd_4e70_acc1_f32b344d4795);
    /// The usual options of a RAM disk, `{ramdiskoptions}`.
    pub const RAMDISK_OPTIONS: Self = Self(0xae5534e0_a924_466c_b836_758539a3ee3a);
    /// The options of the RAM disk on install media.
    pub const SETUP_RAMDISK_OPTIONS: Self = Self(0x7619dcc8_fafe_11d9_b411_000476eba25f);
    /// The loader of Setup on install media.
    pub const SETUP_LOADER: Self = Self(0x7619dcc9_fafe_11d9_b411_000476eba25f);

    /// An id by its digits, as the text has them.
    pub const fn of_digits(digits: u128) -> Self {
        Self(digits)
    }

    /// From a device element: there the first three groups have their bytes turned around.
    pub fn from_device(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(turned(bytes)))
    }

    /// As it stands in a device element.
    pub fn to_device(self) -> [u8; 16] {
        turned(self.0.to_be_bytes())
    }
}

/// Turns the bytes of the first three groups around; twice is not at all.
fn turned(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoGuid;

impl FromStr for Guid {
    type Err = NoGuid;

    /// Reads `{9dea862c-5cdd-4e70-acc1-f32b344d4795}`, in any case.
    fn from_str(text: &str) -> Result<Self, NoGuid> {
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let inner = inner.ok_or(NoGuid)?;
        let groups: Vec<usize> = inner.split('-').map(str::len).collect();
        let is_hexadecimal = inner
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        if groups != [8, 4, 4, 4, 12] || !is_hexadecimal {
            return Err(NoGuid);
        }
        let digits = u128::from_str_radix(&inner.replace('-', ""), 16);
        digits.map(Self).map_err(|_| NoGuid)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0;
        write!(
            out,
            "{{{:08x}-{:04x}-{:04x}-{:04x}-{:012x}}}",
            digits >> 96,
            (digits >> 80) & 0xffff,
            (digits >> 64) & 0xffff,
            (digits >> 48) & 0xffff,
            digits & 0xffff_ffff_ffff
        )
    }
}
