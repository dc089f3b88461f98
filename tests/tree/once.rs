//! Rules that end once their client has read the boot image whole, without a kernel: which
//! bytes were read, by whom, and when that was all of them.

use std::collections::BTreeSet;
use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use winbootfs::once::Pieces;
use winbootfs::source::ReadAt;
use winbootfs::tree::Asking;

use crate::common::world::World;
use crate::follow::{Server, look_up};

const CLIENT: &str = "10.0.0.5";
const WIM: &str = r"\Sources\Boot.wim";
const BYTES: &[u8] = b"ten bytes!";
const RULE: &str = "clients.d/install.toml";

/// Two images; the client gets `x` once, `y` else.
fn site() -> World {
    let world = World::new().default_image("y");
    let world = ["x", "y"].iter().fold(world, |world, image| {
        world.image(
            image,
            &[
                ("Boot/BCD", image.as_bytes()),
                ("Boot/pxeboot.n12", b"program"),
                ("sources/boot.wim", BYTES),
                ("sources/empty.wim", b""),
            ],
        )
    });
    drop_rule(&world, CLIENT);
    world
}

fn drop_rule(world: &World, matched: &str) {
    let text = format!("[[client]]\nmatch = {matched:?}\nimage = \"x\"\nonce = true\n");
    world.put(RULE, text.as_bytes());
}

fn client() -> Server {
    Server::of(&[CLIENT])
}

fn open(world: &World, who: &dyn Asking, name: &str) -> Box<dyn ReadAt> {
    let (id, _) = look_up(world.tree(), who, name).unwrap();
    world.tree().open(id).unwrap()
}

fn read(file: &dyn ReadAt, from: u64, count: usize) {
    let mut buffer = vec![0; count];
    file.read_at(&mut buffer, from).unwrap();
}

/// Reads all of it and closes it.
fn read_whole(world: &World, who: &dyn Asking, name: &str) {
    read(&*open(world, who, name), 0, 64);
}

/// Whom the rules that are done were for.
fn done(world: &World) -> Vec<String> {
    let done = world.tree().done();
    done.iter().map(|rule| rule.matched.to_string()).collect()
}

#[test]
fn it_is_done_when_every_byte_was_read_and_the_file_is_closed() {
    let world = site();
    let file = open(&world, &client(), WIM);
    assert!(file.on_disk().is_none(), "the kernel would read it alone");
    read(&*file, 0, 4);
    read(&*file, 4, 6);
    assert_eq!(done(&world), [""; 0], "the server has it open");
    drop(file);
    assert_eq!(done(&world), [CLIENT]);
    assert_eq!(done(&world), [""; 0], "told once");
}

#[test]
fn in_any_order_and_in_several_goes() {
    for goes in [
        &[&[(6, 4), (0, 3), (3, 3)][..]][..],
        &[&[(0, 4)], &[(4, 6)]],
        &[&[(8, 9)], &[(0, 9)]],
        &[&[(0, 5)], &[(0, 5)], &[], &[(5, 5)]],
        &[&[(0, 10)]],
    ] {
        let world = site();
        for (number, go) in goes.iter().enumerate() {
            assert_eq!(done(&world), [""; 0], "before {number} of {goes:?}");
            let file = open(&world, &client(), WIM);
            for (from, count) in *go {
                read(&*file, *from, *count);
            }
        }
        assert_eq!(done(&world), [CLIENT], "{goes:?}");
    }
}

#[test]
fn a_transfer_that_ends_early_ends_no_rule() {
    for pieces in [
        &[][..],
        &[(0, 9)],
        &[(1, 9)],
        &[(0, 4), (5, 5)],
        &[(10, 4)],
        &[(100, 4)],
    ] {
        let world = site();
        let file = open(&world, &client(), WIM);
        for (from, count) in pieces {
            read(&*file, *from, *count);
        }
        drop(file);
        assert_eq!(done(&world), [""; 0], "{pieces:?}");
    }
}

#[test]
fn two_at_once_add_up() {
    let world = site();
    let (one, other) = (open(&world, &client(), WIM), open(&world, &client(), WIM));
    read(&*one, 0, 5);
    read(&*other, 5, 5);
    drop(one);
    drop(other);
    assert!(done(&world).contains(&CLIENT.to_owned()));
}

#[test]
fn only_its_own_client_counts() {
    let world = site();
    let other = Server::of(&["10.0.0.6"]);
    let both = Server::of(&[CLIENT, "10.0.0.6"]);
    let nobody = Server::of(&[]);
    for (who, name) in [
        (&other, "images/x/sources/boot.wim"),
        (&nobody, "images/x/sources/boot.wim"),
        (&both, "images/x/sources/boot.wim"),
        (&nobody, "clients/10.0.0.6/images/x/sources/boot.wim"),
        (&client(), "clients/10.0.0.6/images/x/sources/boot.wim"),
        // Another image, another kind of file, nothing at all.
        (&client(), "images/y/sources/boot.wim"),
        (&client(), "Boot/BCD"),
        (&client(), "Boot/pxeboot.n12"),
        (&client(), "sources/empty.wim"),
    ] {
        read_whole(&world, who, name);
        assert_eq!(done(&world), [""; 0], "{name}");
    }
}

