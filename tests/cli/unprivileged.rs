//! Without root: `fusermount3` mounts, and by default only for its own user.
//!
//! Machines that run tests often keep `/dev/fuse` for root. So the test makes itself a
//! namespace with a `/dev/fuse` for everybody, and becomes another user in there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::mounted::{can_mount, program};
use crate::common::skip::skip;
use crate::common::world::World;

const NOBODY: u32 = 65534;

/// In the namespace: a device of its own, the daemon as another user, then what that user
/// and what root sees. `fuse.conf` is given as `$5`.
const SCRIPT: &str = r#"
set -eu
program=$1 source=$2 mountpoint=$3 own=$4 conf=$5
mknod -m 666 "$own/fuse" c 10 229
mount --bind "$own/fuse" /dev/fuse
mount --bind "$conf" /etc/fuse.conf
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
$nobody "$program" mount "$source" "$mountpoint" >"$own/log" 2>&1 &
daemon=$!
trap 'kill $daemon 2>/dev/null || :' EXIT
tries=0
until grep -q 'stop it with' "$own/log"; do
    kill -0 $daemon 2>/dev/null || { cat "$own/log"; exit 3; }
    tries=$((tries + 1)); [ $tries -lt 400 ] || exit 4
    sleep 0.05
done
echo "own: $($nobody cat "$mountpoint/\\Boot\\bcd" 2>&1)"
echo "root: $(cat "$mountpoint/\\Boot\\bcd" 2>&1 || :)"
kill -INT $daemon
code=0; wait $daemon || code=$?
echo "ended: $code"
grep -c " $mountpoint " /proc/self/mounts || echo "unmounted"
cat "$own/log"
"#;

fn run(conf: &str) -> Option<String> {
    for tool in ["unshare", "setpriv", "fusermount3", "mknod", "bash"] {
        if Command::new(tool).arg("--version").output().is_err() {
            skip(&format!("no {tool} here: apt-get install fuse3 util-linux"));
            return None;
        }
    }
    if !can_mount() {
        return None;
    }
    if !Path::new("/etc/fuse.conf").exists() {
        skip("no /etc/fuse.conf here: apt-get install fuse3");
        return None;
    }
    let world = World::new().image("x", &[("BCD", "one")]);
    let mountpoint = world.path("mnt");
    fs::create_dir(&mountpoint).unwrap();
    chown(&mountpoint, Some(NOBODY), Some(NOBODY)).unwrap();
    let own = tempfile::tempdir().unwrap();
    // The program may lie where only root gets through.
    let program_copy = world.path("winbootfs");
    fs::copy(program().get_program(), &program_copy).unwrap();
    fs::set_permissions(&program_copy, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(own.path().join("fuse.conf"), conf).unwrap();
    // Whatever hangs in there dies with the namespace.
    let output = Command::new("timeout")
        .args([
            "60",
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "bash",
            "-c",
            SCRIPT,
            "test",
        ])
        .args([&program_copy, &world.path("x"), &mountpoint])
        .args([own.path(), &own.path().join("fuse.conf")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{err}");
    Some(said)
}

#[test]
fn it_works_for_its_own_user() {
    let Some(said) = run("# user_allow_other\n") else {
        return;
    };
    for words in [
        "own: one",
        "Permission denied",
        "only you can see the mount, so no server can",
        "user_allow_other",
        "fusermount3 -u ",
        "ended: 0",
        "unmounted",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

#[test]
fn it_works_for_everybody_where_that_is_allowed() {
    let Some(said) = run("user_allow_other\n") else {
        return;
    };
    for words in ["own: one", "root: one", "ended: 0", "unmounted"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert!(!said.contains("only you"), "{said}");
}
