//! A WIM or an ISO as a source, through the kernel: served in place, replaced, damaged, repaired.

use std::fs::File;
use std::io::Read;

use crate::common::media;
use crate::common::mounted::{Mounted, PATIENCE};
use crate::common::skip::or_skip;
use crate::common::wait;
use crate::common::wims::{self, BOOT_FILES, labelled};
use crate::common::world::World;

/// An image `pe` of a lone WIM, and one that has nothing to do with it.
fn world(wim: &[u8]) -> World {
    let world = World::new().image("other", &[("BCD", "other")]);
    world.put("pe.wim", wim);
    world.line("[image.pe]\nsource = \"pe.wim\"")
}

fn wim(label: &str) -> Option<Vec<u8>> {
    or_skip(wims::wim(&labelled(label, BOOT_FILES), &[]))
}

/// Waits until a name that the kernel believes in is this, or an error.
fn becomes(mounted: &Mounted, name: &str, expected: Option<&[u8]>) {
    wait::until(&format!("{name} to change"), PATIENCE, || {
        let found = mounted.read(name.as_bytes()).ok();
        (found.as_deref() == expected).then_some(())
    });
}

#[test]
fn a_wim_is_replaced_damaged_and_repaired_under_the_mount() {
    let (Some(old), Some(new)) = (wim("old"), wim("new")) else {
        return;
    };
    let world = world(&old);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let (manager, itself) = ("images/pe/Boot\\BOOTMGR.exe", "images/pe/boot/Boot.wim");
    becomes(&mounted, manager, Some(b"old Windows/Boot/PXE/bootmgr.exe"));
    becomes(&mounted, itself, Some(&old));
    // Under way: begun in the old one, and to be finished in it.
    let mut reading = File::open(mounted.path(itself.as_bytes())).unwrap();
    let mut begun = vec![0; 100];
    reading.read_exact(&mut begun).unwrap();
    world.put("pe.wim", &new);
    becomes(&mounted, manager, Some(b"new Windows/Boot/PXE/bootmgr.exe"));
    becomes(&mounted, itself, Some(&new));
    reading.read_to_end(&mut begun).unwrap();
    assert!(begun == old, "a transfer under way got other bytes");
    world.put("pe.wim", &new[..new.len() - 7]);
    becomes(&mounted, manager, None);
    becomes(&mounted, itself, None);
    mounted.wait_for_log("pe.wim is damaged at byte");
    mounted.wait_for_log("put a good copy in its place");
    becomes(&mounted, "images/other/BCD", Some(b"other"));
    world.put("pe.wim", &old);
    becomes(&mounted, manager, Some(b"old Windows/Boot/PXE/bootmgr.exe"));
    becomes(&mounted, itself, Some(&old));
}

/// An ISO with a file that is larger than what the kernel asks for ahead.
fn iso(label: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let number = |number: u32| format!("{label} {number:07}\n").into_bytes();
    let large: Vec<u8> = (0..300_000).flat_map(number).collect();
    let files = [("bootmgr", label.as_bytes()), ("install.wim", &large)];
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    Some((or_skip(media::iso(&files))?, large))
}

#[test]
fn an_iso_is_replaced_cut_and_repaired_under_transfers() {
    let (Some((old, old_file)), Some((new, new_file))) = (iso("old"), iso("new")) else {
        return;
    };
    let world = World::new().image("other", &[("BCD", "other")]);
    world.put("x.iso", &old);
    let world = world.line("[image.x]\nsource = \"x.iso\"");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let (note, large) = ("images/x/BootMgr", "images/x\\INSTALL.WIM");
    let begin = || {
        let mut reading = File::open(mounted.path(b"images/x/install.wim")).unwrap();
        let mut begun = vec![0; 100];
        reading.read_exact(&mut begun).unwrap();
        (reading, begun)
    };
    becomes(&mounted, note, Some(b"old"));
    let (mut reading, mut begun) = begin();
    world.put("x.iso", &new);
    becomes(&mounted, note, Some(b"new"));
    reading.read_to_end(&mut begun).unwrap();
    assert!(begun == old_file, "a transfer under way got other bytes");
    let (mut reading, mut begun) = begin();
    let file = File::options().write(true).open(world.path("x.iso"));
    file.unwrap().set_len(new.len() as u64 - 2_000_000).unwrap();
    reading.read_to_end(&mut begun).unwrap_err();
    assert!(new_file.starts_with(&begun), "it got other bytes");
    becomes(&mounted, note, None);
    mounted.wait_for_log("x.iso: truncated: it ends at byte");
    mounted.wait_for_log("copy the image again");
    becomes(&mounted, "images/other/BCD", Some(b"other"));
    world.put("x.iso", &old);
    becomes(&mounted, note, Some(b"old"));
    becomes(&mounted, large, Some(&old_file));
    mounted.wait_for_log("x.iso is read anew: UDF 1.02, label WINPE, 2 files");
}

/// The daemon starts, and serves the others.
#[test]
fn a_wim_that_is_bad_from_the_start_takes_nothing_else_down() {
    let Some(good) = wim("good") else { return };
    let world = world(&good[..good.len() / 2]);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    becomes(&mounted, "images/other/BCD", Some(b"other"));
    assert!(mounted.read(b"images/pe/bootmgr.exe").is_err());
    mounted.wait_for_log("pe.wim is damaged at byte");
    world.put("pe.wim", &good);
    becomes(
        &mounted,
        "images/pe/bootmgr.exe",
        Some(b"good Windows/Boot/PXE/bootmgr.exe"),
    );
}

/// Bytes that are damaged inside give an error, and the log says which file it was.
#[test]
fn a_damaged_file_inside_is_named() {
    let text: Vec<u8> = (0..60_000_u32)
        .flat_map(|word| (word / 7).to_le_bytes())
        .collect();
    let files = [("Windows/Boot/PXE/bootmgr.exe", text)];
    let Some(mut wim) = or_skip(wims::wim(&files, &[])) else {
        return;
    };
    let at = 208 + 40;
    wim[at..at + 200].fill(0xFF);
    let world = world(&wim);
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    assert!(mounted.read(b"images/pe/bootmgr.exe").is_err());
    mounted.wait_for_log("pe.wim (image 1)/Windows/Boot/PXE/bootmgr.exe is damaged");
}

/// The largest file of all: no byte of it goes through the daemon, where the kernel can.
#[test]
fn the_kernel_reads_a_lone_wim_itself() {
    let Some(wim) = wim("pe") else { return };
    let Some(mounted) = Mounted::new(&world(&wim)) else {
        return;
    };
    for name in [
        "images/pe/sources/boot.wim",
        "images/pe/Boot/boot.wim",
        "images/pe/pe.wim",
    ] {
        becomes(&mounted, name, Some(&wim));
    }
    if mounted.log().contains("read through the daemon") {
        crate::common::skip::skip("passthrough is not to be had here");
        return;
    }
    assert_eq!(mounted.counter("bytes"), 0);
}
