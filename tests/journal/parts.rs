//! What part of a boot a name is.

use winbootfs::journal::part::{Part, Shelf, is_needed};
use winbootfs::name::fold;
use winbootfs::program::Firmware;

const BIOS: Part = Part::Program(Some(Firmware::Bios));
const UEFI: Part = Part::Program(Some(Firmware::Uefi));
const LOADER: Part = Part::Program(None);
const EXTRA: Part = Part::Extra(None);
const UEFI_EXTRA: Part = Part::Extra(Some(Firmware::Uefi));

fn check(cases: &[(&str, Part)]) {
    for (name, part) in cases {
        let slashes = name.replace('\\', "/");
        let in_image = format!("images/win11/{slashes}");
        let spellings = [
            (*name).to_owned(),
            name.to_uppercase(),
            format!("//{slashes}"),
            slashes.replace('/', "\\"),
            format!("{name}\u{1}x"),
            in_image,
        ];
        for spelled in spellings {
            assert_eq!(Part::of(spelled.as_bytes()), *part, "{spelled}");
        }
    }
}

#[test]
fn programs_are_told_by_their_names() {
    check(&[
        (r"\Boot\x86\pxeboot.n12", BIOS),
        ("pxeboot.com", BIOS),
        ("startrom.0", BIOS),
        (r"boot\x64\wdsnbp.com", BIOS),
        ("pxelinux.0", BIOS),
        ("boot/grub/i386-pc/core.0", BIOS),
        ("boot/grub/x86_64-efi/core.efi", UEFI),
        ("EFI/Boot/bootx64.efi", UEFI),
        ("ddt/x64/wdsmgfw.efi", UEFI),
        ("snponly.efi", UEFI),
        ("undionly.kpxe", LOADER),
        ("lpxelinux.bin", LOADER),
        ("ipxe.px", LOADER),
        ("wimboot", LOADER),
        ("memdisk", LOADER),
        ("bootmgr.exe", Part::Manager),
        ("Boot/bootmgr.exe", Part::Manager),
        ("bootmgr", Part::Manager),
    ]);
}

#[test]
fn stores_are_told_by_their_names_and_where_they_are() {
    check(&[
        (r"\Boot\BCD", Part::Store(Shelf::Boot)),
        ("boot/bcd", Part::Store(Shelf::Boot)),
        (r"\BCD", Part::Store(Shelf::Root)),
        ("/EFI/Microsoft/Boot/BCD", Part::Store(Shelf::Efi)),
        ("/EFI/Microsoft/Recovery/BCD", Part::Store(Shelf::Beside)),
        ("/x/y/BCD", Part::Store(Shelf::Beside)),
        (r"\/Tmp/x.bcd", Part::Store(Shelf::Named)),
        (
            r"\SMSTemp\2022.{5391141E}.boot.bcd",
            Part::Store(Shelf::Named),
        ),
    ]);
}

#[test]
fn the_rest_is_told_by_endings() {
    check(&[
        (r"\boot\boot.sdi", Part::Sdi),
        (r"\SMSImages\RR200004\boot.RR200004.wim", Part::Image),
        ("win-pe-x64.iso", Part::Image),
        (r"\EFI\Microsoft\Boot\SkuSiPolicy.p7b", UEFI_EXTRA),
        (r"\EFI\Microsoft\Boot\boot.stl", UEFI_EXTRA),
        ("/efi/boot/en-us/bootx64.efi.mui", UEFI_EXTRA),
        (r"\EFI\Microsoft\Boot\resources\bootres.dll", UEFI_EXTRA),
        ("EFI/Microsoft/Boot/Fonts", UEFI_EXTRA),
        (r"\Boot\Fonts\wgl4_boot.ttf", EXTRA),
        ("Boot/Fonts", EXTRA),
        (r"\Boot\en-us\bootmgr.exe.mui", EXTRA),
        (r"\hiberfil.sys", EXTRA),
        (r"\boot.ini", EXTRA),
        ("pxelinux.cfg/default", Part::Menu),
        ("pxelinux.cfg/0a000001", Part::Menu),
        ("grub/x86_64-efi/normal.mod", Part::Menu),
        ("ipxe.cfg", Part::Menu),
        ("autoexec.ipxe", Part::Menu),
        ("revocations.efi", Part::Menu),
        ("boot", Part::Folder),
        ("efi/microsoft", Part::Folder),
        ("vmlinuz", Part::Other),
        (r"\SMSTemp\x.boot.var", Part::Other),
    ]);
    for root in ["", "/", r"\\", "images/win11", "images", "../x"] {
        assert_eq!(Part::of(root.as_bytes()), Part::Folder, "{root:?}");
    }
}

/// The kernel must not remember for long that one of these is missing.
#[test]
fn what_boots_need_is_no_more_and_no_less() {
    for name in [
        "BCD",
        "x.bcd",
        "boot.sdi",
        "a.wim",
        "bootmgr.exe",
        "pxeboot.n12",
        "a.efi",
    ] {
        assert!(is_needed(&fold(name.as_bytes())), "{name}");
    }
    for name in [
        "a.p7b",
        "fonts",
        "hiberfil.sys",
        "boot",
        "default",
        "bootx64.efi.mui",
        "",
    ] {
        assert!(!is_needed(&fold(name.as_bytes())), "{name}");
    }
}
