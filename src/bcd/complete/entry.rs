//! What an entry and its RAM disk options lack.

use super::Mend;
use crate::bcd::judge::{NEVER_RIGHT, for_firmware};
use crate::bcd::make::{SDI, SYSTEM_ROOT, winload};
use crate::bcd::{DESCRIPTION, Device, Element, ElementId, Form, Guid, Object, ObjectKind};

impl Mend<'_> {
    /// An entry with a boot image; others are no matter of the network.
    pub(super) fn entry(&mut self, entry: &Guid) {
        let kind = self.store.objects.get(entry).map(|object| object.kind);
        let device = self.store.said(entry, ElementId::DEVICE);
        let device = device.filter(|device| Device::is_on_boot(&device.bytes));
        let device = device.and_then(Element::as_device);
        let (Some(ObjectKind::OS_LOADER), Some(Device::Ramdisk { path, options })) = (kind, device)
        else {
            return;
        };
        self.devices(entry, &path);
        self.loader(entry);
        self.options(&options);
    }

    /// Backslashes in the path of the boot image, and Windows in the same RAM disk.
    fn devices(&mut self, entry: &Guid, path: &str) {
        let wim = path.replace('/', "\\");
        for (id, word) in [
            (ElementId::DEVICE, "device"),
            (ElementId::OS_DEVICE, "osdevice"),
        ] {
            let Some(said) = self.store.said(entry, id) else {
                continue;
            };
            let has_slashes = matches!(
                said.as_device(),
                Some(Device::Ramdisk { path, .. }) if path.contains('/')
            );
            let bytes = Device::with_backslashes(&said.bytes).filter(|_| has_slashes);
            if let Some(bytes) = bytes {
                let element = Element {
                    form: Form::Binary,
                    bytes,
                };
                self.set(entry, id, element, word, &wim);
            }
        }
        let device = self.store.said(entry, ElementId::DEVICE).cloned();
        if let (false, Some(device)) = (self.is_said(entry, ElementId::OS_DEVICE), device) {
            self.set(entry, ElementId::OS_DEVICE, device, "osdevice", &wim);
        }
    }

    fn loader(&mut self, entry: &Guid) {
        let firmware = self.wants.firmware;
        let said = self.text(entry, ElementId::PATH);
        let path = said.as_ref().map_or_else(
            || winload(firmware).to_owned(),
            |path| path.replace('/', "\\"),
        );
        let path = for_firmware(&path, firmware).unwrap_or(path);
        if said.as_ref() != Some(&path) {
            self.set_text(entry, ElementId::PATH, "path", &path);
        }
        let texts = [
            (ElementId::DESCRIPTION, "description", DESCRIPTION),
            (ElementId::SYSTEM_ROOT, "systemroot", SYSTEM_ROOT),
        ];
        for (id, word, text) in texts {
            if !self.is_said(entry, id) {
                self.set_text(entry, id, word, text);
            }
        }
        for (id, word) in [
            (ElementId::DETECT_HAL, "detecthal"),
            (ElementId::WINPE, "winpe"),
        ] {
            if !self.is_said(entry, id) {
                self.set(entry, id, Element::boolean(true), word, "yes");
            }
        }
    }

    fn options(&mut self, options: &Guid) {
        let has_usual_sdi = (self.is_file)(SDI);
        let is_none = *options == Guid::of_digits(0);
        if !self.store.objects.contains_key(options) {
            // Without boot.sdi where it always is there would be nothing to write into them.
            if is_none || !has_usual_sdi {
                return;
            }
            self.create(*options, Object::new(ObjectKind::DEVICE_OPTIONS));
        }
        self.rename_sizes(options);
        if !self.is_said(options, ElementId::SDI_DEVICE) {
            self.set_boot_device(options, ElementId::SDI_DEVICE, "ramdisksdidevice");
        }
        let path = match self.text(options, ElementId::SDI_PATH) {
            Some(path) if path.contains('/') => Some(path.replace('/', "\\")),
            None if has_usual_sdi => Some(SDI.to_owned()),
            _ => None,
        };
        if let Some(path) = path {
            self.set_text(options, ElementId::SDI_PATH, "ramdisksdipath", &path);
        }
        self.sizes(options);
    }

    /// TFTP sizes under codes that are fatal get the right ones.
    fn rename_sizes(&mut self, options: &Guid) {
        for size in NEVER_RIGHT {
            let object = self.store.objects.get_mut(options);
            let Some(wrong) = object.and_then(|object| object.elements.remove(&size.never)) else {
                continue;
            };
            self.added.push(format!("{} taken away", size.never));
            let value = wrong.as_integer().filter(|value| *value > 1);
            if let (Some(value), false) = (value, self.is_said(options, size.right)) {
                self.set_integer(options, size.right, size.word, value);
            }
        }
    }

    fn sizes(&mut self, options: &Guid) {
        let (own, usual) = (self.wants.tftp, self.wants.usual_tftp);
        let sizes = [
            (
                ElementId::TFTP_BLOCK_SIZE,
                "ramdisktftpblocksize",
                own.block_size,
                usual.block_size,
            ),
            (
                ElementId::TFTP_WINDOW_SIZE,
                "ramdisktftpwindowsize",
                own.window_size,
                usual.window_size,
            ),
        ];
        for (id, word, own, usual) in sizes {
            let is_said = self.is_said(options, id);
            if let Some(size) = own.or(usual.filter(|_| !is_said)) {
                self.set_integer(options, id, word, size);
            }
        }
    }
}
