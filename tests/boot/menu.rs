//! The menus, with one entry for each image: the one place that says how each boot loader
//! starts a program of an image.

/// Whose menu.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Menu {
    /// `pxelinux.cfg/default`, for BIOS.
    Pxelinux,
    /// A script, for BIOS and for UEFI.
    Ipxe,
    /// `grub/grub.cfg`, for UEFI: GRUB for BIOS cannot start a network boot program.
    Grub,
}

impl Menu {
    /// Where its boot loader looks for it, from the root.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Pxelinux => "pxelinux.cfg/default",
            Self::Ipxe => "menu.ipxe",
            Self::Grub => "grub/grub.cfg",
        }
    }
}

/// The text of a menu; the entries are called as the images are.
pub(crate) fn menu(kind: Menu, images: &[&str]) -> String {
    let entries = |entry: fn(&str) -> String| images.iter().map(|image| entry(image)).collect();
    match kind {
        Menu::Pxelinux => pxelinux(entries),
        Menu::Ipxe => ipxe(entries),
        Menu::Grub => grub(entries),
    }
}

fn pxelinux(entries: impl Fn(fn(&str) -> String) -> String) -> String {
    let labels = entries(|image| {
        format!("LABEL {image}\n  MENU LABEL {image}\n  PXE images/{image}/Boot/pxeboot.n12\n")
    });
    format!("UI menu.c32\nPROMPT 0\n{labels}")
}

fn ipxe(entries: impl Fn(fn(&str) -> String) -> String) -> String {
    let items = entries(|image| format!("item {image} {image}\n"));
    format!(
        "#!ipxe\n:menu\nmenu Windows images\n{items}choose image || goto menu\n\
         iseq ${{platform}} efi && goto efi ||\n\
         chain images/${{image}}/Boot/pxeboot.n12 || goto menu\n\
         :efi\nchain images/${{image}}/bootx64.efi || goto menu\n"
    )
}

fn grub(entries: impl Fn(fn(&str) -> String) -> String) -> String {
    entries(|image| {
        format!("menuentry '{image}' {{\n  chainloader /images/{image}/bootx64.efi\n}}\n")
    })
}
