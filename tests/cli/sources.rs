//! What `check` and `resolve` say of sources that are files, and `mount` of their names.

use winbootfs::program::Firmware;

use crate::common::media;
use crate::common::skip::or_skip;
use crate::common::stores::{self, WINLOAD};
use crate::common::wims::{self, BOOT_FILES, labelled};
use crate::common::world::World;
use crate::run_in;

/// What media have in their boot.wim, with stores and loaders.
fn boot_files() -> Vec<(String, Vec<u8>)> {
    let mut files = labelled("pe", &[BOOT_FILES, WINLOAD].concat());
    for (path, bytes) in &mut files {
        match path.as_str() {
            "Windows/Boot/DVD/EFI/BCD" => *bytes = stores::bytes(Firmware::Uefi),
            "Windows/Boot/DVD/PCAT/BCD" => *bytes = stores::bytes(Firmware::Bios),
            _ => {}
        }
    }
    files
}

fn world(options: &[&str]) -> Option<World> {
    let wim = or_skip(wims::wim(&boot_files(), options))?;
    let world = World::new().layer("media/sources", &[("boot.wim", &wim)]);
    world.put("custom.wim", &wim);
    let world = world.line("[image.lone]\nsource = \"custom.wim\"");
    let world = world.line("[image.media]\nsource = \"media\"");
    world.config_file();
    Some(world)
}

#[test]
fn check_says_what_a_file_is_and_what_it_adds() {
    let Some(world) = world(&[]) else { return };
    let done = run_in(&world.path(""), &["check"]);
    let lone = "source custom.wim: a WIM, LZX, image 1 of 1: Test PE, 16 files\n";
    done.printed(&[
        lone,
        "source custom.wim (image 1): adds 13 of its files\n",
        "source media: a folder with 1 file\n",
        "source media/sources/boot.wim (image 1): a WIM, LZX, image 1 of 1: Test PE, 16 files; \
         adds 13 of its files\n",
    ]);
    for (words, times) in [
        ("BIOS PXE: can boot with \\Boot\\BCD (", 2),
        ("(image 1)/Windows/Boot/DVD/PCAT/BCD)", 2),
        ("UEFI HTTP: can boot with /EFI/Microsoft/Boot/BCD (", 2),
        ("(image 1)/Windows/Boot/DVD/EFI/BCD)", 6),
    ] {
        assert_eq!(
            done.out.matches(words).count(),
            times,
            "{words}: {}",
            done.out
        );
    }
}

#[test]
fn check_warns_of_what_windows_itself_refuses() {
    let Some(world) = world(&["--compress=LZMS"]) else {
        return;
    };
    let refused = "is LZMS-compressed; boot images are LZX or XPRESS; Windows does not boot it";
    let done = run_in(&world.path(""), &["check"]);
    for said in [
        &format!("FAULT: custom.wim {refused}"),
        &format!("remark: nothing is added from inside it: media/sources/boot.wim {refused}"),
        "--compress=LZX",
    ] {
        assert!(done.out.contains(said), "{said} is not in:\n{}", done.out);
    }
    assert_eq!(done.code, Some(1));
}

/// Nothing is copied from media that would help: no other than the newer one is wanted.
#[test]
fn check_says_what_the_newer_signature_wants() {
    let Some(world) = world(&[]) else { return };
    let old = world
        .config_text()
        .replace("media\"\n", "media\"\nsecure_boot = \"2023\"\n");
    std::fs::write(world.path("mounts.toml"), old).unwrap();
    let done = run_in(&world.path(""), &["check"]);
    let said = "secure_boot = \"2023\" wants Windows/Boot/EFI_EX in the boot.wim: take a newer \
                boot.wim, or set secure_boot = \"2011\"\n";
    // Over PXE and over HTTP; and for the one image that asks for it.
    assert_eq!(done.out.matches(said).count(), 2, "{}", done.out);
    assert_eq!(
        done.out.matches("missing: a UEFI boot program").count(),
        2,
        "{}",
        done.out
    );
    assert_eq!(done.code, Some(0));
}

