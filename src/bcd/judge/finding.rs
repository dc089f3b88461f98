//! What a judgement says: what is wrong, what the screen shows, and what to change.

use std::fmt;

use crate::program::Firmware;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Whether the boot ends with it.
    pub is_fatal: bool,
    /// What it is.
    pub what: String,
    /// What the screen shows then, where that was seen.
    pub status: Option<Status>,
    /// What to do about it, in the words of `bcdedit` where the store is to be changed.
    pub next: String,
}

/// A status as the boot manager shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// The code.
    pub code: u32,
    /// The sentence with it; where none is known, what the code means.
    pub text: &'static str,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "0x{:08x} ({})", self.code, self.text)
    }
}

impl Finding {
    /// Something that ends the boot.
    pub(super) fn fatal(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            is_fatal: true,
            what: what.into(),
            status: None,
            next: next.into(),
        }
    }

    /// Something to know.
    pub(super) fn remark(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            is_fatal: false,
            ..Self::fatal(what, next)
        }
    }

    /// The same with what the screen shows.
    pub(super) fn shown(self, status: Status) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }
}

/// One that says nothing of a file or a device.
pub(super) const fn unexpected(code: u32) -> Status {
    let text = "An unexpected error has occurred";
    Status { code, text }
}

/// The store cannot be had.
pub(super) fn no_store(code: u32, firmware: Firmware) -> Status {
    let text = match firmware {
        Firmware::Bios => "An error occurred while attempting to read the boot configuration data",
        Firmware::Uefi => "The Boot Configuration Data for your PC is missing or contains errors",
    };
    Status { code, text }
}

/// The boot image or boot.sdi cannot be had.
pub(super) fn no_device(code: u32, firmware: Firmware) -> Status {
    let text = match firmware {
        Firmware::Bios => "The boot selection failed because a required device is inaccessible",
        Firmware::Uefi => "A required device isn't connected or can't be accessed",
    };
    Status { code, text }
}

/// The loader in the boot image cannot be had.
pub(super) const fn no_loader(code: u32) -> Status {
    let text = "The application or operating system couldn't be loaded because a required file \
                is missing or contains errors";
    Status { code, text }
}

/// The loader in the boot image is a program for something else; for the BIOS that of 7601.
pub(super) fn wrong_loader(firmware: Firmware) -> Status {
    match firmware {
        Firmware::Bios => Status {
            code: 0xc000_0098,
            text: "The selected entry could not be loaded because the application is missing or \
                   corrupt",
        },
        Firmware::Uefi => no_loader(0xc000_007b),
    }
}

/// An element is not of its kind.
pub(super) const WRONG_FORM: Status = Status {
    code: 0xc000_0024,
    text: "There is an invalid object in the Boot Configuration Data store",
};

/// There is nothing to start. This and the next two are told by operators, not tried here.
pub(super) const NO_ENTRY: Status = Status {
    code: 0xc000_0098,
    text: "the file is invalid",
};

/// A loader has no file.
pub(super) const NO_PATH: Status = Status {
    code: 0xc000_0272,
    text: "no match",
};

/// The boot image is compressed in a way that is not read.
pub(super) const UNREADABLE_WIM: Status = Status {
    code: 0xc000_00bb,
    text: "not supported",
};
