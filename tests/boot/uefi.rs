//! UEFI: the firmware's own PXE and HTTP boot load a program of the image.

use crate::common::servers::Missing;
use crate::programs;
use crate::site::{COMPUTERS, Files, Front, IMAGES, Plan, lines_from};
use crate::vm::Firmware;

/// One program for UEFI, as install media have it.
pub(crate) fn efi_as_on_media(image: &str) -> Result<Files, Missing> {
    Ok(vec![(
        "EFI/Boot/bootx64.efi".to_owned(),
        programs::efi(image)?,
    )])
}

fn ipxe_as_on_media(image: &str) -> Result<Files, Missing> {
    Ok(vec![(
        "EFI/Boot/bootx64.efi".to_owned(),
        programs::ipxe_efi(image)?,
    )])
}

/// The names by which a boot manager asks a web server, and a script in their place.
const STORES: [&str; 4] = [
    "http://10.77.0.1/EFI/Microsoft/Boot/BCD",
    "http://10.77.0.1/Boot/BCD",
    "http://10.77.0.1/%5CBoot%5CBCD",
    "\\boot\\bcd",
];

/// PXE: everybody gets the same name announced, which is at the root by an alias only.
#[test]
fn pxe_loads_the_program_of_the_image() {
    let plan = Plan {
        front: Front::TftpdHpa,
        announce: &["bootmgfw.efi"],
        base: Files::new(),
        programs: efi_as_on_media,
        menu: None,
    };
    let Some(site) = plan.build() else { return };
    let Some(mut vm) = site.boot(COMPUTERS[1], Firmware::UefiPxe) else {
        return;
    };
    let said = vm.wait_for("grub: done");
    assert_eq!(lines_from(&said, "grub:"), programs::efi_says(IMAGES[1]));
}

/// HTTP boot: the firmware prints the size of what it loads, and iPXE, which that is,
/// goes on over HTTP.
#[test]
fn http_boot_loads_the_program_of_the_image() {
    let script = programs::asking_script(
        &STORES,
        "/EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf",
        "/hiberfil.sys",
    );
    let plan = Plan {
        front: Front::Nginx,
        announce: &[
            "tag:http,http://10.77.0.1/EFI/Boot/bootx64.efi",
            "tag:ipxe,http://10.77.0.1/boot.ipxe",
        ],
        base: vec![("boot.ipxe".to_owned(), script.into())],
        programs: ipxe_as_on_media,
        menu: None,
    };
    let Some(site) = plan.build() else { return };
    let Some(mut vm) = site.boot(COMPUTERS[0], Firmware::UefiHttp) else {
        return;
    };
    let said = vm.wait_for("ipxe: done");
    let size = programs::ipxe_efi(IMAGES[0]).unwrap().len();
    assert!(said.contains(&format!("File Size: {size} Bytes")), "{said}");
    assert_eq!(
        programs::said_by_script(&said),
        programs::script_says(STORES.len(), IMAGES[0])
    );
}