#[test]
fn check_says_for_which_machine_a_wim_is() {
    let arm64 = [
        "--image-property=WINDOWS/ARCH=12",
        "--image-property=WINDOWS/VERSION/MAJOR=10",
        "--image-property=WINDOWS/VERSION/MINOR=0",
        "--image-property=WINDOWS/VERSION/BUILD=26100",
    ];
    let Some(world) = world(&arm64) else { return };
    let done = run_in(&world.path(""), &["check"]);
    done.printed(&[
        "source custom.wim: a WIM, LZX, image 1 of 1: Test PE, Windows 10.0.26100, arm64, 16 files\n",
        "UEFI PXE: can boot with \\Boot\\BCD (the image's own Windows/Boot/DVD/EFI/BCD, with",
    ]);
}

/// Judged is what Windows boots, whichever image the boot programs are of.
#[test]
fn check_looks_for_the_loader_in_the_image_that_boots() {
    let without: Vec<_> = boot_files()
        .into_iter()
        .filter(|(path, _)| !WINLOAD.contains(&path.as_str()))
        .collect();
    let Some(wim) = or_skip(wims::two_images(&without, &boot_files())) else {
        return;
    };
    for (boots, shown, code, said) in [
        (2, 1, 0, "UEFI PXE: can boot with"),
        (1, 2, 1, "winload.efi, which is not in \\sources\\boot.wim"),
    ] {
        let world = World::new();
        world.put("boot.wim", &wims::booting(wim.clone(), boots));
        let world = world.line(&format!("[image.x]\nsource = \"boot.wim:{shown}\""));
        world.config_file();
        let done = run_in(&world.path(""), &["check"]);
        let remark = format!("of image {shown}, and what boots then is image {boots}, which");
        assert!(
            done.out.contains(said) && done.out.contains(&remark),
            "{}",
            done.out
        );
        assert_eq!(done.code, Some(code), "{}", done.out);
    }
}

/// Whoever made a WIM, or gave it its name, writes no lines here.
#[test]
fn what_a_wim_says_of_itself_forges_no_line() {
    let Some(wim) = or_skip(wims::wim(&boot_files(), &[])) else {
        return;
    };
    let text =
        "<WIM><IMAGE INDEX=\"1\"><NAME>evil&#10;  FAULT: gotcha&#x202e;</NAME></IMAGE></WIM>";
    let world = World::new();
    world.put(
        "a\n  FAULT: b\u{202e}.wim",
        &wims::with_text(wim, &wims::utf16(text)),
    );
    let world = world.line("[image.x]\nsource = \"a\\n  FAULT: b\\u202e.wim\"");
    world.config_file();
    let done = run_in(&world.path(""), &["check"]);
    done.printed(&[
        "source a\\n  FAULT: b\\u{202e}.wim: a WIM, LZX, image 1 of 1: evil\\n  FAULT: \
         gotcha\\u{202e}, 16 files\n",
    ]);
    let forged = done.out.lines().any(|line| line.starts_with("  FAULT"));
    assert!(!forged && !done.out.contains('\u{202e}'), "{}", done.out);
}

