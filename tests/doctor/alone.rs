//! A machine of its own, with nothing on it but a mount and a server: there the exit code
//! is known, and that nothing changes.

use std::fs;

use crate::advised::{configure, site};
use crate::common::mounted::program;
use crate::common::sealed;
use crate::common::world::World;

/// In namespaces: a mount, dnsmasq with what stands in `$4`, and the doctor as root and as
/// somebody else. What there is on the disk is listed before and behind.
const SCRIPT: &str = r#"
set -eu
program=$1 world=$2 dnsmasq=$3 options=$4
ip link set lo up
"$program" mount --config "$world/mounts.toml" >"$world/log" 2>&1 &
daemon=$!
"$dnsmasq" --keep-in-foreground --conf-file=/dev/null --port=0 --log-facility=- --user=root \
    --pid-file="$world/pid" --enable-tftp --tftp-root="$world/mnt" $options >"$world/out" 2>&1 &
server=$!
trap 'kill $daemon $server 2>/dev/null || :' EXIT
tries=0
until grep -q 'stop it with' "$world/log" && grep -q 'TFTP root is' "$world/out"; do
    tries=$((tries + 1)); [ $tries -lt 400 ] || exit 4
    sleep 0.05
done
all() {
    cat /proc/self/mountinfo
    find "$world" -xdev -printf '%p %i %m %u %s %T@ %C@\n' | sort
    find /proc/$server/fd -printf '%p %l\n' | sort
}
before=$(all)
code=0; "$program" doctor --config "$world/mounts.toml" || code=$?
echo "root: $code"
behind=$(all)
if [ "$before" = "$behind" ]; then echo "nothing changed"; else
    diff <(echo "$before") <(echo "$behind") || :
fi
code=0; setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$program" doctor --config "$world/mounts.toml" || code=$?
echo "nobody: $code"
"#;

fn run(world: &World, options: &str) -> Option<String> {
    if !sealed::can_seal(&["dnsmasq", "ip"], "dnsmasq-base iproute2") {
        return None;
    }
    fs::create_dir_all(world.path("mnt")).unwrap();
    configure(world, &world.path("mnt"));
    // The program may lie where only root gets through.
    let copy = world.path("winbootfs");
    // No link: another test that makes one changes the times of this file too.
    fs::copy(program().get_program(), &copy).unwrap();
    let arguments = [copy, world.path(""), "dnsmasq".into(), options.into()];
    Some(sealed::run(SCRIPT, &["--net"], &arguments))
}

#[test]
fn a_healthy_machine_has_code_0_and_is_left_as_it_is() {
    let world = site();
    let Some(said) = run(&world, "--tftp-unique-root=ip") else {
        return;
    };
    for words in [
        "root: 0",
        "no problem was found",
        "nothing changed",
        "each client is known by its path",
        "run it as root: sudo winbootfs doctor",
        "what it serves is not known: this user may not look at it",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

#[test]
fn one_problem_has_code_1() {
    let world = site();
    let Some(said) = run(&world, "--tftp-unique-root=mac") else {
        return;
    };
    for words in [
        "root: 1",
        "\n1 problem\n",
        "names clients by their MAC",
        "nothing changed",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}
