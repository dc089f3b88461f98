//! Whole boots through real servers: a small player asks what a boot manager asks for, in its
//! order, reads the store that it is served, and follows it to the last byte of the boot image.
//!
//! The order is that of boot managers on the wire: sizes first, each asked in a transfer of its
//! own that is dropped (the firmware with ERROR 8, the boot manager with ERROR 0); policies
//! that are absent; itself once more, under the path in the store; the size of boot.sdi under
//! one spelling and its bytes under another.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::thread;

use winbootfs::bcd::{Device, Element, ElementId, Object, Store};
use winbootfs::program::Firmware;
use winbootfs::status::State;

use crate::common::http;
use crate::common::mounted::{Mounted, program};
use crate::common::servers::{self, Server};
use crate::common::skip::{or_skip, skip};
use crate::common::status::{client_when, status};
use crate::common::stores::WINLOAD;
use crate::common::tftp::{TftpError, Transfer};
use crate::common::wims::{self, BOOT_FILES, labelled};
use crate::common::world::World;

/// How often one file may be refused before that counts as never.
const MOST_TRIES: usize = 1000;

const POLICIES: [&str; 5] = [
    r"\EFI\Microsoft\Boot\Policies\SbcpFlightToken.p7b",
    r"\EFI\Microsoft\Boot\SecureBootPolicy.p7b",
    r"\EFI\Microsoft\Boot\SiPolicy.p7b",
    r"\EFI\Microsoft\Boot\SkuSiPolicy.p7b",
    r"\hiberfil.sys",
];

type Files = BTreeMap<String, Vec<u8>>;

/// A computer in front of a server.
enum Computer<'a> {
    OverTftp(Transfer),
    OverHttp(&'a Server, IpAddr),
}

impl Computer<'_> {
    /// The file of that name; none if there is none.
    fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.file_in_windows(name, None)
    }

    fn file_in_windows(&self, name: &str, window: Option<u16>) -> Option<Vec<u8>> {
        match self {
            Self::OverTftp(transfer) => {
                let transfer = match window {
                    Some(blocks) => transfer.clone().windowsize(blocks),
                    None => transfer.clone(),
                };
                until_served(|| transfer.get(name.as_bytes()))
            }
            Self::OverHttp(server, from) => {
                let reply = http::get(server.address, *from, slashed(name).as_bytes()).unwrap();
                (reply.status == 200).then_some(reply.body)
            }
        }
    }

    /// Its size, as the boot manager asks; the firmware drops the transfer otherwise.
    fn size(&self, name: &str, is_firmware: bool) -> Option<u64> {
        match self {
            Self::OverTftp(transfer) if is_firmware => {
                until_served(|| transfer.size(name.as_bytes()))
            }
            Self::OverTftp(transfer) => until_served(|| transfer.size_code0(name.as_bytes())),
            Self::OverHttp(server, from) => {
                let reply = http::head(server.address, *from, slashed(name).as_bytes()).unwrap();
                let length = reply
                    .header("content-length")
                    .filter(|_| reply.status == 200);
                length.map(|length| length.parse().unwrap())
            }
        }
    }

    /// Whether it is told that there is no such file.
    fn lacks(&self, name: &str) -> bool {
        match self {
            Self::OverTftp(transfer) => {
                let answer = transfer.size_code0(name.as_bytes());
                matches!(answer, Err(TftpError::Refused { .. }))
            }
            Self::OverHttp(..) => self.size(name, false).is_none(),
        }
    }

    /// Where this boot manager looks for its store.
    fn stores(&self) -> &[&str] {
        match self {
            Self::OverTftp(_) => &[r"\Boot\BCD"],
            Self::OverHttp(..) => &[
                "/images/x/EFI/Boot/BCD",
                "/EFI/Microsoft/Recovery/BCD",
                "/EFI/Microsoft/Boot/BCD",
            ],
        }
    }

    fn store(&self) -> Store {
        let mut names = self.stores().iter();
        let name = names.find(|name| self.size(name, false).is_some()).unwrap();
        Store::read(&self.file(name).unwrap()).unwrap()
    }
}

/// A server whose clients cannot be told apart for a moment refuses them, atftpd in the words
/// for a missing file; they ask again.
fn until_served<T>(ask: impl Fn() -> Result<T, TftpError>) -> Option<T> {
    let mut tries = (0..MOST_TRIES).map(|_| match ask() {
        Ok(answer) => Some(answer),
        Err(TftpError::Refused { .. }) => None,
        Err(error) => panic!("{error:?}"),
    });
    tries.find_map(|answer| answer)
}

fn slashed(name: &str) -> String {
    format!("/{}", name.replace('\\', "/").trim_start_matches('/'))
}

