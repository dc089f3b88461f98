//! Boot programs that say which image they are from, made for one image each.
//!
//! Every image's `\Boot\BCD` is a script for iPXE, so that iPXE can show by running it
//! which one it got; for the others it is text.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::servers::Missing;
use crate::site::lines_from;
use crate::tools;

/// What every one of the programs asks for, and what must come of it.
pub(crate) const FONT: &str = "\\boot\\fonts\\wgl4_boot.ttf";

/// The store of an image.
pub(crate) fn store(image: &str) -> String {
    format!("#!ipxe\necho store of {image}\n")
}

/// A font of an image.
pub(crate) fn font(image: &str) -> String {
    format!("font of {image}")
}

/// A boot program for BIOS; see `nbp.S`.
pub(crate) fn nbp(image: &str) -> Result<Vec<u8>, Missing> {
    let (assembler, linker) = (tools::binutils("as")?, tools::binutils("ld")?);
    let folder = tempfile::tempdir().unwrap();
    let (object, program) = (folder.path().join("nbp.o"), folder.path().join("nbp.0"));
    let source = format!("{}image: .asciz {image:?}\n", include_str!("nbp.S"));
    let mut command = Command::new(assembler);
    feed(command.args(["--32", "-o"]).arg(&object), &source);
    let mut command = Command::new(linker);
    command.args(["-m", "elf_i386", "-Ttext=0x7c00", "--oformat", "binary"]);
    feed(command.arg("-o").arg(&program).arg(&object), "");
    Ok(fs::read(program).unwrap())
}

/// What `nbp` prints when everything it asks for comes from one image.
pub(crate) fn nbp_says(image: &str) -> Vec<String> {
    vec![
        format!("nbp: started from {image}"),
        format!("\\Boot\\BCD is #!ipxe echo store of {image}"),
        format!("{FONT} is {}", font(image)),
        "\\hiberfil.sys is absent".to_owned(),
        "nbp: done".to_owned(),
    ]
}

/// GRUB for UEFI, as a program that prints what it gets by TFTP under the names that
/// Windows' programs use.
pub(crate) fn efi(image: &str) -> Result<Vec<u8>, Missing> {
    let ask = |name: &&str| format!("echo '{name}'\ncat '(tftp){name}'\n");
    let asked: String = EFI_NAMES.iter().map(ask).collect();
    grub(&format!(
        "{SERIAL}echo 'grub: started from {image}'\n{asked}echo 'grub: done'\n"
    ))
}

/// The store in three spellings, a font, and a file that no image has.
const EFI_NAMES: [&str; 5] = [
    "/Boot/BCD",
    "\\Boot\\BCD",
    "/EFI\\microsoft/boot\\bcd",
    FONT,
    "\\hiberfil.sys",
];

/// What `efi` prints when everything it asks for comes from one image.
pub(crate) fn efi_says(image: &str) -> Vec<String> {
    let (store, font) = (store(image), format!("{}\n", font(image)));
    let absent = "error: File not found.\n".to_owned();
    let answers = [&store, &store, &store, &font, &absent];
    let answered: String = EFI_NAMES
        .iter()
        .zip(answers)
        .map(|(name, answer)| format!("{name}\n{answer}"))
        .collect();
    let all = format!("grub: started from {image}\n{answered}grub: done");
    all.lines().map(str::to_owned).collect()
}

/// GRUB for UEFI, as a program that shows the menu `grub/grub.cfg`.
pub(crate) fn grub_with_menu() -> Result<Vec<u8>, Missing> {
    grub(&format!("{SERIAL}configfile (tftp)/grub/grub.cfg\n"))
}

const SERIAL: &str = "serial --unit=0 --speed=115200\n\
    terminal_input serial\nterminal_output serial\n";

const MODULES: [&str; 10] = [
    "efinet",
    "tftp",
    "echo",
    "cat",
    "serial",
    "terminal",
    "normal",
    "configfile",
    "chain",
    "test",
];

fn grub(config: &str) -> Result<Vec<u8>, Missing> {
    let (mut command, modules) = tools::grub()?;
    let folder = tempfile::tempdir().unwrap();
    let (config_file, program) = (folder.path().join("grub.cfg"), folder.path().join("efi"));
    fs::write(&config_file, config).unwrap();
    command
        .args(["-O", "x86_64-efi", "-p", "(tftp)/grub", "-d"])
        .arg(modules);
    command
        .arg("-c")
        .arg(config_file)
        .arg("-o")
        .arg(&program)
        .args(MODULES);
    feed(&mut command, "");
    Ok(fs::read(program).unwrap())
}

/// iPXE for UEFI, with the image's name behind its last section, where nobody loads it:
/// the size that firmware prints tells whose it is.
pub(crate) fn ipxe_efi(image: &str) -> Result<Vec<u8>, Missing> {
    let mut bytes = fs::read(tools::file("usr/lib/ipxe/snponly.efi", "ipxe")?).unwrap();
    bytes.extend_from_slice(image.as_bytes());
    Ok(bytes)
}

/// A script that asks for the store and prints, by running them, which ones it got.
pub(crate) fn asking_script(stores: &[&str], font: &str, absent: &str) -> String {
    let ask = |store: &&str| format!("chain --autofree {store} || echo no store at {store}\n");
    let stores: String = stores.iter().map(ask).collect();
    format!(
        "#!ipxe\necho ipxe: started\n{stores}\
         imgfetch --name font {font} && imgstat || echo no font\n\
         imgfetch {absent} && echo absent is there || echo absent is absent\n\
         echo ipxe: done\n"
    )
}

/// What that script prints, `stores` times, when all comes from one image.
pub(crate) fn script_says(stores: usize, image: &str) -> Vec<String> {
    let mut says = vec![format!("store of {image}"); stores];
    says.push(format!("font : {} bytes", font(image).len()));
    says.push("absent is absent".to_owned());
    says
}

/// What of a transcript that script has said, and not iPXE about its progress.
pub(crate) fn said_by_script(said: &str) -> Vec<String> {
    let words = ["store of ", "no store ", "font : ", "no font", "absent is "];
    let said = lines_from(said, "ipxe: started").into_iter();
    said.filter(|line| words.iter().any(|word| line.starts_with(word)))
        .map(|line| line.split(" [").next().unwrap_or_default().to_owned())
        .collect()
}

/// pxelinux, its menu, and what they load.
pub(crate) fn pxelinux() -> Result<Vec<(String, Vec<u8>)>, Missing> {
    let program = tools::file("usr/lib/PXELINUX/pxelinux.0", "pxelinux")?;
    let module = |name: &str| {
        tools::file(
            &format!("usr/lib/syslinux/modules/bios/{name}"),
            "syslinux-common",
        )
    };
    let modules = ["ldlinux.c32", "menu.c32", "libutil.c32"].map(module);
    let files = [Ok(program)].into_iter().chain(modules);
    files.map(|file| file.map(|file| named(&file))).collect()
}

fn named(file: &Path) -> (String, Vec<u8>) {
    let name = file.file_name().unwrap().to_str().unwrap();
    (name.to_owned(), fs::read(file).unwrap())
}

/// Runs a command to its end with a text as its input.
fn feed(command: &mut Command, input: &str) {
    let mut running = command.stdin(Stdio::piped()).spawn().unwrap();
    running
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let status = running.wait().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
