//! Other programs that only look, with an end to how long and how much they say.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most that is read of what it says, in bytes.
const LONGEST: u64 = 8 << 20;

/// What the first of these programs says that is there.
///
/// # Errors
/// Why there is nothing, as the end of a sentence.
pub fn run(programs: &[&str], arguments: &[&str]) -> Result<Vec<u8>, String> {
    for program in programs {
        match output(program, arguments) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Only root may see the rules; what it says instead is not for a report.
            Ok(said) if said.is_empty() => return Err(format!("{program} shows nothing")),
            done => return done.map_err(|error| format!("{program}: {error}")),
        }
    }
    Err(format!(
        "there is no {}",
        programs.first().unwrap_or(&"program")
    ))
}

fn output(program: &str, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let (sender, receiver) = channel();
    if let Some(out) = child.stdout.take() {
        thread::Builder::new().spawn(move || {
            let mut said = Vec::new();
            let read = out.take(LONGEST).read_to_end(&mut said);
            // Nobody waits any more: that is all that can go wrong.
            let _ = sender.send(read.map(|_| said));
        })?;
    }
    let said = receiver.recv_timeout(PATIENCE);
    // It has said all, or too much, or hangs; dead already, it cannot be killed.
    let _ = child.kill();
    child.wait()?;
    said.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