/// Boots, beginning with these programs, and compares every byte with what the image has.
fn boots(computer: &Computer<'_>, firmware: Firmware, programs: &[&str], image: &Files) {
    for name in programs {
        let wanted = &image[*name];
        assert_eq!(
            computer.size(name, true),
            Some(wanted.len() as u64),
            "{name}"
        );
        assert!(
            computer.file(name).as_ref() == Some(wanted),
            "{name} is another file"
        );
    }
    let store = computer.store();
    for policy in POLICIES {
        assert!(computer.lacks(policy), "{policy}");
    }
    let manager = store.boot_manager().unwrap();
    if firmware == Firmware::Uefi {
        let itself = manager
            .text(ElementId::PATH)
            .expect("the path of the boot manager");
        let wanted = &image[programs[0]];
        assert_eq!(
            computer.size(&itself, false),
            Some(wanted.len() as u64),
            "{itself}"
        );
        assert!(
            computer.file(&itself).as_ref() == Some(wanted),
            "{itself} is another file"
        );
    }
    let default = manager.elements[&ElementId::DEFAULT].as_object().unwrap();
    follows(computer, firmware, &store, &store.objects[&default], image);
}

/// Loads what an entry names.
fn follows(
    computer: &Computer<'_>,
    firmware: Firmware,
    store: &Store,
    entry: &Object,
    image: &Files,
) {
    let loader = entry.text(ElementId::PATH).unwrap();
    let ending = match firmware {
        Firmware::Bios => "winload.exe",
        Firmware::Uefi => "winload.efi",
    };
    assert!(loader.ends_with(ending), "{loader}");
    let Some(Device::Ramdisk { path: wim, options }) = entry.device(ElementId::DEVICE) else {
        panic!("no RAM disk: {entry:?}");
    };
    let options = &store.objects[&options];
    let sdi = options.text(ElementId::SDI_PATH).unwrap();
    // The boot manager keeps the spelling of a folder that it has seen.
    let first = sdi.replacen(r"\boot\", r"\Boot\", 1);
    let (wim_bytes, sdi_bytes) = (&image["sources/boot.wim"], &image["boot.sdi"]);
    assert_eq!(
        computer.size(&wim, false),
        Some(wim_bytes.len() as u64),
        "{wim}"
    );
    assert_eq!(
        computer.size(&first, false),
        Some(sdi_bytes.len() as u64),
        "{first}"
    );
    assert!(computer.file(r"\Boot\Fonts\wgl4_boot.ttf").is_some());
    let window = options.elements.get(&ElementId::TFTP_WINDOW_SIZE);
    let window = window.and_then(Element::as_integer);
    let window = window.map(|blocks| u16::try_from(blocks).unwrap());
    assert!(
        computer.file_in_windows(&sdi, window).as_ref() == Some(sdi_bytes),
        "{sdi}"
    );
    assert!(
        computer.file_in_windows(&wim, window).as_ref() == Some(wim_bytes),
        "{wim}"
    );
}

/// A boot.wim that is more than a few blocks long, and knows no `Windows/Boot/DVD`.
fn boot_wim() -> Option<Vec<u8>> {
    let paths = BOOT_FILES.iter().filter(|path| !path.contains("DVD"));
    let paths: Vec<&str> = paths.chain(WINLOAD).copied().collect();
    let mut files = labelled("pe", &paths);
    // Nothing that compresses to nothing.
    let noise = (0..60_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes());
    files.push(("Windows/System32/noise".to_owned(), noise.collect()));
    or_skip(wims::wim(&files, &[]))
}

fn bare() -> Option<Files> {
    let sdi = b"sdi ".repeat(2_000);
    Some(Files::from([
        ("sources/boot.wim".to_owned(), boot_wim()?),
        ("boot.sdi".to_owned(), sdi),
    ]))
}

/// A copy of install media, with the stores that Microsoft put there.
fn media() -> Option<Files> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bcd");
    let store = |name: &str| fs::read(shared.join(name));
    let (Ok(bios), Ok(uefi)) = (
        store("windows-10-22h2_boot-bcd_163271.bcd"),
        store("bootable-usb_efi-microsoft-boot-bcd_39bd85.bcd"),
    ) else {
        skip("no real stores in ../shared/bcd");
        return None;
    };
    let mut files = bare()?;
    let sdi = files.remove("boot.sdi").unwrap();
    files.extend([
        ("boot/boot.sdi".to_owned(), sdi),
        ("boot/bcd".to_owned(), bios),
        ("efi/microsoft/boot/bcd".to_owned(), uefi),
        (
            "efi/boot/bootx64.efi".to_owned(),
            b"bootx64 of the media".to_vec(),
        ),
    ]);
    Some(files)
}

