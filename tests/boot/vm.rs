//! One computer: its firmware, its cable, and its serial line, which is all that a test
//! sees of it.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::network::Network;
use crate::common::servers::{self, Missing};
use crate::common::wait;
use crate::menu::Menu;
use crate::tools;

/// How long a computer may take to say what is waited for. On a quiet machine UEFI needs
/// ten seconds; with thirty others in line for two processors it needed more than sixty.
const PATIENCE: Duration = Duration::from_secs(150);

/// The keys that menus know; `DOWN` as a terminal sends it.
const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";

/// What a computer starts with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Firmware {
    /// SeaBIOS, whose network card has iPXE as its ROM.
    Bios,
    /// OVMF, whose network card has iPXE as its ROM.
    UefiWithIpxe,
    /// OVMF and its own PXE.
    UefiPxe,
    /// OVMF and its own HTTP boot.
    UefiHttp,
}

/// One of the two computers of a site: its cable, and the end of its addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Computer {
    pub(crate) cable: usize,
    pub(crate) number: u8,
}

impl Computer {
    pub(crate) fn hardware_address(self) -> String {
        format!("52:54:00:00:00:{:02x}", self.number)
    }

    pub(crate) fn address(self) -> String {
        format!("10.77.0.{}", self.number)
    }
}

/// A computer that is switched on; it goes off with this value.
#[derive(Debug)]
pub(crate) struct Vm {
    child: Child,
    serial: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl Vm {
    /// Switches a computer on.
    pub(crate) fn boot(
        network: &Network,
        computer: Computer,
        firmware: Firmware,
    ) -> Result<Self, Missing> {
        let (qemu, folders) = tools::qemu()?;
        let folder = tempfile::tempdir().unwrap();
        let mut command = network.command(&qemu);
        tools::with_libraries(&mut command);
        for folder in folders {
            command.arg("-L").arg(folder);
        }
        command.args(["-accel", "tcg", "-display", "none", "-nodefaults"]);
        command.args(["-monitor", "none", "-serial", "stdio"]);
        plug_in(&mut command, computer, firmware);
        start_with(&mut command, firmware, folder.path())?;
        Ok(Self::switch_on(command, folder))
    }

    fn switch_on(mut command: Command, folder: TempDir) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        piped.stderr(Stdio::piped());
        let mut child = servers::spawn(command).unwrap();
        let serial: Arc<Mutex<Vec<u8>>> = Arc::default();
        let readers = vec![
            listen(child.stdout.take().unwrap(), serial.clone()),
            listen(child.stderr.take().unwrap(), serial.clone()),
        ];
        Self {
            child,
            serial,
            readers,
            _folder: folder,
        }
    }

    /// Everything that came over the serial line, without what moves a cursor.
    pub(crate) fn said(&self) -> String {
        plain(&String::from_utf8_lossy(&self.serial.lock().unwrap()))
    }

    /// Waits until the computer has said something, and gives all it has said.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        wait::until(&format!("the computer to say {text:?}"), PATIENCE, || {
            let gone = self.child.try_wait().unwrap();
            assert!(gone.is_none(), "QEMU ended: {gone:?}");
            Some(self.said()).filter(|said| said.contains(text))
        })
    }

    /// Chooses from a menu of these entries, which stands at the first: down, and enter.
    pub(crate) fn choose(&mut self, menu: Menu, entries: &[&str], chosen: &str) {
        self.wait_for(menu.ready(entries));
        let place = entries.iter().position(|entry| *entry == chosen).unwrap();
        for entry in &entries[1..=place] {
            match menu.at(entry) {
                Some(shown) => self.press(DOWN, |said, _| said.contains(&shown)),
                None => self.type_in(DOWN),
            }
        }
        self.press(ENTER, |said, before| said.len() > before);
    }

    /// Presses a key until it shows, of all that was said and how much that was before: keys
    /// that come while a menu draws may be lost.
    fn press(&mut self, key: &str, shows: impl Fn(&str, usize) -> bool) {
        let before = self.said().len();
        let mut pressed: Option<Instant> = None;
        wait::until("the menu to do what the key says", PATIENCE, || {
            if pressed.is_none_or(|pressed| pressed.elapsed() > Duration::from_secs(5)) {
                self.type_in(key);
                pressed = Some(Instant::now());
            }
            shows(&self.said(), before).then_some(())
        });
    }

    fn type_in(&mut self, keys: &str) {
        let line = self.child.stdin.as_mut().unwrap();
        line.write_all(keys.as_bytes()).unwrap();
        line.flush().unwrap();
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        if thread::panicking() {
            eprintln!("--- the computer said\n{}\n---", self.said());
        }
    }
}

fn plug_in(command: &mut Command, computer: Computer, firmware: Firmware) {
    let rom = match firmware {
        Firmware::Bios | Firmware::UefiWithIpxe => "",
        // No ROM at all, so that the firmware's own driver has the card.
        Firmware::UefiPxe | Firmware::UefiHttp => ",romfile=",
    };
    let (cable, hardware) = (computer.cable, computer.hardware_address());
    let backend = format!("tap,id=lan,ifname=tap{cable},script=no,downscript=no");
    let card = format!("virtio-net-pci,netdev=lan,mac={hardware}{rom}");
    command.args(["-netdev", &backend, "-device", &card]);
}

fn start_with(command: &mut Command, firmware: Firmware, folder: &Path) -> Result<(), Missing> {
    if matches!(firmware, Firmware::Bios) {
        // Without graphics SeaBIOS shows its console, and so iPXE's, on the serial line.
        command.args(["-m", "128", "-boot", "n", "-machine", "graphics=off"]);
        return Ok(());
    }
    let code = tools::file("usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf")?;
    let variables = folder.join("variables");
    fs::copy(
        tools::file("usr/share/OVMF/OVMF_VARS_4M.fd", "ovmf")?,
        &variables,
    )
    .unwrap();
    command.args(["-m", "256"]);
    for (options, file) in [(",readonly=on", code), ("", variables)] {
        let drive = format!("if=pflash,format=raw{options},file={}", file.display());
        command.args(["-drive", &drive]);
    }
    // Else every answer that is missing over IPv6 costs half a minute.
    refuse(command, "IPv6Support");
    if matches!(firmware, Firmware::UefiHttp) {
        refuse(command, "IPv4PXESupport");
    }
    Ok(())
}

fn refuse(command: &mut Command, feature: &str) {
    let setting = format!("name=opt/org.tianocore/{feature},string=no");
    command.args(["-fw_cfg", &setting]);
}

fn listen(mut from: impl Read + Send + 'static, to: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            to.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
    })
}

/// Text without carriage returns and without the terminal's orders, `ESC [ ... letter`.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| {
        let end = piece.find(|letter: char| letter.is_ascii_alphabetic());
        end.map_or("", |end| &piece[end + 1..])
    });
    rest.fold(first, |all, piece| all + piece).replace('\r', "")
}
