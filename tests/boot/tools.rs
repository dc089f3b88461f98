//! QEMU, firmware and boot programs: where `tests/run` has unpacked them, or else where
//! their packages have put them.
//!
//! They are unpacked and not installed because a machine may well have another version of
//! QEMU's tools, which would have to go.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::servers::{self, Missing};

/// A file of a package, by its path in it.
pub(crate) fn file(path: &str, package: &str) -> Result<PathBuf, Missing> {
    [unpacked(), PathBuf::from("/")]
        .map(|root| root.join(path))
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Missing(format!(
                "no /{path} here: run tests/run, or apt-get install {package}"
            ))
        })
}

/// The emulator, with the folders in which it looks for its firmware.
pub(crate) fn qemu() -> Result<(PathBuf, Vec<PathBuf>), Missing> {
    let program = file("usr/bin/qemu-system-x86_64", "qemu-system-x86")?;
    let folders = ["qemu", "seabios"].map(|name| unpacked().join("usr/share").join(name));
    let roms = unpacked().join("usr/lib/ipxe/qemu");
    let there = folders
        .into_iter()
        .chain([roms])
        .filter(|folder| folder.is_dir());
    Ok((program, there.collect()))
}

/// `grub-mkimage`, and its modules for UEFI.
pub(crate) fn grub() -> Result<(Command, PathBuf), Missing> {
    let program = file("usr/bin/grub-mkimage", "grub-common")?;
    let module = file("usr/lib/grub/x86_64-efi/efinet.mod", "grub-efi-amd64-bin")?;
    let mut command = Command::new(program);
    with_libraries(&mut command);
    Ok((command, module.parent().unwrap().to_owned()))
}

/// A program of the machine's own, from binutils.
pub(crate) fn binutils(program: &str) -> Result<PathBuf, Missing> {
    servers::find(program, "binutils")
}

/// Lets an unpacked program find the libraries that were unpacked beside it.
pub(crate) fn with_libraries(command: &mut Command) {
    let folders = ["lib", "usr/lib"].map(|folder| unpacked().join(folder).join("x86_64-linux-gnu"));
    let there = folders.iter().filter(|folder| folder.is_dir());
    command.env("LD_LIBRARY_PATH", env::join_paths(there).unwrap());
}

fn unpacked() -> PathBuf {
    let tools = env::var_os("WINBOOTFS_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools"),
        PathBuf::from,
    );
    tools.join("boot")
}