#[test]
fn by_whatever_name_its_own_client_reads_it() {
    for name in [
        WIM,
        "Boot/boot.wim",
        "BOOT.WIM",
        "images/x/sources/boot.wim",
        "clients/10.0.0.5/sources/boot.wim",
        "clients/10.0.0.5/images/x/sources/boot.wim",
        "10.0.0.5/images/X/SOURCES/BOOT.WIM",
        "0A000005/boot/boot.wim",
    ] {
        let world = site();
        let who = match name.contains("000005") || name.contains("10.0.0.5") {
            true => Server::of(&[]),
            false => client(),
        };
        read_whole(&world, &who, name);
        assert_eq!(done(&world), [CLIENT], "{name}");
    }
}

#[test]
fn by_the_card_of_its_client() {
    const CARD: &str = "52-54-00-00-00-01";
    let world = site();
    drop_rule(&world, CARD);
    read_whole(&world, &client(), WIM);
    assert_eq!(done(&world), [""; 0], "an unknown card");
    let known = client().with_card(CLIENT, CARD);
    read_whole(&world, &known, WIM);
    assert_eq!(done(&world), [CARD]);
    read_whole(&world, &Server::of(&[]), &format!("{CARD}/boot/boot.wim"));
    assert_eq!(done(&world), [CARD]);
}

/// Its number is its own: what another client has read the kernel would read by itself, and
/// nobody would see it.
#[test]
fn the_file_has_a_number_of_its_own_and_its_name_is_not_believed() {
    use winbootfs::tree::Belief;
    let world = site();
    let (own, belief) = look_up(world.tree(), &client(), "images/x/sources/boot.wim").unwrap();
    assert_eq!(belief, Belief::Never);
    let (others, _) = look_up(
        world.tree(),
        &Server::of(&["10.0.0.6"]),
        "images/x/sources/boot.wim",
    )
    .unwrap();
    assert_ne!(own, others);
    let (again, _) = look_up(world.tree(), &client(), WIM).unwrap();
    assert_eq!(own, again);
}

/// The computer is installed once more, weeks later. What it has read then is of no account
/// now: a size query would end the rule.
#[test]
fn a_rule_that_is_dropped_again_begins_anew() {
    let world = site();
    read_whole(&world, &client(), WIM);
    assert_eq!(done(&world), [CLIENT]);
    let (before, _) = look_up(world.tree(), &client(), WIM).unwrap();
    fs::remove_file(world.path(RULE)).unwrap();
    world.tree().replace(world.catalog());
    drop_rule(&world, CLIENT);
    world.tree().replace(world.catalog());
    let (id, _) = look_up(world.tree(), &client(), WIM).unwrap();
    assert_ne!(id, before, "the kernel still has all of its pages");
    drop(world.tree().open(id).unwrap());
    assert_eq!(done(&world), [""; 0], "opened for its size");
    read_whole(&world, &client(), WIM);
    assert_eq!(done(&world), [CLIENT]);
}

/// A program that writes all files anew now and then changes nothing by that.
#[test]
fn a_rule_that_is_written_again_meanwhile_is_the_same_one() {
    let world = site();
    let file = open(&world, &client(), WIM);
    read(&*file, 0, 10);
    drop_rule(&world, CLIENT);
    world.tree().replace(world.catalog());
    drop(file);
    let [rule] = world.tree().done().try_into().unwrap();
    assert!(world.tree().catalog().choice().has(&rule));
    let text = format!("[[client]]\nmatch = {CLIENT:?}\nimage = \"y\"\nonce = true\n");
    world.put(RULE, text.as_bytes());
    world.tree().replace(world.catalog());
    assert!(!world.tree().catalog().choice().has(&rule), "another image");
}

/// What it chose from a menu is not what the rule gives it.
#[test]
fn what_it_booted_instead_does_not_count() {
    let world = site();
    let client = client();
    let (id, _) = look_up(world.tree(), &client, "images/y/Boot/pxeboot.n12").unwrap();
    world.tree().opens(id, &client);
    read_whole(&world, &client, WIM);
    assert_eq!(done(&world), [""; 0]);
}

/// A server that jumps about cannot make it remember without end; a later transfer from
/// front to back still counts.
#[test]
fn so_many_separate_pieces_and_no_more() {
    let mut pieces = Pieces::default();
    for byte in 0..3000 {
        pieces.add(2 * byte, 2 * byte + 1);
    }
    for byte in 0..3000 {
        pieces.add(2 * byte + 1, 2 * byte + 2);
    }
    assert!(!pieces.are_all_of(6000), "some were not noted");
    for byte in 0..6000 {
        pieces.add(byte, byte + 1);
    }
    assert!(pieces.are_all_of(6000));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn pieces_are_a_set_of_bytes(
        added in vec((0..40_u64, 0..12_u64), 0..20),
        size in 0..45_u64,
    ) {
        let mut pieces = Pieces::default();
        let mut naive = BTreeSet::new();
        for (from, count) in added {
            pieces.add(from, from + count);
            naive.extend(from..from + count);
            let whole = size > 0 && (0..size).all(|byte| naive.contains(&byte));
            prop_assert_eq!(pieces.are_all_of(size), whole, "{:?} {:?}", pieces, naive);
        }
    }
}
