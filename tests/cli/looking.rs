//! What needs no mount: help, `check`, `resolve`, `tree`.

use winbootfs::program::Firmware;

use crate::common::skip::or_skip;
use crate::common::stores::{self, WINLOAD};
use crate::common::wims::{self, labelled};
use crate::common::world::World;
use crate::{on_the_sample, run};

#[test]
fn help_teaches() {
    let commands = ["mount", "check", "resolve", "tree"];
    let help = run(&["--help"]);
    help.printed(&commands);
    help.printed(&[
        "Exit codes:",
        "\n  0 ",
        "\n  1 ",
        "\n  2 ",
        "/etc/winbootfs/mounts.toml",
        "--config",
    ]);
    run(&["mount", "--help"]).printed(&[
        "winbootfs mount SOURCE... MOUNTPOINT",
        "mountpoint = ",
        "[[client]]",
        "alias",
        "poll",
        "owner",
        "base",
        "HUP",
        "USR1",
        "Linux 6.9",
        "CAP_SYS_ADMIN",
        "overlay",
        "passthrough",
        "read by the kernel",
        "read through the daemon",
        "Examples:",
    ]);
    run(&["check", "--help"]).printed(&["FAULT", "remark", "Exit code: 0"]);
    run(&["resolve", "--help"]).printed(&["--client", "'\\Boot\\BCD'", "Exit code: 0"]);
    run(&["tree", "--help"]).printed(&["--client", "--image", "alias"]);
    run(&["--version"]).printed(&[env!("CARGO_PKG_VERSION")]);
    for command in commands {
        let short = run(&["help", command]);
        short.printed(&["Usage: winbootfs"]);
    }
}

