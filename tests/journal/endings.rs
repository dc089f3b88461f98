//! What has become of a boot, after what time, and what is told of it.

use crate::player::{Player, SIZE};

/// What happens, and what is said of the present boot then.
fn check(cases: &[(&str, &str)]) {
    for (plays, wanted) in cases {
        let mut player = Player::new();
        player.plays(plays);
        assert_eq!(player.ending(std::time::Duration::ZERO), *wanted, "{plays}");
    }
}

/// What happens, and what is told of boots where there is a `!`.
fn tells(cases: &[(&str, &[&str])]) {
    for (plays, wanted) in cases {
        let told = Player::new().plays(plays);
        assert_eq!(told, *wanted, "{plays}");
    }
}

#[test]
fn silence_tells_something_after_a_minute() {
    check(&[
        ("+pxelinux.0 59", "running"),
        ("+pxelinux.0 60", "silent after program"),
        (
            r"+a.efi -\EFI\Microsoft\Boot\SiPolicy.p7b 60",
            "silent after manager",
        ),
        (r"+a.efi +\Boot\BCD 60", "silent after store"),
        (
            r"+a.efi +\Boot\BCD +\sources\boot.wim 60",
            "silent after store",
        ),
        (
            r"+a.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi 60",
            "silent after sdi",
        ),
        // A file that took long: silent since it was closed.
        ("<a.efi 100 >a.efi 59", "running"),
        ("<a.efi 100 >a.efi 60", "silent after program"),
    ]);
}

#[test]
fn a_boot_with_an_open_file_is_never_silent() {
    check(&[
        ("<a.efi 100000", "running"),
        (r"+a.efi -\BCD <font 100000", "running"),
        (r"+a.efi +\Boot\BCD +\b.wim +\b.sdi <\b.wim 1200", "running"),
        // But it has ended where it has, whether its server closes all files or not.
        (r"<a.efi -\Boot\BCD", r"lost \Boot\BCD"),
    ]);
}

#[test]
fn a_name_that_another_may_follow_is_waited_for() {
    check(&[
        (r"+a.efi -\BCD 59", "running"),
        (r"+a.efi -\BCD 60", r"unsure \BCD"),
        (r"+a.efi -\BCD -\Boot\BCD", r"lost \Boot\BCD"),
        (r"+a.efi -\BCD +\Boot\BCD 59", "running"),
        (r"+a.efi -\Tmp\x.bcd 60", r"unsure \Tmp\x.bcd"),
        (
            r"+a.efi -/x/BCD -/EFI/Microsoft/Boot/BCD -/x/BCD",
            "lost /EFI/Microsoft/Boot/BCD",
        ),
        ("+a.efi -Boot 59", "running"),
        ("+a.efi -Boot 60", "unsure Boot"),
    ]);
}

#[test]
fn what_a_boot_cannot_do_without_ends_it_at_once() {
    check(&[
        ("-wdsnbp.com", "lost wdsnbp.com"),
        ("+pxeboot.n12 -bootmgr.exe", "lost bootmgr.exe"),
        (
            r"+pxeboot.n12 +bootmgr.exe -\Boot\BCD -\Boot\Fonts\wgl4_boot.ttf",
            r"lost \Boot\BCD",
        ),
        (
            r"+a.efi +\Boot\BCD -\a.efi -\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf",
            r"itself \a.efi",
        ),
        (
            r"+a.efi +\Boot\BCD -\b.wim -\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf",
            r"lost \b.wim",
        ),
        (r"+a.efi +\Boot\BCD +\b.wim -\b.sdi", r"lost \b.sdi"),
        // The last one of a menu counts.
        (r"+a.efi +\Boot\BCD -\b.wim 600 -\c.wim", r"lost \c.wim"),
        // What ended it stays, whatever the screen of the boot manager wants.
        (r"+a.efi -\Boot\BCD 2 -\BCD -Boot -\BCD", r"lost \Boot\BCD"),
    ]);
}

