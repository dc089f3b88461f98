//! Menus and loaders before Windows: pxelinux, iPXE, GRUB, shim, wimboot, memdisk.

use winbootfs::program::Firmware;

use crate::player::{Player, word};

/// What happens, and how far the boot is then.
fn check(cases: &[(&str, &str)]) {
    for (plays, wanted) in cases {
        let mut player = Player::new();
        player.plays(plays);
        assert_eq!(word(player.boot().progress.stage), *wanted, "{plays}");
        assert_eq!(player.stages().len(), 1, "{plays}");
    }
}

#[test]
fn wimboot_asks_for_each_file_once_in_whatever_order() {
    check(&[
        ("+wimboot +/bootmgr +/BCD +/boot.sdi +/boot.wim", "done"),
        ("+wimboot +/bootmgr +/BCD +/boot.wim", "done"),
        ("+wimboot +/bootx64.efi", "program"),
        ("+wimboot +/bootx64.efi +/BCD +/boot.wim", "done"),
        ("+wimboot.x86_64.efi +/bootx64.efi +/BCD +/boot.wim", "done"),
        ("+wimboot +/boot.wim", "done"),
        (
            "+ipxe.efi +/menu.ipxe +/wimboot +/b/BCD </boot.wim",
            "image",
        ),
        (
            "+undionly.kpxe +/wimboot +/Boot/BCD +/boot/boot.sdi +/sources/boot.wim",
            "done",
        ),
        (
            "+grubx64.efi +/grub/grub.cfg +/wimboot +/boot/bcd +/boot.wim",
            "done",
        ),
    ]);
}

#[test]
fn a_boot_manager_behind_a_loader_asks_for_sizes_again() {
    check(&[
        (
            r"+undionly.kpxe +/boot.ipxe +pxeboot.n12 +bootmgr.exe +\Boot\BCD +\b.wim",
            "store",
        ),
        (
            r"+ipxe.efi +/boot.ipxe +bootmgfw.efi +\BCD +\b.wim +\b.sdi",
            "sdi",
        ),
        // Even where its program came as no program.
        (
            r"+ipxe +winpe +\BCD -\EFI\Microsoft\Boot\SiPolicy.p7b +\b.wim",
            "store",
        ),
        // With a store of a name that tells nothing.
        (
            r"+a.efi +\Tmp\store -\EFI\Microsoft\Boot\SiPolicy.p7b +\b.wim",
            "manager",
        ),
        (
            r"+pxeboot.n12 +bootmgr.exe +\Tmp\store +\b.wim +\b.sdi",
            "sdi",
        ),
    ]);
}

#[test]
fn what_a_menu_starts_is_asked_for_once() {
    check(&[
        ("+memdisk +x.iso", "done"),
        (
            "+pxelinux.0 +pxelinux.cfg/default +vmlinuz <initrd.img",
            "image",
        ),
        (
            "+pxelinux.0 +pxelinux.cfg/default +vmlinuz +initrd.img",
            "done",
        ),
        ("+grubx64.efi +x.iso", "done"),
        // UEFI boots a disk image over HTTP by itself.
        ("+/x.iso </x.iso", "image"),
        ("+/x.iso +/x.iso", "done"),
    ]);
}

#[test]
fn names_that_menus_and_loaders_ask_for_in_vain_are_no_alarm() {
    for plays in [
        "+pxelinux.0 -ldlinux.c32 -pxelinux.cfg/01-aa-bb-cc-dd-ee-ff -pxelinux.cfg/0A000001 \
         -pxelinux.cfg/0A00000 -pxelinux.cfg/0A0000 +pxelinux.cfg/default",
        "+shimx64.efi -revocations.efi -revocations_sbat.efi -shim_certificate_0.efi +grubx64.efi \
         -/grub/x86_64-efi/command.lst -/grub/fonts/unicode.pf2 -/grub/fonts +/grub/grub.cfg",
        "+snponly.efi -autoexec.ipxe +boot.ipxe -logo.png",
    ] {
        let mut player = Player::new();
        player.plays(plays);
        let progress = player.boot().progress;
        assert_eq!(progress.lost, None, "{plays}");
        assert_eq!(word(progress.stage), "program", "{plays}");
    }
}

/// By programs and policies; a menu gives the files of one kind to the other.
#[test]
fn the_firmware_is_told_by_what_it_asks_for_itself() {
    let cases = [
        ("+pxeboot.n12", Some(Firmware::Bios)),
        ("+bootmgr.exe", Some(Firmware::Bios)),
        ("+bootx64.efi", Some(Firmware::Uefi)),
        ("-wdsmgfw.efi", Some(Firmware::Uefi)),
        (r"+\Boot\BCD", None),
        (r"+\Boot\BCD -\Boot\Fonts\wgl4_boot.ttf", None),
        (
            r"+\Boot\BCD -\EFI\Microsoft\Boot\SiPolicy.p7b",
            Some(Firmware::Uefi),
        ),
        (
            r"+\Boot\BCD -\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf",
            Some(Firmware::Uefi),
        ),
        (r"+undionly.kpxe +pxeboot.0", Some(Firmware::Bios)),
        (
            "+ipxe.efi +/wimboot +/bootmgr.exe +/BCD",
            Some(Firmware::Uefi),
        ),
        (
            "+pxelinux.0 +/wimboot +/BCD +/EFI/Microsoft/Boot/BCD",
            Some(Firmware::Bios),
        ),
        ("+wimboot +/bootmgr.exe", None),
    ];
    for (plays, wanted) in cases {
        let mut player = Player::new();
        player.plays(plays);
        assert_eq!(player.boot().progress.firmware, wanted, "{plays}");
    }
}
