//! Which client asks, which image it gets, and for how long that may be believed.

use std::time::SystemTime;

use winbootfs::Error;
use winbootfs::address::Address;
use winbootfs::choice::{Because, Choice, Decision};
use winbootfs::client::Client;
use winbootfs::tree::{Asking, Belief};

use crate::common::world::{Nobody, NotToBeAsked, Serving, Unseen, World, surroundings};
use crate::events_promised;
use crate::said::{asked, listed, refusal};

const NO_FILES: &[(&str, &str)] = &[];

#[test]
fn every_form_in_which_a_server_writes_an_address() {
    for (text, wanted) in [
        ("10.0.0.5", "10.0.0.5"),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("::FFFF:a00:5", "10.0.0.5"),
        ("0A000005", "10.0.0.5"),
        ("0a000005", "10.0.0.5"),
        ("0a0000FF", "10.0.0.255"),
        ("fd00::5", "fd00::5"),
        ("FD00:0:0:0:0:0:0:5", "fd00::5"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.5%eth0", "10.0.0.5"),
        ("fd000000000000000000000000000005", "fd00::5"),
        ("FD000000000000000000000000000005", "fd00::5"),
        ("00000000000000000000ffff0a000005", "10.0.0.5"),
        ("aa-bb-cc-dd-ee-ff", "aa-bb-cc-dd-ee-ff"),
        ("AA-BB-CC-DD-EE-FF", "aa-bb-cc-dd-ee-ff"),
        ("aa:bb:cc:dd:ee:ff", "aa-bb-cc-dd-ee-ff"),
        ("01-aa-bb-cc-dd-ee-ff", "aa-bb-cc-dd-ee-ff"),
        ("01-02-03-04-05-06", "01-02-03-04-05-06"),
    ] {
        let read = Address::parse(text.as_bytes()).map(|address| address.to_string());
        assert_eq!(read.as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn what_is_no_address() {
    for text in [
        "",
        "Boot",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.5.",
        "10.0.0.5:69",
        "10.0.0.0/24",
        "10.0.0.5%eth0",
        " 10.0.0.5",
        "0A00005",
        "0A0000055",
        "0A00000G",
        "+A000005",
        "fd00::5::1",
        "[fd00::5]",
        "aa-bb-cc-dd-ee",
        "aa-bb-cc-dd-ee-f",
        "aa-bb-cc-dd-ee-gg",
        "aa-bb-cc-dd-ee-+f",
        "aabbccddeeff",
        "02-aa-bb-cc-dd-ee-ff",
        "aa-bb-cc-dd-ee-ff-01",
    ] {
        assert_eq!(Address::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(Address::parse(b"10.0.0.5\xff"), None);
}

/// Rules that overlap, from every side.
fn overlapping() -> World {
    World::new()
        .image("all", NO_FILES)
        .image("site", NO_FILES)
        .image("room", NO_FILES)
        .image("seat", NO_FILES)
        .image("six", NO_FILES)
        .default_image("all")
        .client("10.0.0.0/8", "site")
        .client("10.0.7.9", "seat")
        .client("10.0.7.0/24", "room")
        .client("fd00:7::/32", "six")
        .client("fd00:7::9/128", "seat")
        .client("::ffff:10.0.8.0/120", "room")
}

fn decided(choice: &Choice, address: &str) -> Decision {
    let client = Client::at(&Address::parse(address.as_bytes()).unwrap());
    choice.decide(&client, None, SystemTime::now())
}

#[test]
fn the_rule_that_fits_best_decides() {
    let choice = Choice::new(&overlapping().config().unwrap(), &[]);
    for (client, image, because) in [
        ("10.0.7.9", "seat", "10.0.7.9"),
        ("::ffff:10.0.7.9", "seat", "10.0.7.9"),
        ("10.0.7.10", "room", "10.0.7.0/24"),
        ("10.0.8.10", "room", "10.0.8.0/24"),
        ("10.0.9.10", "site", "10.0.0.0/8"),
        ("10.255.255.255", "site", "10.0.0.0/8"),
        ("11.0.0.1", "all", "default"),
        ("fd00:7::9", "seat", "fd00:7::9"),
        ("fd00:7:8::9", "six", "fd00:7::/32"),
        ("fd00:8::9", "all", "default"),
        ("aa-bb-cc-dd-ee-ff", "all", "default"),
    ] {
        let decision = decided(&choice, client);
        assert_eq!(decision.image.as_deref(), Some(image), "{client}");
        let why = match decision.because {
            Because::Rule(rule) => rule.matched.to_string(),
            Because::Booted => "booted".to_owned(),
            Because::Default => "default".to_owned(),
            Because::Nothing => "nothing".to_owned(),
        };
        assert_eq!(why, because, "{client}");
    }
}

#[test]
fn a_decision_names_the_line_of_its_rule() {
    let world = overlapping();
    let choice = Choice::new(&world.config().unwrap(), &[]);
    let text = world.config_text();
    let place = text.lines().position(|line| line.contains("10.0.7.9"));
    let Because::Rule(rule) = decided(&choice, "10.0.7.9").because else {
        panic!("no rule");
    };
    assert_eq!(Some(rule.line - 1), place);
}

#[test]
fn without_a_rule_and_a_default_there_is_only_the_base() {
    let world = World::new()
        .image("x", &[("BCD", "x")])
        .base(&[("hello", "base")])
        .client("10.0.0.1", "x");
    for who in [&Nobody as &dyn Asking, &Serving(&["10.0.0.2"])] {
        assert_eq!(asked(&world, who, "BCD"), "<NotFound>");
        assert_eq!(asked(&world, who, "hello"), "base");
    }
    assert_eq!(asked(&world, &Nobody, "clients/10.0.0.2/BCD"), "<NotFound>");
    let decision = Choice::new(&world.config().unwrap(), &[]).by_default();
    assert_eq!(decision.because, Because::Nothing);
}

/// Three clients, two images, a base, no default.
fn site() -> World {
    World::new()
        .image("x", &[("Boot/BCD", "x"), ("own-of-x", "x"), ("both", "x")])
        .image("y", &[("Boot/BCD", "y"), ("both", "y")])
        .base(&[
            ("pxelinux.0", "base"),
            ("cfg/menu", "base"),
            ("both", "base"),
        ])
        .client("10.0.0.1", "x")
        .client("10.0.0.2", "x")
        .client("10.0.0.3", "y")
}

#[test]
fn the_same_name_is_another_file_for_another_client() {
    let world = site();
    for (client, wanted) in [("10.0.0.1", "x"), ("10.0.0.2", "x"), ("10.0.0.3", "y")] {
        for name in ["Boot/BCD", r"\Boot\BCD", r"boot\bcd", "both"] {
            assert_eq!(
                asked(&world, &Serving(&[client]), name),
                wanted,
                "{client} {name}"
            );
        }
        for folder in ["clients/", "", "Clients/", r"clients\", r"\clients/"] {
            let path = format!(r"{folder}{client}/\Boot\BCD");
            assert_eq!(asked(&world, &Nobody, &path), wanted, "{path}");
        }
    }
}

#[test]
fn a_client_folder_answers_in_every_form_of_its_address() {
    let world = site().client("fd00::3", "y").client("fd00:7::/64", "x");
    for (form, wanted) in [
        ("10.0.0.3", "y"),
        ("::ffff:10.0.0.3", "y"),
        ("0A000003", "y"),
        ("0a000003", "y"),
        ("fd00::3", "y"),
        ("FD00::3", "y"),
        ("fd00:7::1", "x"),
        ("fd00:7::1%eth0", "x"),
    ] {
        for folder in ["", "clients/"] {
            let path = format!("{folder}{form}/Boot/BCD");
            assert_eq!(asked(&world, &Nobody, &path), wanted, "{path}");
        }
    }
}

/// dnsmasq tests the folder with `stat` and falls back to the root where it is absent.
#[test]
fn the_folder_of_any_well_formed_address_is_there() {
    let world = site();
    for form in [
        "203.0.113.77",
        "CB00714D",
        "2001:db8::1",
        "aa-bb-cc-dd-ee-ff",
        "aa:bb:cc:dd:ee:ff",
        "01-aa-bb-cc-dd-ee-ff",
    ] {
        for folder in ["", "clients/"] {
            let path = format!("{folder}{form}");
            let (found, _) = world.look(&Nobody, path.as_bytes()).unwrap();
            assert!(found.attributes.is_folder, "{path}");
        }
        assert_eq!(
            asked(&world, &Nobody, &format!("{form}/pxelinux.0")),
            "base"
        );
    }
    assert!(world.look(&Nobody, b"clients/not-an-address").is_err());
}

#[test]
fn addresses_are_answered_but_not_listed() {
    let world = site();
    assert_eq!(
        listed(&world, &Nobody, ""),
        ["both", "cfg", "clients", "images", "pxelinux.0"]
    );
    assert_eq!(listed(&world, &Nobody, "images"), ["x", "y"]);
    // The clients that rules name are known; subnets are not clients.
    let world = site().client("10.9.0.0/16", "y");
    assert_eq!(
        listed(&world, &Nobody, "clients"),
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    );
}

#[test]
fn images_are_there_in_every_view() {
    let world = site();
    for path in [
        "images/y/Boot/BCD",
        "10.0.0.1/images/y/Boot/BCD",
        "clients/10.0.0.1/IMAGES/Y/boot/bcd",
        "clients/203.0.113.1/images/y/boot/bcd",
        r"clients/10.0.0.1/\images\y\Boot\BCD",
    ] {
        assert_eq!(asked(&world, &Serving(&["10.0.0.1"]), path), "y", "{path}");
    }
    assert_eq!(listed(&world, &Nobody, "10.0.0.1/images"), ["x", "y"]);
    let view = listed(&world, &Nobody, "clients/10.0.0.1");
    assert!(view.contains(&"images".to_owned()), "{view:?}");
    assert!(!view.contains(&"clients".to_owned()), "{view:?}");
    assert_eq!(
        asked(&world, &Nobody, "10.0.0.1/clients/10.0.0.3/both"),
        "<NotFound>"
    );
}

#[test]
fn an_image_by_its_name_has_no_base_beneath() {
    let world = site();
    assert_eq!(asked(&world, &Nobody, "images/x/pxelinux.0"), "<NotFound>");
    assert_eq!(asked(&world, &Nobody, "images/x/both"), "x");
}

#[test]
fn several_clients_of_one_image_are_no_riddle() {
    let world = site();
    let two = Serving(&["10.0.0.1", "10.0.0.2"]);
    assert_eq!(asked(&world, &two, r"\Boot\BCD"), "x");
    assert!(listed(&world, &two, "").contains(&"own-of-x".to_owned()));
}

/// Never another client's image, and not the default either.
#[test]
fn what_differs_between_the_clients_is_refused() {
    let world = site().default_image("x");
    for peers in [
        &["10.0.0.1", "10.0.0.3"][..],
        &["10.0.0.3", "10.0.0.1"],
        &["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        &["10.0.0.3", "203.0.113.1"],
    ] {
        let who = Serving(peers);
        for name in ["Boot/BCD", r"\Boot\BCD", "Boot", "own-of-x", "both"] {
            assert_eq!(asked(&world, &who, name), "<Undecided>", "{peers:?} {name}");
        }
        let answer = world.list(&who, b"").unwrap_err();
        assert_eq!(refusal(&answer), "<Undecided>", "{peers:?}");
    }
}

#[test]
fn what_is_the_same_for_all_clients_is_answered() {
    let world = site();
    for peers in [
        &["10.0.0.1", "10.0.0.3"][..],
        &["10.0.0.1", "203.0.113.1"], // the second has no image at all
    ] {
        let who = Serving(peers);
        for (name, wanted) in [
            ("pxelinux.0", "base"),
            ("cfg/menu", "base"),
            (r"\cfg\MENU", "base"),
            ("nothing", "<NotFound>"),
            (r"no\thing", "<NotFound>"),
        ] {
            assert_eq!(asked(&world, &who, name), wanted, "{peers:?} {name}");
        }
    }
}

/// Somebody whose sockets cannot be seen could be anybody.
#[test]
fn hidden_sockets_are_refused_unless_all_clients_get_the_same() {
    let world = site().default_image("x");
    for name in ["Boot/BCD", r"\Boot\BCD", "pxelinux.0", "nothing"] {
        assert_eq!(asked(&world, &Unseen, name), "<Undecided>", "{name}");
    }
    let for_all = World::new()
        .image("x", &[("Boot/BCD", "x")])
        .default_image("x");
    assert_eq!(asked(&for_all, &Unseen, "Boot/BCD"), "x");
}

/// A path that names the image or the client itself needs nobody to be known.
#[test]
fn a_path_that_says_who_is_answered_whoever_asks() {
    let world = site();
    for who in [
        &Unseen as &dyn Asking,
        &Serving(&["10.0.0.1", "10.0.0.3"]),
        &Nobody,
    ] {
        for (path, wanted) in [
            ("images/y/Boot/BCD", "y"),
            (r"\images\y\Boot\BCD", "y"),
            ("10.0.0.3/Boot/BCD", "y"),
            (r"\10.0.0.3\Boot\BCD", "y"),
            ("clients/10.0.0.3/Boot/BCD", "y"),
            (r"clients\0A000001\Boot\BCD", "x"),
        ] {
            assert_eq!(asked(&world, who, path), wanted, "{path}");
        }
        assert!(world.look(who, b"\\").unwrap().0.attributes.is_folder);
    }
}

#[test]
fn a_caller_without_a_peer_gets_the_default() {
    assert_eq!(asked(&site(), &Nobody, "Boot/BCD"), "<NotFound>");
    let world = site().default_image("y");
    assert_eq!(asked(&world, &Nobody, "Boot/BCD"), "y");
    assert_eq!(asked(&world, &Serving(&[]), "pxelinux.0"), "<NotFound>");
}

/// Finding out who asks takes a while, so it is not done where it does not matter.
#[test]
fn nobody_is_looked_at_where_the_answer_does_not_depend_on_it() {
    let world = site();
    for path in [
        "images/x/Boot/BCD",
        "clients/10.0.0.1/Boot/BCD",
        "10.0.0.1/both",
        "0a000003/both",
    ] {
        assert!(world.read(&NotToBeAsked, path.as_bytes()).is_ok(), "{path}");
    }
    let for_all = World::new().image("x", &[("BCD", "x")]).default_image("x");
    assert_eq!(asked(&for_all, &NotToBeAsked, "BCD"), "x");
    assert!(!listed(&for_all, &NotToBeAsked, "").is_empty());
}

/// A Raspberry Pi asks for the folder of its serial number.
#[test]
fn a_folder_of_the_base_that_looks_like_a_hex_address_stays_what_it_is() {
    let serial = "fd000000000000000000000000000003";
    let world = site()
        .layer("base", &[("0a000003/start4.elf", "pi")])
        .layer("base", &[(format!("{serial}/start4.elf"), "pi")])
        .layer("base", &[("0000BEEF", "a file")]);
    assert_eq!(asked(&world, &Nobody, "0a000003/start4.elf"), "pi");
    assert_eq!(asked(&world, &Nobody, "0A000003/START4.ELF"), "pi");
    assert_eq!(
        asked(&world, &Nobody, &format!("{serial}/start4.elf")),
        "pi"
    );
    assert_eq!(asked(&world, &Nobody, "0000beef"), "a file");
    assert_eq!(asked(&world, &Nobody, "0a000003/Boot/BCD"), "<NotFound>");
    // Nothing else is in doubt: not the next address, not below clients/.
    assert_eq!(asked(&world, &Nobody, "0a000001/Boot/BCD"), "x");
    assert_eq!(asked(&world, &Nobody, "clients/0a000003/Boot/BCD"), "y");
    assert_eq!(asked(&world, &Nobody, "10.0.0.3/Boot/BCD"), "y");
}

fn belief(world: &World, path: &str) -> Belief {
    world.look(&Nobody, path.as_bytes()).unwrap().1
}

/// The belief in the last step alone; [`World::look`] tells the least of all.
fn last_belief(world: &World, folder: &str, name: &str) -> (Belief, Result<(), Error>) {
    let parent = world.look(&Nobody, folder.as_bytes()).unwrap().0.id;
    let answer = world.tree().lookup(parent, name.as_bytes(), &Nobody);
    (answer.belief, answer.found.map(|_| ()))
}

#[test]
fn what_depends_on_who_asks_is_never_believed() {
    let world = site().default_image("x").surrounded(&events_promised());
    for path in [
        "Boot",
        "both",
        "pxelinux.0",
        r"\Boot\BCD",
        "10.0.0.1/Boot",
        "10.0.0.1/both",
        "clients/10.0.0.1/Boot",
        "clients/10.0.0.1/pxelinux.0",
        r"clients\10.0.0.1\Boot\BCD",
        r"10.0.0.1\Boot\BCD",
    ] {
        assert_eq!(belief(&world, path), Belief::Never, "{path}");
    }
    for name in [
        "nothing",
        r"no\thing",
        r"Boot\nothing",
        r"images.x\BCD",
        "..",
        "a\0",
    ] {
        let answer = world
            .tree()
            .lookup(winbootfs::nodes::ROOT, name.as_bytes(), &Nobody);
        assert!(answer.found.is_err(), "{name:?}");
        assert_eq!(answer.belief, Belief::Never, "{name:?}");
        let (belief, found) = last_belief(&world, "clients/10.0.0.1", name);
        assert!(found.is_err(), "{name:?}");
        assert_eq!(belief, Belief::Never, "{name:?}");
    }
}

#[test]
fn what_lies_below_belongs_to_one_image_and_is_believed() {
    let lasting = site().default_image("x").surrounded(&events_promised());
    let brief = site().default_image("x").surrounded(&surroundings());
    for (folder, name) in [
        ("Boot", "BCD"),
        ("clients/10.0.0.3/Boot", "bcd"),
        ("10.0.0.3/Boot", "BCD"),
        ("images/x", "Boot"),
        ("images/x", r"\boot\bcd"),
        ("cfg", "menu"),
    ] {
        assert_eq!(
            last_belief(&lasting, folder, name).0,
            Belief::UntilChanged,
            "{folder} {name}"
        );
        assert_eq!(
            last_belief(&brief, folder, name).0,
            Belief::Briefly,
            "{folder} {name}"
        );
        let (absent, found) = last_belief(&lasting, folder, "nothing");
        assert!(matches!(found, Err(Error::NotFound)));
        assert_eq!(absent, Belief::UntilChanged, "{folder}");
    }
    for path in [
        "images",
        "clients",
        "images/x",
        "clients/10.0.0.1",
        "10.0.0.1",
        "0a000001",
    ] {
        assert_eq!(belief(&lasting, path), Belief::UntilChanged, "{path}");
    }
}

/// With rules that say nothing everybody gets the same today; a reload may change that.
#[test]
fn the_root_is_not_believed_without_rules_either() {
    let world = World::new()
        .image("x", &[("BCD", "x")])
        .default_image("x")
        .surrounded(&events_promised());
    assert_eq!(belief(&world, "BCD"), Belief::Never);
}

#[test]
fn an_image_that_polls_is_believed_briefly_and_says_nothing_of_others() {
    let world = World::new()
        .layer("p", &[("BCD", "p")])
        .line("[image.p]\nsource = \"p\"\npoll = true")
        .image("x", &[("BCD", "x")])
        .surrounded(&events_promised());
    assert_eq!(belief(&world, "images/p/BCD"), Belief::Briefly);
    assert_eq!(belief(&world, "images/x/BCD"), Belief::UntilChanged);
}

/// An old dnsmasq site has a folder for each client: what is in it is still there for it,
/// beneath its image.
#[test]
fn a_folder_of_the_base_named_after_a_client_lies_beneath_its_image() {
    let world = World::new()
        .image("x", &[("Boot/BCD", "image")])
        .base(&[
            ("10.0.0.5/start4.elf", "own"),
            ("10.0.0.5/Boot/BCD", "old"),
            ("10.0.0.5/shared", "own"),
            ("aa-bb-cc-dd-ee-ff/kernel", "by mac"),
            ("shared", "everybody's"),
        ])
        .default_image("x");
    let read = |path: &str| {
        let bytes = world.read(&Nobody, path.as_bytes());
        bytes.map(|bytes| String::from_utf8(bytes).unwrap()).ok()
    };
    assert_eq!(read("10.0.0.5/start4.elf").as_deref(), Some("own"));
    assert_eq!(read("0A000005/START4.ELF").as_deref(), Some("own"));
    assert_eq!(read("10.0.0.5/Boot/BCD").as_deref(), Some("image"));
    assert_eq!(read("10.0.0.5/shared").as_deref(), Some("own"));
    assert_eq!(read("10.0.0.6/shared").as_deref(), Some("everybody's"));
    assert_eq!(read("10.0.0.6/start4.elf"), None);
    assert_eq!(
        read("01-aa-bb-cc-dd-ee-ff/kernel").as_deref(),
        Some("by mac")
    );
    let listed = world.list(&Nobody, b"clients/10.0.0.5").unwrap();
    assert_eq!(listed.iter().filter(|name| **name == b"shared").count(), 1);
    assert!(listed.contains(&b"start4.elf".to_vec()));
}
