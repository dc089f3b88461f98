//! Makes a store from nothing: as little as every boot manager is content with.
//!
//! Real boot managers were given exactly these objects and elements, and started what
//! they name. Nothing of the graphical menu is among them: its error page shows no text.
//! The same plan makes the same store, today and on every machine.

use super::{Device, Element, ElementId, Guid, Object, ObjectKind, Store};
use crate::program::Firmware;

/// What a store is to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Whose boot manager reads it: each needs a loader of its own.
    pub firmware: Firmware,
    /// Where the boot manager finds itself on the server. UEFI cannot always know, and
    /// stops without; the BIOS does not ask, and its stores do not say.
    pub program: Option<String>,
    /// The boot.sdi.
    pub sdi: String,
    /// What can be started. The first is, unless somebody chooses another.
    pub entries: Vec<Entry>,
    /// How many seconds a menu waits.
    pub timeout: u64,
    /// How TFTP brings the boot image.
    pub tftp: Tftp,
}

/// One thing to start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The boot image.
    pub wim: String,
    /// What a menu calls it.
    pub description: String,
}

/// How TFTP brings boot.sdi and the boot image; all else comes in blocks of 1456 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Tftp {
    /// Bytes in a block.
    pub block_size: Option<u64>,
    /// Blocks that are sent without waiting.
    pub window_size: Option<u64>,
}

/// The most entries of a menu: a longer list of them is no value that stores are read with.
pub const MOST_ENTRIES: usize = 200;

/// How many blocks TFTP is to send without waiting where nobody says anything. 4 was right
/// with every server that was tried, with losses too: dnsmasq and tftpd-hpa know no windows
/// and send block by block; atftpd is four times as fast. A larger one overruns small buffers
/// of slow clients.
pub const USUAL_WINDOW: u64 = 4;

/// The blocks for which boot managers ask by themselves: they fit an Ethernet frame.
pub(super) const USUAL_BLOCK: u64 = 1456;

/// What an entry is called where nobody has said: one without is not started.
pub const DESCRIPTION: &str = "Network boot image";

/// Where boot.sdi is on all media.
pub(super) const SDI: &str = "\\boot\\boot.sdi";

/// The folder of Windows in a boot image.
pub(super) const SYSTEM_ROOT: &str = "\\windows";

/// The first loader. Any id will do, if it is always the same; the others follow it.
const FIRST_LOADER: u128 = 0x2b9f1f6e_0c1d_4f5e_9a57_6d1f0a3c7e11;

/// The store that says so.
pub fn make(plan: &Plan) -> Store {
    let ids = (0..).map(|number| Guid::of_digits(FIRST_LOADER + number));
    let loaders: Vec<(Guid, Object)> = ids
        .zip(&plan.entries)
        .map(|(id, entry)| (id, loader(plan.firmware, entry)))
        .collect();
    let shown: Vec<Guid> = loaders.iter().map(|(id, _)| *id).collect();
    let own = [
        (Guid::BOOT_MANAGER, boot_manager(plan, &shown)),
        (Guid::RAMDISK_OPTIONS, ramdisk_options(plan)),
    ];
    Store {
        objects: own.into_iter().chain(loaders).collect(),
        ..Store::default()
    }
}

fn boot_manager(plan: &Plan, shown: &[Guid]) -> Object {
    let mut object = Object::new(ObjectKind::BOOT_MANAGER)
        .with_device(ElementId::DEVICE, &Device::Boot)
        .with(ElementId::TIMEOUT, Element::integer(plan.timeout));
    if let (Firmware::Uefi, Some(program)) = (plan.firmware, &plan.program) {
        object = object.with(ElementId::PATH, Element::text(&rooted(program)));
    }
    if let Some(first) = shown.first() {
        object = object
            .with(ElementId::DEFAULT, Element::object(*first))
            .with(ElementId::DISPLAY_ORDER, Element::objects(shown));
    }
    object
}

fn ramdisk_options(plan: &Plan) -> Object {
    let object = Object::new(ObjectKind::DEVICE_OPTIONS)
        .with_device(ElementId::SDI_DEVICE, &Device::Boot)
        .with(ElementId::SDI_PATH, Element::text(&rooted(&plan.sdi)));
    let sizes = [
        (ElementId::TFTP_BLOCK_SIZE, plan.tftp.block_size),
        (ElementId::TFTP_WINDOW_SIZE, plan.tftp.window_size),
    ];
    sizes.into_iter().fold(object, |object, (id, size)| {
        let size = size.map(Element::integer);
        size.into_iter()
            .fold(object, |object, size| object.with(id, size))
    })
}

fn loader(firmware: Firmware, entry: &Entry) -> Object {
    let device = Device::Ramdisk {
        path: rooted(&entry.wim),
        options: Guid::RAMDISK_OPTIONS,
    };
    Object::new(ObjectKind::OS_LOADER)
        .with_device(ElementId::DEVICE, &device)
        .with_device(ElementId::OS_DEVICE, &device)
        .with(ElementId::PATH, Element::text(winload(firmware)))
        .with(ElementId::DESCRIPTION, Element::text(&entry.description))
        .with(ElementId::SYSTEM_ROOT, Element::text(SYSTEM_ROOT))
        .with(ElementId::DETECT_HAL, Element::boolean(true))
        .with(ElementId::WINPE, Element::boolean(true))
}

impl Object {
    /// The same with a device; one that cannot be written is longer than any path.
    fn with_device(self, id: ElementId, device: &Device) -> Self {
        match Element::device(device) {
            Some(element) => self.with(id, element),
            None => self,
        }
    }
}

/// The loader of Windows in a boot image.
pub(super) fn winload(firmware: Firmware) -> &'static str {
    match firmware {
        Firmware::Bios => "\\windows\\system32\\boot\\winload.exe",
        Firmware::Uefi => "\\windows\\system32\\boot\\winload.efi",
    }
}

/// A path as a store has to have it: from the root, and with backslashes, over HTTP too.
pub fn rooted(path: &str) -> String {
    let path = path.replace('/', "\\");
    format!("\\{}", path.trim_start_matches('\\'))
}