#[test]
fn a_boot_that_goes_on_lacked_nothing() {
    check(&[
        ("-a.efi +b.efi", "running"),
        ("-a.efi -b.efi", "lost b.efi"),
        // A menu offers something else.
        (r"+pxelinux.0 +memdisk -\x.iso +pxeboot.n12", "running"),
        (r"+pxelinux.0 -memdisk +\x.iso", "done"),
        // A menu of the boot manager does.
        (r"+a.efi +\Boot\BCD -\b.wim 60 +\c.wim", "running"),
        (
            r"+a.efi +\Boot\BCD +\b.wim -\b.sdi 60 +\c.wim +\c.sdi",
            "running",
        ),
        (
            r"+a.efi +\Boot\BCD +\b.wim -\b.sdi 60 +\c.wim -\c.sdi",
            r"lost \c.sdi",
        ),
        // The boot manager came from elsewhere, or the script had another name for it.
        (r"+pxeboot.n12 -bootmgr.exe +\Boot\BCD", "running"),
        ("+wimboot -/boot/BCD +/BCD +/boot.sdi", "running"),
        // wimboot takes boot.sdi out of the boot image.
        ("+wimboot +/BCD -/boot.sdi </boot.wim >/boot.wim", "done"),
        // Repaired while the computer asked again.
        (r"+a.efi +\Boot\BCD -\a.efi 2 +\A.EFI", "running"),
        (r"+a.efi +\Boot\BCD -\a.efi +\b.wim +\b.sdi", "running"),
    ]);
}

/// The kernel asks for one part of a name after the other: a folder that is not there is all
/// that is told of what was to be found in it.
#[test]
fn a_folder_that_is_not_there_is_no_alarm_where_only_policies_are_looked_for() {
    check(&[
        (r"+a.efi +\Boot\BCD -EFI 60", "silent after store"),
        (r"+a.efi +\Boot\BCD -EFI/Microsoft 60", "silent after store"),
        (
            r"+a.efi +\Boot\BCD -images/win11/EFI 60",
            "silent after store",
        ),
        (
            r"+a.efi +\Boot\BCD -EFI/Microsoft/Boot/Fonts 60",
            "silent after store",
        ),
        (r"+a.efi +\Boot\BCD -sources 60", "unsure sources"),
        (r"+a.efi +\Boot\BCD -sources +\b.wim +\b.sdi 59", "running"),
        ("+a.efi -EFI 60", "unsure EFI"),
        (
            "+pxeboot.n12 +bootmgr.exe -Boot/Fonts +Boot/BCD 59",
            "running",
        ),
    ]);
}

#[test]
fn a_boot_that_has_its_boot_image_is_done_whatever_the_running_system_lacks() {
    let done = r"+a.efi +\Boot\BCD +\b.wim +\b.sdi <\b.wim 9 >\b.wim";
    let after = |more: &str| {
        let mut player = Player::new();
        player.plays(&format!("{done} {more}"));
        player.ending(std::time::Duration::ZERO)
    };
    for more in [
        "",
        "3600",
        "-x.boot.var",
        "-install.wim",
        "-tool.efi",
        "-sources",
        "-EFI",
        "<install.wim",
        "<install.wim >install.wim:3",
        r"-\EFI\Microsoft\Boot\boot.stl",
        // Once more, as HTTP clients do.
        r"+\b.wim",
    ] {
        let wanted = if more.starts_with('<') && !more.contains('>') {
            "running"
        } else {
            "done"
        };
        assert_eq!(after(more), wanted, "{more}");
    }
}

