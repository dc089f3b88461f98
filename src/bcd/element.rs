//! One thing that an object says: a code, a form, and bytes.
//!
//! The second digit of a code tells in which form the value is; the boot manager refuses
//! another (0xc0000024). Values are kept as they were stored and understood when asked.

use std::fmt;

use super::device::Device;
use super::guid::Guid;

/// The code of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementId(pub u32);

impl ElementId {
    /// Where an application is: a boot device, or a RAM disk.
    pub const DEVICE: Self = Self(0x1100_0001);
    /// The file of an application.
    pub const PATH: Self = Self(0x1200_0002);
    /// What a menu calls it.
    pub const DESCRIPTION: Self = Self(0x1200_0004);
    /// The language of its messages.
    pub const LOCALE: Self = Self(0x1200_0005);
    /// Objects whose elements it has too.
    pub const INHERIT: Self = Self(0x1400_0006);
    /// Where Windows is.
    pub const OS_DEVICE: Self = Self(0x2100_0001);
    /// The folder of Windows there.
    pub const SYSTEM_ROOT: Self = Self(0x2200_0002);
    /// What is started when nothing is chosen.
    pub const DEFAULT: Self = Self(0x2300_0003);
    /// The entries of the menu.
    pub const DISPLAY_ORDER: Self = Self(0x2400_0001);
    /// The tools of the menu.
    pub const TOOLS_ORDER: Self = Self(0x2400_0010);
    /// How many seconds the menu waits.
    pub const TIMEOUT: Self = Self(0x2500_0004);
    /// Which menu is shown; 1 is the one with graphics.
    pub const BOOT_MENU_POLICY: Self = Self(0x2500_00c2);
    /// Whether the hardware is looked at.
    pub const DETECT_HAL: Self = Self(0x2600_0010);
    /// Whether the menu is always shown.
    pub const DISPLAY_BOOT_MENU: Self = Self(0x2600_0020);
    /// Whether it is Windows PE.
    pub const WINPE: Self = Self(0x2600_0022);
    /// On which device the boot.sdi is.
    pub const SDI_DEVICE: Self = Self(0x3100_0003);
    /// The boot.sdi.
    pub const SDI_PATH: Self = Self(0x3200_0004);
    /// How large the blocks are in which TFTP brings the boot image.
    pub const TFTP_BLOCK_SIZE: Self = Self(0x3500_0007);
    /// How many blocks TFTP sends without waiting.
    pub const TFTP_WINDOW_SIZE: Self = Self(0x3500_0008);
    /// Whether that number changes on the way.
    pub const TFTP_VARIABLE_WINDOW: Self = Self(0x3600_000b);

    /// The form that the code asks for, if it is one that is known.
    pub fn form(self) -> Option<Form> {
        match (self.0 >> 24) & 0xf {
            1 | 5 | 6 | 7 => Some(Form::Binary),
            2 | 3 => Some(Form::Text),
            4 => Some(Form::Texts),
            _ => None,
        }
    }
}

/// Eight digits, as the key of the hive is called.
impl fmt::Display for ElementId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}

/// How a value is stored in the hive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Bytes: a device, a number, yes or no. `REG_BINARY`.
    Binary,
    /// One text, or one id. `REG_SZ`.
    Text,
    /// Several ids. `REG_MULTI_SZ`.
    Texts,
    /// Another type of the registry, by its number: never right.
    Other(u32),
}

/// As the registry calls it.
impl fmt::Display for Form {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary => out.write_str("REG_BINARY"),
            Self::Text => out.write_str("REG_SZ"),
            Self::Texts => out.write_str("REG_MULTI_SZ"),
            Self::Other(4) => out.write_str("REG_DWORD"),
            Self::Other(number) => write!(out, "type {number}"),
        }
    }
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// How it is stored.
    pub form: Form,
    /// Its bytes; text is UTF-16, little end first.
    pub bytes: Vec<u8>,
}

impl Element {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self {
            form: Form::Text,
            bytes: stored([text]),
        }
    }

    /// The id of another object.
    pub fn object(id: Guid) -> Self {
        Self::text(&id.to_string())
    }

    /// The ids of other objects.
    pub fn objects(ids: &[Guid]) -> Self {
        let texts: Vec<String> = ids.iter().map(Guid::to_string).collect();
        let texts = texts.iter().map(String::as_str);
        Self {
            form: Form::Texts,
            // A list ends with an empty text.
            bytes: stored(texts.chain([""])),
        }
    }

    /// A number; eight bytes are always accepted.
    pub fn integer(value: u64) -> Self {
        Self {
            form: Form::Binary,
            bytes: value.to_le_bytes().to_vec(),
        }
    }

    /// Yes or no.
    pub fn boolean(value: bool) -> Self {
        Self {
            form: Form::Binary,
            bytes: vec![u8::from(value)],
        }
    }

    /// A device.
    pub fn device(device: &Device) -> Option<Self> {
        Some(Self {
            form: Form::Binary,
            bytes: device.to_bytes()?,
        })
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<String> {
        let texts = (self.form == Form::Text).then(|| texts(&self.bytes))?;
        Some(texts.into_iter().next().unwrap_or_default())
    }

    /// The id, if it is one.
    pub fn as_object(&self) -> Option<Guid> {
        self.as_text()?.parse().ok()
    }

    /// The ids, if they are some; what is none is left out.
    pub fn as_objects(&self) -> Option<Vec<Guid>> {
        let texts = (self.form == Form::Texts).then(|| texts(&self.bytes))?;
        Some(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// The number, if it is one: of 1 to 8 bytes, for media leave zeros at the top away.
    pub fn as_integer(&self) -> Option<u64> {
        if self.form != Form::Binary || !(1..=8).contains(&self.bytes.len()) {
            return None;
        }
        let digits = self.bytes.iter().rev();
        Some(digits.fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Yes or no, if it is one of these.
    pub fn as_boolean(&self) -> Option<bool> {
        match (self.form, self.bytes.as_slice()) {
            (Form::Binary, [byte]) => Some(*byte != 0),
            _ => None,
        }
    }

    /// The device, if it is one.
    pub fn as_device(&self) -> Option<Device> {
        (self.form == Form::Binary).then(|| Device::read(&self.bytes))?
    }
}

/// Texts as the hive has them, each ended by a zero.
fn stored<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let units = texts
        .into_iter()
        .flat_map(|text| text.encode_utf16().chain([0]));
    units.flat_map(u16::to_le_bytes).collect()
}

/// The texts up to the first empty one. What is no Unicode is replaced.
fn texts(bytes: &[u8]) -> Vec<String> {
    let pairs = bytes.chunks_exact(2);
    let units: Vec<u16> = pairs
        .filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes))
        .collect();
    let texts = units.split(|unit| *unit == 0);
    let texts = texts.take_while(|text| !text.is_empty());
    texts.map(String::from_utf16_lossy).collect()
}
