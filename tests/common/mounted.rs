//! The real program with a real mount, gone again at the end of the test.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::skip;
use super::wait;
use super::world::World;

/// How long a daemon may take to come up, or to do what it was told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Mounted {
    child: Child,
    root: PathBuf,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// The program under test.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_winbootfs"))
}

impl Mounted {
    /// Mounts a world on its own folder `mnt`, or says aloud why that cannot be tried.
    pub(crate) fn new(world: &World) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let root = world.path("mnt");
        fs::create_dir_all(&root).unwrap();
        let config = format!("mountpoint = {root:?}\n{}", world.config_text());
        let file = world.path("mounts.toml");
        fs::write(&file, config).unwrap();
        let mut command = program();
        command.args(["mount", "--config"]).arg(&file);
        Some(Self::start(command, &root))
    }

    /// Starts a command that mounts on `root`, and waits until the mount answers.
    pub(crate) fn start(mut command: Command, root: &Path) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let readers = vec![
            pump(child.stdout.take().unwrap(), log.clone()),
            pump(child.stderr.take().unwrap(), log.clone()),
        ];
        let mut mounted = Self {
            child,
            root: root.to_owned(),
            log,
            readers,
        };
        wait::until("the mount to answer", PATIENCE, || {
            let gone = mounted.child.try_wait().unwrap();
            assert!(
                gone.is_none(),
                "the daemon ended: {gone:?}\n{}",
                mounted.log()
            );
            mounted.log().contains("stop it with").then_some(())
        });
        mounted
    }

    /// The mountpoint.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the mount; the name goes in byte for byte.
    pub(crate) fn path(&self, name: &[u8]) -> PathBuf {
        super::world::below(&self.root, name)
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &[u8]) -> std::io::Result<Vec<u8>> {
        fs::read(self.path(name))
    }

    /// Everything the daemon has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the daemon has said something.
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait::until(&format!("the log to say {text:?}"), PATIENCE, || {
            self.log().contains(text).then_some(())
        });
    }

    /// Asks for the counters, as `kill -USR1` does.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let reports = |log: &str| log.matches(" counters ").count();
        let before = reports(&self.log());
        self.signal(rustix::process::Signal::USR1);
        let log = wait::until("the counters", PATIENCE, || {
            let log = self.log();
            (reports(&log) > before).then_some(log)
        });
        let line = log
            .lines()
            .rfind(|line| line.contains(" counters "))
            .unwrap();
        let value = line.split(&format!(" {name}=")).nth(1).unwrap();
        value.split_whitespace().next().unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the daemon to end by itself, or by a signal that was sent.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        wait::until("the daemon to end", PATIENCE, || {
            self.child.try_wait().unwrap()
        })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            self.signal(rustix::process::Signal::TERM);
            if wait::within(Duration::from_secs(5), || {
                self.child.try_wait().ok().flatten()
            })
            .is_none()
            {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        // A daemon that died left its mount; the temporary folder could not be removed.
        let _ = rustix::mount::unmount(&self.root, rustix::mount::UnmountFlags::DETACH);
        if thread::panicking() {
            eprintln!("--- the daemon said\n{}---", self.log());
        }
    }
}

/// Whether this machine lets us mount; if not, the test is counted as skipped.
pub(crate) fn can_mount() -> bool {
    let able = Path::new("/dev/fuse").exists() && rustix::process::geteuid().is_root();
    if !able {
        skip::skip("mounting needs /dev/fuse and root");
    }
    able
}

fn pump(mut from: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            log.lock().unwrap().push_str(&text);
        }
    })
}