#[test]
fn a_boot_image_that_was_closed_too_early_is_broken_off() {
    let image = r"+a.efi +\Boot\BCD +\b.wim +\b.sdi <\b.wim 9";
    let after = |more: &str| {
        let mut player = Player::new();
        player.plays(&format!("{image} {more}"));
        player.ending(std::time::Duration::ZERO)
    };
    assert_eq!(after(r">\b.wim:1"), format!("broken off at 1 of {SIZE}"));
    assert_eq!(
        after(r">\b.wim:999"),
        format!("broken off at 999 of {SIZE}")
    );
    assert_eq!(
        after(r">\b.wim:999 3600"),
        format!("broken off at 999 of {SIZE}")
    );
    assert_eq!(after(r">\b.wim:1000"), "done");
    assert_eq!(after(r">\b.wim"), "done");
    // Only its size was asked, and then nothing more; or it had come whole before.
    assert_eq!(after(r">\b.wim:0"), "running");
    assert_eq!(after(r">\b.wim:0 3600"), "silent after image");
    assert_eq!(after(r">\b.wim <\b.wim >\b.wim:0"), "done");
    // The whole of it at the second attempt.
    assert_eq!(after(r">\b.wim:5 <\b.wim"), "running");
    assert_eq!(after(r">\b.wim:5 <\b.wim >\b.wim:1000"), "done");
}

#[test]
fn each_end_is_told_once() {
    tells(&[
        (r"+a.efi -\Boot\BCD ! ! 60 !", &[r"lost \Boot\BCD"]),
        (r"+a.efi +\Boot\BCD ! 60 ! ! 600 !", &["silent after store"]),
        // Another program may follow at once.
        ("-a.efi ! 1 +b.efi !", &[]),
        ("-a.efi ! 2 ! !", &["lost a.efi"]),
        // The menu was just slow, and then there is something to tell after all.
        (
            r"+a.efi +\Boot\BCD 90 ! -\b.wim ! !",
            &["silent after store", r"lost \b.wim"],
        ),
        (
            r"+a.efi -\BCD 90 ! -\Boot\BCD ! !",
            &[r"unsure \BCD", r"lost \Boot\BCD"],
        ),
        (
            r"+a.efi +\Boot\BCD 90 ! +\b.wim +\b.sdi 90 ! !",
            &["silent after store", "silent after sdi"],
        ),
        (
            r"+a.efi +\Boot\BCD -\b.wim ! -\b.wim ! -\b.wim 90 !",
            &[r"lost \b.wim"],
        ),
        (
            r"+a.efi +\Boot\BCD +\b.wim +\b.sdi <\b.wim 9 >\b.wim 90 !",
            &[],
        ),
    ]);
}

/// Also where another boot began before anybody asked.
#[test]
fn an_end_is_told_of_a_boot_that_is_over_by_then() {
    let image = r"+a.efi +\Boot\BCD +\b.wim +\b.sdi <\b.wim 9";
    tells(&[
        (r"+a.efi -\Boot\BCD 9 +a.efi ! !", &[r"lost \Boot\BCD"]),
        (r"+a.efi -\Boot\BCD ! 9 +a.efi !", &[r"lost \Boot\BCD"]),
        (r"+a.efi 90 +a.efi !", &["silent after program"]),
        // Somebody pressed the button.
        (r"+a.efi +\Boot\BCD 9 +a.efi !", &[]),
        // In the middle of the boot image: its server has not noticed.
        (&format!("{image} +a.efi ! 9 !"), &["silent after image"]),
        (
            &format!(r"{image} >\b.wim:7 9 +a.efi !"),
            &["broken off at 7 of 1000"],
        ),
        (&format!(r"{image} >\b.wim 9 +a.efi !"), &[]),
    ]);
}

/// How much is known while the file is still open.
#[test]
fn a_boot_that_was_left_is_broken_off_where_it_was_seen_last() {
    let mut player = Player::new();
    player.plays(r"+a.efi +\Boot\BCD +\b.wim +\b.sdi");
    let image = crate::player::asked(
        &player.who,
        br"\b.wim",
        winbootfs::journal::entry::Outcome::Opened(crate::player::opened(SIZE)),
    );
    let (_, ticket) = player.journal.asked(image, player.now);
    player.journal.read(&ticket, 600);
    assert_eq!(
        player.ending(std::time::Duration::from_secs(3600)),
        "running"
    );
    assert_eq!(player.plays("9 +a.efi !"), ["broken off at 600 of 1000"]);
}