/// Its names are right, and its stores and boot images are placeholders.
#[test]
fn check_knows_the_placeholders_of_the_sample() {
    let done = on_the_sample(&["check"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.out
            .starts_with("mounts.toml: 3 images, 3 client rules")
    );
    assert!(!done.out.contains("missing: "), "{}", done.out);
    for (words, times) in [
        ("FAULT: no firmware can boot it", 3),
        ("wrong: the store is no boot configuration: at byte 0", 6),
        ("wrong: ", 6),
        ("UEFI HTTP: cannot boot with ", 3),
        (", like ", 6),
        // Those that lie where winbootfs itself looks into them.
        ("boot.wim is no WIM", 4),
    ] {
        assert_eq!(
            done.out.matches(words).count(),
            times,
            "{words}: {}",
            done.out
        );
    }
}

/// Each planted fault and oddity is named.
#[test]
fn check_names_what_is_wrong() {
    let Some(wim) = or_skip(wims::wim(&labelled("pe", WINLOAD), &[])) else {
        return;
    };
    let store = stores::bytes(Firmware::Bios);
    let whole: &[(&str, &[u8])] = &[
        ("Boot/BCD", &store),
        ("Boot/boot.sdi", b"x"),
        ("sources/boot.wim", &wim),
        ("pxeboot.n12", b"x"),
        ("bootmgr.exe", b"x"),
    ];
    let world = World::new()
        .image("bios", whole)
        .image(
            "storeless",
            &[("bootx64.efi", "x"), ("boot.sdi", "x"), ("boot.wim", "x")],
        )
        .line("bcd.source = \"image\"")
        .layer(
            "twice",
            &[("boot/bcd", "one"), ("BOOT/bcd", "two"), ("x.wim", "x")],
        )
        .line("[image.twice]\nsource = \"twice\"\nalias = { \"Boot/boot.wim\" = \"gone.wim\" }");
    let file = world.config_file();
    let done = run(&["check".as_ref(), "--config".as_ref(), file.as_os_str()]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let (bios, store) = (world.path("bios"), "\\Boot\\BCD");
    let can_boot = format!(
        "  BIOS PXE: can boot with {store} ({}/Boot/BCD)\n  UEFI PXE: cannot boot\n    \
         missing: a UEFI boot program",
        bios.display()
    );
    for words in [
        "3 images, 0 client rules",
        "no mountpoint is named",
        &can_boot,
        "wrong: there is no boot configuration (\\BCD, \\Boot\\BCD)",
        "on the screen: 0xc000000f (The Boot Configuration Data for your PC is missing",
        "these are one name to Windows clients: BOOT, boot",
        "alias \"Boot/boot.wim\" leads nowhere: \"gone.wim\" is no stored file or folder",
        "missing: boot.sdi",
    ] {
        assert!(
            done.out.contains(words),
            "{words:?} is not in:\n{}",
            done.out
        );
    }
    let image = |name: &str| {
        let from = done.out.split(&format!("image {name}\n")).nth(1).unwrap();
        from.split("\nimage ").next().unwrap().to_owned()
    };
    assert!(!image("bios").contains("FAULT"), "{}", image("bios"));
    assert!(image("storeless").contains("FAULT: no firmware can boot it"));
    assert!(image("twice").contains("FAULT: no firmware can boot it"));
}

#[test]
fn resolve_prints_each_step() {
    let done = on_the_sample(&[
        "resolve",
        "--client",
        "127.0.11.9",
        "\\EFI\\boot/BOOTX64.efi",
    ]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        done.out,
        "client   127.0.11.9\n\
         rule     127.0.11.0/24, mounts.toml:26\n\
         image    win11\n\
         else     rescue, by default, where no rule matches\n\
         booted   not known: no winbootfs runs on tests/sample/tftpboot\n\
         name     \\EFI\\boot/BOOTX64.efi -> [EFI] [boot] [BOOTX64.efi]\n\
         step     EFI: a folder of image win11\n\
         step     boot: a folder of image win11\n\
         step     BOOTX64.efi: tests/sample/win11/efi/boot/bootx64.efi, 124 bytes\n\
         answer   tests/sample/win11/efi/boot/bootx64.efi, 124 bytes\n"
    );
}

#[test]
fn resolve_says_by_what_rule() {
    let store = "\\Boot\\BCD";
    for (client, rule, image) in [
        ("127.0.0.10", "127.0.0.10, mounts.toml:22", "win10"),
        ("127.0.11.7", "127.0.11.7, mounts.toml:30", "rescue"),
        ("::ffff:127.0.0.11", "127.0.0.11, mounts.toml:26", "win11"),
        ("7F00000B", "127.0.0.11, mounts.toml:26", "win11"),
        ("10.1.2.3", "default, where no rule matches", "rescue"),
        (
            "52:54:00:12:34:56",
            "default, where no rule matches",
            "rescue",
        ),
    ] {
        let done = on_the_sample(&["resolve", "--client", client, store]);
        done.printed(&[
            &format!("rule     {rule}\n"),
            &format!("image    {image}\n"),
            &format!("answer   tests/sample/{image}/"),
        ]);
    }
}

#[test]
fn resolve_says_what_there_is_not() {
    let done = on_the_sample(&["resolve", "Boot\\nothing"]);
    done.failed(1, &["Boot\\nothing: no such name", "winbootfs tree"]);
    assert!(done.out.contains("step     Boot: a folder"), "{done:?}");
    assert!(
        done.out.contains("step     nothing: no such name"),
        "{done:?}"
    );
    on_the_sample(&["resolve", "..\\secret"]).failed(1, &["climbs"]);
    on_the_sample(&["resolve", "--client", "printer", "x"])
        .failed(2, &["\"printer\" is no address"]);
}

#[test]
fn tree_shows_what_a_client_has() {
    let done = on_the_sample(&["tree", "--client", "127.0.0.10"]);
    done.printed(&[
        "\nBoot/\n  BCD  112\n",
        "\n  boot.wim  117 -> Boot/boot.wim\n",
        "\nimages/\n",
        "\npxelinux.0  107\n",
    ]);
    let image = on_the_sample(&["tree", "--image", "WIN11"]);
    image.printed(&["  setup.wim  135 -> sources/boot.wim\n"]);
    assert!(
        !image.out.contains("pxelinux"),
        "an image alone has no base"
    );
    on_the_sample(&["tree"]).printed(&["clients/\n", "images/\n"]);
}

#[test]
fn tree_of_an_unknown_image() {
    on_the_sample(&["tree", "--image", "win12"])
        .failed(2, &["no image is named \"win12\"", "winbootfs check"]);
    on_the_sample(&["tree", "--client", "x"]).failed(2, &["\"x\" is no address"]);
    on_the_sample(&["tree", "--image", "a", "--client", "1.1.1.1"])
        .failed(2, &["cannot be used with"]);
}
