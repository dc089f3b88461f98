//! Without root: `fusermount3` mounts, and by default only for its own user.
//!
//! Machines that run tests often keep `/dev/fuse` for root. So the test makes itself a
//! namespace with a `/dev/fuse` for everybody, and becomes another user in there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::common::mounted::program;
use crate::common::sealed;
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
    if !sealed::can_seal(&["fusermount3", "mknod"], "fuse3") {
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
    let own = own.path();
    let folders = [&program_copy, &world.path("x"), &mountpoint];
    let arguments: Vec<&Path> = folders.into_iter().map(PathBuf::as_path).collect();
    let conf = own.join("fuse.conf");
    let arguments = [arguments.as_slice(), &[own, &conf]].concat();
    Some(sealed::run(SCRIPT, &[], &arguments))
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
