//! BIOS: pxelinux and iPXE, and the program they start, which asks for `\Boot\BCD`.

use crate::common::servers::Missing;
use crate::menu::Menu;
use crate::programs;
use crate::site::{COMPUTERS, ENTRIES, Files, Front, IMAGES, Plan, lines_from, with_menu};
use crate::vm::Firmware;

/// One program for BIOS, as instructions for WinPE place it.
pub(crate) fn nbp_in_boot(image: &str) -> Result<Files, Missing> {
    Ok(vec![("Boot/pxeboot.n12".to_owned(), programs::nbp(image)?)])
}

/// The names under which the store is asked for in real boots, and a few more: each
/// arrives at the server as it stands here, backslashes and all.
const STORES: [&str; 7] = [
    "\\Boot\\BCD",
    "/boot/bcd",
    "Boot\\\\BCD",
    "\\boot/Bcd",
    "tftp://10.77.0.1/\\Boot\\BCD",
    "tftp://10.77.0.1//Boot/BCD",
    "\\EFI\\Microsoft\\Boot\\BCD",
];

/// pxelinux from the base, its menu, and the entry of the computer's own image.
#[test]
fn pxelinux_starts_a_program_of_the_image() {
    let base = programs::pxelinux();
    let Some(site) = with_menu(Menu::Pxelinux, "pxelinux.0", base, nbp_in_boot) else {
        return;
    };
    let Some(mut vm) = site.boot(COMPUTERS[1], Firmware::Bios) else {
        return;
    };
    vm.choose(Menu::Pxelinux, &ENTRIES, IMAGES[1]);
    let said = vm.wait_for("nbp: done");
    assert_eq!(lines_from(&said, "nbp:"), programs::nbp_says(IMAGES[1]));
}

/// iPXE reads a script, and the script asks in every spelling.
#[test]
fn ipxe_finds_the_store_in_every_spelling() {
    let script = programs::asking_script(&STORES, programs::FONT, "\\hiberfil.sys");
    let plan = Plan {
        front: Front::TftpdHpa,
        announce: &["boot.ipxe"],
        base: vec![("boot.ipxe".to_owned(), script.into())],
        programs: |_| Ok(Files::new()),
        menu: None,
    };
    let Some(site) = plan.build() else { return };
    let Some(mut vm) = site.boot(COMPUTERS[0], Firmware::Bios) else {
        return;
    };
    let said = vm.wait_for("ipxe: done");
    assert_eq!(
        programs::said_by_script(&said),
        programs::script_says(STORES.len(), IMAGES[0])
    );
}

/// Two computers at the same time get the same names announced, and different files.
fn two_at_once(front: Front) {
    let plan = Plan {
        front,
        announce: &["Boot\\pxeboot.n12"],
        base: Files::new(),
        programs: nbp_in_boot,
        menu: None,
    };
    let Some(site) = plan.build() else { return };
    let vms = COMPUTERS.map(|computer| site.boot(computer, Firmware::Bios));
    for (vm, image) in vms.into_iter().zip(IMAGES) {
        let Some(mut vm) = vm else { return };
        let said = vm.wait_for("nbp: done");
        assert_eq!(lines_from(&said, "nbp:"), programs::nbp_says(image));
    }
    let log = site.mounted.log();
    assert!(!log.contains("refused"), "{log}");
}

#[test]
fn two_computers_at_once_behind_tftpd_hpa() {
    two_at_once(Front::TftpdHpa);
}

#[test]
fn two_computers_at_once_behind_dnsmasq() {
    two_at_once(Front::Dnsmasq);
}