/// The image under the names by which boots ask for it.
fn by_role(files: &Files) -> Files {
    let own = |path: &str| files.get(path).cloned();
    let inside = |path: &str| format!("pe Windows/Boot/{path}").into_bytes();
    let bootx64 = own("efi/boot/bootx64.efi").unwrap_or_else(|| inside("EFI/bootmgfw.efi"));
    let sdi = own("boot.sdi").or_else(|| own("boot/boot.sdi")).unwrap();
    let bootmgr = inside("PXE/bootmgr.exe");
    let known = [
        ("pxeboot.n12", inside("PXE/pxeboot.n12")),
        (r"images\x\Boot\pxeboot.n12", inside("PXE/pxeboot.n12")),
        ("bootmgr.exe", bootmgr.clone()),
        (r"images\x\Boot\bootmgr.exe", bootmgr),
        ("bootx64.efi", bootx64.clone()),
        ("images/x/EFI/Boot/bootx64.efi", bootx64),
        ("sources/boot.wim", own("sources/boot.wim").unwrap()),
        ("boot.sdi", sdi),
    ];
    known.map(|(name, bytes)| (name.to_owned(), bytes)).into()
}

fn world(files: &Files) -> World {
    let files: Vec<_> = files.iter().collect();
    // Without a menu there is a default; with one, it decides against that.
    World::new()
        .image("x", &files)
        .image("other", &[("Boot/BCD", "of another image")])
        .default_image("x")
        .client("127.0.0.8/30", "other")
}

const BIOS: &[&str] = &["pxeboot.n12", "bootmgr.exe"];
const BIOS_BY_MENU: &[&str] = &[r"images\x\Boot\pxeboot.n12", r"images\x\Boot\bootmgr.exe"];
const UEFI: &[&str] = &["bootx64.efi"];
const UEFI_BY_MENU: &[&str] = &["images/x/EFI/Boot/bootx64.efi"];

/// Two computers of either firmware at once, by the default image; then two by a menu, against
/// a rule.
fn all_boot_over_tftp(server: &Server, files: &Files) {
    let roles = &by_role(files);
    for pair in [
        [
            ([127, 0, 0, 2], Firmware::Bios, BIOS),
            ([127, 0, 0, 3], Firmware::Uefi, UEFI),
        ],
        [
            ([127, 0, 0, 9], Firmware::Bios, BIOS_BY_MENU),
            ([127, 0, 0, 10], Firmware::Uefi, UEFI_BY_MENU),
        ],
    ] {
        thread::scope(|scope| {
            for (from, firmware, programs) in pair {
                let computer = Computer::OverTftp(server.client(from));
                scope.spawn(move || boots(&computer, firmware, programs, roles));
            }
        });
    }
}

fn boots_through_every_server(files: &Files) {
    let world = world(files);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = mounted.root();
    for server in [
        servers::tftpd_hpa(root),
        servers::dnsmasq(root, &["--tftp-unique-root=ip"]),
        servers::atftpd(root),
    ] {
        let Some(server) = or_skip(server) else {
            continue;
        };
        all_boot_over_tftp(&server, files);
        all_is_well(root);
    }
    let by_path = format!("root {}/clients/$remote_addr;", root.display());
    let Some(server) = or_skip(servers::nginx(&by_path)) else {
        return;
    };
    let roles = by_role(files);
    for from in [[127, 0, 0, 4], [127, 0, 0, 10]] {
        let computer = Computer::OverHttp(&server, from.into());
        boots(&computer, Firmware::Uefi, UEFI_BY_MENU, &roles);
    }
    all_is_well(root);
}

/// No false alarm: the daemon has seen each computer get its boot image, and nothing wrong.
fn all_is_well(mountpoint: &Path) {
    let all = status(mountpoint).clients;
    // A server was asked from its own address whether it is up.
    let computers = all.into_iter();
    let clients: Vec<_> = computers
        .filter(|client| client.client.starts_with("127.0.0."))
        .collect();
    assert!(clients.len() >= 4, "{clients:#?}");
    for client in clients {
        let client = client_when(mountpoint, &client.client, |client| {
            client.state == State::Done
        });
        assert_eq!(client.diagnosis, None, "{client:#?}");
    }
}

#[test]
fn a_folder_of_a_wim_and_its_sdi_boots_through_every_server() {
    if let Some(files) = bare() {
        boots_through_every_server(&files);
    }
}

#[test]
fn install_media_boot_through_every_server() {
    if let Some(files) = media() {
        boots_through_every_server(&files);
    }
}

#[test]
fn both_pass_check_for_every_firmware() {
    for files in [bare(), media()].into_iter().flatten() {
        let files: Vec<_> = files.iter().collect();
        let world = World::new().image("x", &files);
        let mut check = program();
        check.arg("check").arg("--config").arg(world.config_file());
        let done = check.output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert_eq!(done.status.code(), Some(0), "{said}");
        for route in ["BIOS PXE", "UEFI PXE", "UEFI PXE under iPXE", "UEFI HTTP"] {
            assert!(
                said.contains(&format!("  {route}: can boot with ")),
                "{said}"
            );
        }
        assert!(
            !said.contains("wrong:") && !said.contains("FAULT"),
            "{said}"
        );
    }
}
