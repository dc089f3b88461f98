//! The ways in which a boot manager comes to a computer, and where each then looks for
//! its store.

use std::fmt;

use crate::program::Firmware;

/// A way to boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// The BIOS, over TFTP.
    BiosPxe,
    /// UEFI with its own network stack, over TFTP: the boot manager is not told the name
    /// of its file.
    UefiPxe,
    /// UEFI with the network stack of iPXE, over TFTP: it is told.
    UefiIpxe,
    /// UEFI, over HTTP.
    UefiHttp,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BiosPxe, Self::UefiPxe, Self::UefiIpxe, Self::UefiHttp];

    /// Whose boot manager it is.
    pub fn firmware(self) -> Firmware {
        match self {
            Self::BiosPxe => Firmware::Bios,
            Self::UefiPxe | Self::UefiIpxe | Self::UefiHttp => Firmware::Uefi,
        }
    }

    /// The names under which a boot manager that was loaded as `program` looks for its
    /// store, in its order. DHCP may name another one (option 252), which is not known here.
    pub fn stores(self, program: &str) -> Vec<String> {
        let over_tftp = "\\Boot\\BCD".to_owned();
        match self {
            Self::BiosPxe | Self::UefiPxe => vec![over_tftp],
            Self::UefiIpxe => vec!["\\BCD".to_owned(), over_tftp],
            Self::UefiHttp => vec![
                beside(program),
                "/EFI/Microsoft/Recovery/BCD".to_owned(),
                "/EFI/Microsoft/Boot/BCD".to_owned(),
            ],
        }
    }
}

/// In the folder of the boot program, with slashes: only HTTP looks there.
fn beside(program: &str) -> String {
    let program = program.replace('\\', "/");
    let folder = program.trim_start_matches('/').rsplit_once('/');
    match folder {
        Some((folder, _)) => format!("/{folder}/BCD"),
        None => "/BCD".to_owned(),
    }
}

impl fmt::Display for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::BiosPxe => "BIOS PXE",
            Self::UefiPxe => "UEFI PXE",
            Self::UefiIpxe => "UEFI PXE under iPXE",
            Self::UefiHttp => "UEFI HTTP",
        })
    }
}
