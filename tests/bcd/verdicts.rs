//! The real stores, judged as if an install medium had them: what is true of each, and no
//! false alarm. And completed: those of media boot every firmware.

use std::fs;
use std::path::PathBuf;

use winbootfs::bcd::{Files, Finding, Route, Store, Tftp, Wants, complete, judge, make};
use winbootfs::program::Firmware;

use crate::oracle::real_stores;
use crate::server::{Server, plan};

/// A server that has what these stores name, and the pictures of the graphical menu.
fn media() -> Server {
    let pictures = [
        "\\EFI\\Microsoft\\Boot\\Fonts\\segoe_slboot.ttf",
        "\\EFI\\Microsoft\\Boot\\Fonts\\segmono_boot.ttf",
        "\\EFI\\Microsoft\\Boot\\Fonts\\wgl4_boot.ttf",
        "\\EFI\\Microsoft\\Boot\\resources\\bootres.dll",
        "\\x64\\sources\\boot.wim",
        "\\x86\\sources\\boot.wim",
        "\\wim\\w10pe64.wim",
        "\\wim\\w10pe32.wim",
        "\\AIO\\grub\\grub2win",
        "\\AIO\\Tools\\grub4dos\\grldr",
    ];
    let server = Server::new();
    pictures
        .iter()
        .fold(server, |server, path| server.with(path, 1))
}

const FILE: &str = "which file the boot manager is";
const EXE: &str = "not the loader for UEFI";
const EFI: &str = "not the loader for BIOS";

/// A store, and what is wrong with it for the BIOS, and for UEFI over PXE. Something that
/// begins with `~` ends no boot.
struct Row(
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const STORES: &[Row] = &[
    // From the disk of a PC, to start a program of the server behind the menu.
    Row(
        "0pts-bitpixie",
        &[
            "starts from a partition",
            "~\\shimx64.efi, which is no file",
        ],
        &[
            "manager is \\EFI",
            "starts from a partition",
            "~\\shimx64.efi, which is no file",
        ],
    ),
    Row("aio-boot_aio-tools-ms-bcd_", &[], &[FILE]),
    Row("aio-boot_aio-tools-ms-bcdefi", &[NOTHING], &[NOTHING, FILE]),
    Row("autounattend", &[EFI], &[FILE]),
    Row("bcd-sys", &["no boot manager"], &["no boot manager"]),
    Row("bootable-usb", &[EFI], &[FILE]),
    Row(
        "files-for-win10-aio",
        &[],
        &[EXE, FILE, "~not the loader for UEFI"],
    ),
    Row("ipxe", &[EFI], &[FILE]),
    Row("mbr-dualboottype", &[], &[EXE, FILE]),
    Row("minimal-bios", &[], &[EXE, FILE]),
    Row("minimal-uefi", &[EFI], &[]),
    Row("ntloader", &[DISK], &[DISK, FILE]),
    Row("pxe_default", &[NOTHING], &[NOTHING, FILE]),
    Row("tiny10", &[EFI], &[FILE]),
    Row("usbboot_boot-bcd_21bf80", &[], &[EXE, FILE]),
    Row(
        "usbboot_boot-bcd_a5f005",
        &[PATH, "~names no loader"],
        &[PATH, "~names no loader", FILE],
    ),
    Row("windows-10-22h2", &[], &[EXE, FILE]),
];

const NOTHING: &str = "neither a default entry nor a display order";
const DISK: &str = "on a disk of the client";
const PATH: &str = "names no loader";

/// Everything found that none of the words is about.
fn unexpected(found: Vec<Finding>, words: &[&str]) -> Vec<Finding> {
    let is_expected = |finding: &Finding| {
        words.iter().any(|word| match word.strip_prefix('~') {
            Some(word) => !finding.is_fatal && finding.what.contains(word),
            None => finding.is_fatal && finding.what.contains(word),
        })
    };
    let found = found.into_iter().filter(|finding| !is_expected(finding));
    found.collect()
}

/// The real stores, each with its row.
fn stores() -> Option<Vec<(Store, &'static Row)>> {
    let files = real_stores()?;
    assert_eq!(files.len(), STORES.len());
    let read = |(file, row): (&PathBuf, &'static Row)| {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(row.0), "{name} is not {}", row.0);
        (Store::read(&fs::read(file).unwrap()).unwrap(), row)
    };
    Some(files.iter().zip(STORES).map(read).collect())
}

#[test]
fn what_is_true_of_real_stores_is_found_and_nothing_else() {
    let Some(stores) = stores() else { return };
    for (store, Row(name, bios, uefi)) in stores {
        for (route, words) in [(Route::BiosPxe, bios), (Route::UefiPxe, uefi)] {
            let found = judge(&store, route, &media());
            for word in *words {
                let word = word.trim_start_matches('~');
                let is_found = found.iter().any(|finding| finding.what.contains(word));
                assert!(is_found, "{name}, {route}, {word}: {found:#?}");
            }
            let known = [words, ["~no TFTP window size"].as_slice()].concat();
            assert_eq!(unexpected(found, &known), [], "{name}, {route}");
        }
    }
}

/// What was written from nothing to the description, and accepted by real boot managers.
#[test]
fn a_store_that_is_made_is_element_for_element_the_minimal_one() {
    let Some(stores) = stores() else { return };
    let mut compared = 0;
    for (store, Row(name, ..)) in stores {
        let firmware = match *name {
            "minimal-bios" => Firmware::Bios,
            "minimal-uefi" => Firmware::Uefi,
            _ => continue,
        };
        assert_eq!(make(&plan(firmware)).objects, store.objects, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 2);
}

/// Whichever firmware they were made for; and what has no part in it is as it was.
#[test]
fn media_boot_every_firmware_once_completed() {
    let Some(stores) = stores() else { return };
    let without_hope = ["0pts", "aio-boot", "bcd-sys", "ntloader", "pxe_default"];
    let stores = stores.into_iter().filter(|(_, row)| {
        let mut without = without_hope.iter();
        !without.any(|name| row.0.starts_with(name))
    });
    let mut completed = 0;
    for (store, Row(name, ..)) in stores {
        for route in Route::ALL {
            let wants = Wants {
                firmware: route.firmware(),
                program: Some("\\bootmgfw.efi".to_owned()),
                tftp: Tftp::default(),
                usual_tftp: Tftp {
                    block_size: None,
                    window_size: Some(16),
                },
                timeout: None,
            };
            let server = media();
            let done = complete(&store, &wants, &|path| server.is_file(path));
            assert_eq!(judge(&done.store, route, &server), [], "{name}, {route}");
            let changed = done.store.objects.iter();
            let changed = changed.filter(|(id, object)| store.objects.get(id) != Some(object));
            assert!(changed.count() <= 5, "{name}, {route}");
            assert_eq!(done.store.objects.len(), store.objects.len());
            completed += 1;
        }
    }
    assert_eq!(completed, 44);
}
