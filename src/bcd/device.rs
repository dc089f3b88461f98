//! Where something is: the elements that name a device.
//!
//! Little end first. What tools leave behind in the image base, size and offset of a RAM
//! disk means nothing, and is not looked at.

use super::guid::Guid;

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// Where the boot manager itself came from: over a network, the root of the server.
    Boot,
    /// A RAM disk from a file.
    Ramdisk {
        /// The file, with backslashes; on the device that the boot manager came from.
        path: String,
        /// The object with the options of the RAM disk.
        options: Guid,
    },
    /// A disk, a partition, or what is found by a search: nothing of a network.
    Other(&'static str),
}

const KIND_LOCAL: u32 = 0;
const KIND_BOOT: u32 = 5;
const LOCAL_RAMDISK: u32 = 3;
const PATH_WITH_DEVICE: u32 = 5;

/// The bytes of an id in front of every device.
const OPTIONS: usize = 16;
/// The length of a boot device, its options not counted.
const BOOT: usize = 0x48;
/// Where the description of the path begins.
const DESCRIPTION: usize = 56;
/// Where the device begins on which the path is.
const INNER: usize = 68;

impl Device {
    /// Reads a device element; `None` for what is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let options = bytes.get(..OPTIONS)?.try_into().ok()?;
        match word(bytes, OPTIONS)? {
            KIND_BOOT => Some(Self::Boot),
            KIND_LOCAL => match word(bytes, 32)? {
                LOCAL_RAMDISK => Some(Self::Ramdisk {
                    path: path(bytes)?,
                    options: Guid::from_device(options),
                }),
                _ => Some(Self::Other("a disk")),
            },
            2 | 6 => Some(Self::Other("a partition")),
            8 => Some(Self::Other("whatever a search finds")),
            _ => Some(Self::Other("another device")),
        }
    }

    /// The bytes of a RAM disk with nothing changed but that its file is written with
    /// backslashes.
    pub(super) fn with_backslashes(bytes: &[u8]) -> Option<Vec<u8>> {
        let at = path_at(bytes)?;
        let (head, path) = bytes.split_at_checked(at)?;
        let pairs = path.chunks(2).map(|pair| match pair {
            [b'/', 0] => &[b'\\', 0],
            other => other,
        });
        Some([head].into_iter().chain(pairs).collect::<Vec<_>>().concat())
    }

    /// Whether the file of a RAM disk is where the boot manager came from. On disks it may
    /// be on a partition; then nothing of it comes over a network.
    pub fn is_on_boot(bytes: &[u8]) -> bool {
        word(bytes, INNER) == Some(KIND_BOOT)
    }

    /// As it stands in a store; `None` for one that is never written.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Boot => Some([[0; OPTIONS].as_slice(), &boot_device()].concat()),
            Self::Ramdisk { path, options } => ramdisk(path, *options),
            Self::Other(_) => None,
        }
    }
}

fn ramdisk(path: &str, options: Guid) -> Option<Vec<u8>> {
    let units = path.encode_utf16().chain([0]);
    let path: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let described = u32::try_from(12 + BOOT + path.len()).ok()?;
    let all = described.checked_add(40)?;
    let mut bytes = options.to_device().to_vec();
    let mut words = |words: &[u32]| bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    words(&[KIND_LOCAL, 1, all, 0]);
    words(&[LOCAL_RAMDISK, 0, 0, 0, 0, 0]);
    words(&[1, described, PATH_WITH_DEVICE]);
    bytes.extend(boot_device());
    bytes.extend(path);
    Some(bytes)
}

fn boot_device() -> Vec<u8> {
    let head = [KIND_BOOT, 0, BOOT as u32, 0];
    let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.resize(BOOT, 0);
    bytes
}

/// Where the path of a file-backed RAM disk begins. The device before it says how long it
/// is.
fn path_at(bytes: &[u8]) -> Option<usize> {
    if word(bytes, DESCRIPTION + 8)? != PATH_WITH_DEVICE {
        return None;
    }
    let inner = usize::try_from(word(bytes, INNER + 8)?).ok()?;
    INNER.checked_add(inner)
}

fn path(bytes: &[u8]) -> Option<String> {
    let rest = bytes.get(path_at(bytes)?..)?;
    let pairs = rest.chunks_exact(2);
    let units = pairs.filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16(&units).ok()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}