/// `source = ["drivers", "custom.wim", "Win11.iso"]`
#[test]
fn resolve_names_the_layer_of_each_answer() {
    let custom = ["Windows/Boot/PXE/pxeboot.n12"];
    let (Some(custom), Some(stock)) = (
        or_skip(wims::wim(&labelled("custom", &custom), &[])),
        or_skip(wims::wim(&labelled("stock", BOOT_FILES), &[])),
    ) else {
        return;
    };
    let media = [("sources/boot.wim", &stock[..]), ("boot/bcd", b"media")];
    let media = media.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    let Some(iso) = or_skip(media::iso(&media)) else {
        return;
    };
    let world = World::new().layer("drivers", &[("NIC.inf", "drivers")]);
    world.put("custom.wim", &custom);
    world.put("Win11.iso", &iso);
    let world = world.line("[image.x]\nsource = [\"drivers\", \"custom.wim\", \"Win11.iso\"]");
    world.config_file();
    for (name, answer) in [
        ("nic.INF", "drivers/NIC.inf, "),
        ("Sources/Boot.wim", "custom.wim/sources/boot.wim, "),
        ("Boot/BCD", "Win11.iso/boot/bcd, "),
        (
            "pxeboot.n12",
            "custom.wim (image 1)/Windows/Boot/PXE/pxeboot.n12 (by an alias), ",
        ),
        (
            "bootmgr.exe",
            "Win11.iso/sources/boot.wim (image 1)/Windows/Boot/PXE/bootmgr.exe (by an alias), ",
        ),
    ] {
        let name = format!("/images/x/{name}");
        run_in(&world.path(""), &["resolve", &name]).printed(&[&format!("answer   {answer}")]);
    }
    // Its store is a placeholder: that is a fault, but not this test's.
    let said = run_in(&world.path(""), &["check"]).out;
    for words in [
        "source Win11.iso: UDF 1.02, label WINPE, 2 files\n",
        "source Win11.iso/sources/boot.wim (image 1): a WIM, LZX, image 1 of 1: Test PE, 14 \
         files; adds 13 of its files\n",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

#[test]
fn resolve_names_the_image_inside() {
    let Some(world) = world(&[]) else { return };
    for (name, answer) in [
        (
            "/images/lone/pxeboot.n12",
            "answer   custom.wim (image 1)/Windows/Boot/PXE/pxeboot.n12 (by an alias), ",
        ),
        (
            "/images/media/bootx64.efi",
            "answer   media/sources/boot.wim (image 1)/Windows/Boot/EFI/bootmgfw.efi (by an alias)",
        ),
        (
            "/images/lone/Boot/boot.wim",
            "answer   custom.wim/sources/boot.wim (by an alias), ",
        ),
    ] {
        run_in(&world.path(""), &["resolve", name]).printed(&[answer]);
    }
}

/// A disk that is not there yet, or that nobody may read, is the matter of its own image.
#[test]
fn check_looks_at_all_images_where_one_has_lost_its_source() {
    let world = World::new()
        .image("whole", &[("BCD", "x")])
        .line("[image.late]\nsource = \"late.iso:2\"");
    world.config_file();
    let done = run_in(&world.path(""), &["check"]);
    assert_eq!(done.code, Some(1));
    for said in [
        "image whole\n",
        "late.iso cannot be read: No such file or directory (os error 2); put it there: it is \
         taken up within two seconds\n",
    ] {
        assert!(done.out.contains(said), "{said} is not in:\n{}", done.out);
    }
}

/// What people have who made a boot image by hand, flat or in a folder.
#[test]
fn a_boot_image_and_its_sdi_pass_check_for_every_firmware() {
    let Some(wim) = or_skip(wims::wim(&boot_files(), &[])) else {
        return;
    };
    for (wim_name, sdi_name) in [
        ("boot.wim", "boot.sdi"),
        ("Boot/boot.wim", "Boot/boot.sdi"),
        ("winpe.wim", "boot.sdi"),
    ] {
        let world = World::new().line("[image.x]\nsource = \"x\"");
        world.put(&format!("x/{wim_name}"), &wim);
        world.put(&format!("x/{sdi_name}"), b"a disk");
        world.config_file();
        let done = run_in(&world.path(""), &["check"]);
        assert_eq!(done.code, Some(0), "{wim_name}: {}", done.out);
        assert_eq!(done.out.matches(": can boot").count(), 4, "{}", done.out);
    }
}

/// The base is beneath whatever image a client has.
#[test]
fn check_finds_what_lies_in_the_base() {
    let Some(wim) = or_skip(wims::wim(
        &labelled("pe", &[BOOT_FILES, WINLOAD].concat()),
        &[],
    )) else {
        return;
    };
    let world = World::new()
        .key("base", "base")
        .line("[image.x]\nsource = \"x\"\n[image.x.bcd]\nwim = \"tools/x.wim\"");
    world.put("base/tools/x.wim", &wim);
    world.put("x/boot.sdi", b"a disk");
    world.put("x/bootx64.efi", b"a program");
    world.config_file();
    let done = run_in(&world.path(""), &["check"]);
    assert!(!done.out.contains("no file here"), "{}", done.out);
    assert!(done.out.contains("UEFI PXE: can boot"), "{}", done.out);
}
