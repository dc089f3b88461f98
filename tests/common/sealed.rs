//! Scripts in namespaces of their own: what they mount and start, nobody else sees, and it
//! goes with them.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::mounted::can_mount;
use super::skip::skip;

/// Whether this machine has these programs and lets us mount; if not, the test is counted as
/// skipped.
pub(crate) fn can_seal(programs: &[&str], packages: &str) -> bool {
    for program in ["unshare", "setpriv", "bash"].iter().chain(programs) {
        let mut asked = Command::new(program);
        asked
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if asked.status().is_err() {
            skip(&format!(
                "no {program} here: apt-get install util-linux {packages}"
            ));
            return false;
        }
    }
    can_mount()
}

/// What a script says with these arguments, in mount and PID namespaces of its own, and in
/// further ones that `unshare` has options for. A script that fails is a failed test.
#[track_caller]
pub(crate) fn run<S: AsRef<OsStr>>(script: &str, further: &[&str], arguments: &[S]) -> String {
    // Whatever hangs in there dies with the namespace.
    let output = Command::new("timeout")
        .args(["60", "unshare", "--mount", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(further)
        .args(["bash", "-c", script, "test"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{err}");
    said
}
