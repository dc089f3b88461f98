//! What a computer boots from a menu is what it gets from then on: one menu for all, the
//! same `\Boot\BCD` in every boot program, and at the next boot another choice.
//!
//! The computer here has a rule that says `ash`. It chooses `birch` first, against the
//! rule, then `ash`.

use crate::bios::nbp_in_boot;
use crate::menu::Menu;
use crate::programs::{self, store};
use crate::site::{COMPUTERS, ENTRIES, Files, IMAGES, Site, lines_from, with_menu};
use crate::uefi::efi_as_on_media;
use crate::vm::{Firmware, Vm};

/// Boots twice, with another choice each time, and looks at what came of it.
fn choose_twice(site: &Site, menu: Menu, firmware: Firmware, check: impl Fn(&mut Vm, &str)) {
    for chosen in [IMAGES[1], IMAGES[0]] {
        let Some(mut vm) = site.boot(COMPUTERS[0], firmware) else {
            return;
        };
        vm.choose(menu, &ENTRIES, chosen);
        check(&mut vm, chosen);
    }
}

fn nbp_got_all_from(vm: &mut Vm, image: &str) {
    let said = vm.wait_for("nbp: done");
    assert_eq!(lines_from(&said, "nbp:"), programs::nbp_says(image));
}

fn efi_got_all_from(vm: &mut Vm, image: &str) {
    let said = vm.wait_for("grub: done");
    assert_eq!(lines_from(&said, "grub:"), programs::efi_says(image));
}

#[test]
fn pxelinux_chooses() {
    let base = programs::pxelinux();
    let Some(site) = with_menu(Menu::Pxelinux, "pxelinux.0", base, nbp_in_boot) else {
        return;
    };
    choose_twice(&site, Menu::Pxelinux, Firmware::Bios, nbp_got_all_from);
}

#[test]
fn ipxe_for_bios_chooses() {
    let base = Ok(Files::new());
    let Some(site) = with_menu(Menu::Ipxe, "menu.ipxe", base, nbp_in_boot) else {
        return;
    };
    choose_twice(&site, Menu::Ipxe, Firmware::Bios, nbp_got_all_from);
}

#[test]
fn ipxe_for_uefi_chooses() {
    let base = Ok(Files::new());
    let Some(site) = with_menu(Menu::Ipxe, "menu.ipxe", base, efi_as_on_media) else {
        return;
    };
    choose_twice(&site, Menu::Ipxe, Firmware::UefiWithIpxe, efi_got_all_from);
}

/// A program that GRUB 2.06 starts finds no network: another GRUB has no server, iPXE no
/// card. That it was started shows on the serial line; what the computer would then get
/// is asked of the mount.
#[test]
fn grub_for_uefi_chooses() {
    let menu_program = programs::grub_with_menu();
    let base = menu_program.map(|program| vec![("grubx64.efi".to_owned(), program)]);
    let Some(site) = with_menu(Menu::Grub, "grubx64.efi", base, efi_as_on_media) else {
        return;
    };
    let name = format!("clients/{}/Boot/BCD", COMPUTERS[0].address());
    choose_twice(&site, Menu::Grub, Firmware::UefiPxe, |vm, image| {
        vm.wait_for(&format!("grub: started from {image}"));
        let got = site.mounted.read(name.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), store(image));
    });
}
