//! Where one boot ends and the next begins.

use winbootfs::journal::progress::Stage;

use crate::player::{Player, word};

/// What happens (see [`Player::plays`]), and how far each boot comes.
struct History {
    what: &'static str,
    plays: &'static str,
    boots: &'static str,
}

/// A whole boot as firmware and boot manager do it, with a spelling of its own for each.
const UEFI: &str = r"
    +bootmgfw.efi 0.2 +bootmgfw.efi 0.5 +\Boot\BCD +\Boot\BCD
    -\EFI\Microsoft\Boot\SiPolicy.p7b +\bootmgfw.efi +\bootmgfw.efi +\sources\boot.wim
    +\Boot\boot.sdi -\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf +\boot\boot.sdi
    <\sources\boot.wim 20 >\sources\boot.wim";

const BIOS: &str = r"
    +pxeboot.n12 +bootmgr.exe -\Boot\Fonts\wgl4_boot.ttf -\boot.ini 15 +\Boot\BCD +\Boot\BCD
    -\Boot\Fonts\wgl4_boot.ttf -\hiberfil.sys +\sources\boot.wim +\boot\boot.sdi +\boot\boot.sdi
    <\sources\boot.wim 20 >\sources\boot.wim";

const HISTORIES: [History; 43] = [
    History {
        what: "nothing special",
        plays: "UEFI",
        boots: "done",
    },
    History {
        what: "BIOS 7601 waits 15 s for an answer from DHCP before it asks for its store",
        plays: "BIOS",
        boots: "done",
    },
    History {
        what: "the same computer on the next day, and once more",
        plays: "UEFI 86400 UEFI 86400 UEFI",
        boots: "done done done",
    },
    History {
        what: "WinPE restarts the computer at once",
        plays: "UEFI 12 UEFI",
        boots: "done done",
    },
    History {
        what: "the boot image holds no loader, and the firmware tries again quicker than that",
        plays: "UEFI 1 UEFI",
        boots: "done done",
    },
    History {
        what: "first the BIOS, then UEFI",
        plays: "BIOS 40 UEFI",
        boots: "done done",
    },
    History {
        what: "firmware asks for the size of the program, and at once for the program",
        plays: "<bootmgfw.efi 0.001 <bootmgfw.efi >bootmgfw.efi 0.5 >bootmgfw.efi UEFI",
        boots: "done",
    },
    History {
        what: "firmware that gets no answer asks again each 3 s",
        plays: "<bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 \
                <bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 <bootmgfw.efi 3 \
                <bootmgfw.efi 3 <bootmgfw.efi",
        boots: "program",
    },
    History {
        what: "the same, and the server closes the file each time",
        plays: "+a.efi 3 +a.efi 3 +a.efi 3 +a.efi 3 +a.efi 3 +a.efi 3 +a.efi 3 +a.efi",
        boots: "program",
    },
    History {
        what: "a boot manager that gets no answer asks for itself again each 3 s",
        plays: r"+bootmgfw.efi +\Boot\BCD +\Boot\BCD -\EFI\Microsoft\Boot\SiPolicy.p7b
                <\bootmgfw.efi 3 <\bootmgfw.efi 3 <\bootmgfw.efi 3 <\bootmgfw.efi",
        boots: "store",
    },
    History {
        what: "a slow server: 3 s for each policy, and the boot manager reads itself",
        plays: r"+/EFI/Boot/bootx64.efi +/EFI/Microsoft/Boot/BCD 3
                -/EFI/Microsoft/Boot/SiPolicy.p7b 3 -/EFI/Microsoft/Boot/SkuSiPolicy.p7b 3
                +/EFI/Boot/bootx64.efi +/sources/boot.wim +/boot/boot.sdi",
        boots: "sdi",
    },
    History {
        what: "a store that takes 20 s, and then the boot manager reads itself",
        plays: r"+bootmgfw.efi <\Boot\BCD 20 >\Boot\BCD -\EFI\Microsoft\Boot\SiPolicy.p7b
                +\bootmgfw.efi +\sources\boot.wim",
        boots: "store",
    },
    History {
        what: "restart while the firmware has only its program",
        plays: "+bootmgfw.efi 8 UEFI",
        boots: "program done",
    },
    History {
        what: "restart while the boot manager looks for its store",
        plays: r"+bootx64.efi -\BCD 8 +bootx64.efi -\BCD +\Boot\BCD",
        boots: "manager store",
    },
    History {
        what: "restart when the store did not please the boot manager",
        plays: r"+bootmgfw.efi +\Boot\BCD +\Boot\BCD 8 UEFI",
        boots: "store done",
    },
    History {
        what: "restart when boot.sdi was there",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi 8 UEFI",
        boots: "sdi done",
    },
    History {
        what: "restart in the middle of boot.sdi, of which the server learns later",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi <\boot\boot.sdi 9
                +bootmgfw.efi >\boot\boot.sdi UEFI",
        boots: "sdi done",
    },
    History {
        what: "restart in the middle of the boot image, of which the server learns later",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi <\sources\boot.wim 9
                +bootmgfw.efi 15 >\sources\boot.wim +\Boot\BCD",
        boots: "image store",
    },
    History {
        what: "the same, and how much was read is known",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi <\sources\boot.wim 9
                +bootmgfw.efi 15 >\sources\boot.wim:400 +\Boot\BCD",
        boots: "image store",
    },
    History {
        what: "the same, but it was whole, and the server only slow to close it",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi <\sources\boot.wim 9
                +bootmgfw.efi 15 >\sources\boot.wim:1000 +\Boot\BCD",
        boots: "done store",
    },
    History {
        what: "no store, and the firmware at once tries the next entry of its list",
        plays: r"+bootx64.efi -\Boot\BCD 1 +bootx64.efi -\Boot\BCD",
        boots: "manager manager",
    },
    History {
        what: "the boot manager is told twice that it is not there itself",
        plays: r"+bootmgfw.efi +\Boot\BCD -\bootmgfw.efi -\BOOTMGFW.EFI",
        boots: "store",
    },
    History {
        what: "a menu of the boot manager waits for ten minutes",
        plays: r"+bootmgfw.efi +\Boot\BCD +\Boot\BCD +\bootmgfw.efi 600 +\sources\boot.wim
                +\boot\boot.sdi +\boot\boot.sdi +\sources\boot.wim",
        boots: "done",
    },
    History {
        what: "it waits over lunch",
        plays: r"+bootmgfw.efi +\Boot\BCD +\Boot\BCD +\bootmgfw.efi 3600 +\sources\boot.wim
                +\boot\boot.sdi +\boot\boot.sdi +\sources\boot.wim",
        boots: "done",
    },
    History {
        what: "a menu of pxelinux waits for ten minutes",
        plays: r"+pxelinux.0 +ldlinux.c32 -pxelinux.cfg/0A000001 +pxelinux.cfg/default 600
                +images/win11/pxeboot.n12 +bootmgr.exe +\Boot\BCD",
        boots: "store",
    },
    History {
        what: "the computer was switched off before its menu",
        plays: r"+pxelinux.0 +pxelinux.cfg/default 600 +pxelinux.0 +pxelinux.cfg/default",
        boots: "program program",
    },
    History {
        what: "a script of iPXE waits for ten minutes, and chains another boot program",
        plays: r"+undionly.kpxe +boot.ipxe 600 +images/win11/bootmgfw.efi +\BCD",
        boots: "store",
    },
    History {
        what: "iPXE in the card: no boot program begins it",
        plays: "+/boot.ipxe +/wimboot +/BCD +/boot.sdi +/boot.wim 60 \
                +/boot.ipxe +/wimboot +/BCD +/boot.sdi",
        boots: "done sdi",
    },
    History {
        what: "wimboot brings another program behind the boot image",
        plays: "+ipxe.efi +boot.ipxe +/wimboot +/boot.sdi </boot.wim 60 >/boot.wim +/bootx64.efi \
                +/BCD",
        boots: "done",
    },
    History {
        what: "wimboot brings a boot program behind a slow boot.sdi",
        plays: "+ipxe.efi +boot.ipxe +/wimboot </boot.sdi 20 >/boot.sdi +/bootx64.efi +/boot.wim",
        boots: "done",
    },
    History {
        what: "the boot program comes from another server",
        plays: r"+\Boot\BCD +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi +\sources\boot.wim 300
                +\Boot\BCD +\Boot\BCD",
        boots: "done store",
    },
    History {
        what: "only the boot manager comes from here",
        plays: r"+\bootmgr.exe +\Boot\BCD 60 +\bootmgr.exe -\Boot\BCD",
        boots: "store manager",
    },
    History {
        what: "a transfer of 20 minutes, and nothing else asked for",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi
                <\sources\boot.wim 1200 >\sources\boot.wim",
        boots: "done",
    },
    History {
        what: "one of 40 minutes",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi
                <\sources\boot.wim 2400 >\sources\boot.wim",
        boots: "done",
    },
    History {
        what: "the transfer breaks off, and the computer is started anew",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim +\boot\boot.sdi
                <\sources\boot.wim 90 >\sources\boot.wim:300 30 UEFI",
        boots: "image done",
    },
    History {
        what: "back after an hour, at another program",
        plays: "+pxelinux.0 +pxelinux.cfg/default 3600 +undionly.kpxe",
        boots: "program program",
    },
    History {
        what: "back after an hour, while its server never closed a file",
        plays: r"<bootmgfw.efi +\Boot\BCD 3600 +bootmgfw.efi",
        boots: "store program",
    },
    History {
        what: "the running system asks for files of its own",
        plays: r"UEFI 60 +\SMSTemp\x.boot.var 3600 -\sources\install.wim +\sources\install.esd
                +setup.wim -drivers -tool.efi 3600 +\SMSTemp\x.boot.var",
        boots: "done",
    },
    History {
        what: "the running system reads another boot image here and there",
        plays: r"UEFI 60 </sources/install.wim 5 >/sources/install.wim:10",
        boots: "done",
    },
    History {
        what: "the server is late to close the file of which only the size was asked",
        plays: r"+bootmgfw.efi +\Boot\BCD <\sources\boot.wim +\boot\boot.sdi
                <\sources\boot.wim 5 >\sources\boot.wim 5",
        boots: "image",
    },
    History {
        what: "the same, until the boot image is closed too",
        plays: r"+bootmgfw.efi +\Boot\BCD <\sources\boot.wim +\boot\boot.sdi
                <\sources\boot.wim 5 >\sources\boot.wim:0 5 >\sources\boot.wim",
        boots: "done",
    },
    History {
        what: "a store without boot.sdi: the boot image alone, twice",
        plays: r"+bootmgfw.efi +\Boot\BCD +\sources\boot.wim <\SOURCES\BOOT.WIM 9
                >\SOURCES\BOOT.WIM",
        boots: "done",
    },
    History {
        what: "a menu whose first entry lacks boot.sdi: the sizes of two boot images",
        plays: r"+bootmgfw.efi +\Boot\BCD +\a.wim -\a.sdi 60 +\b.wim 60",
        boots: "store",
    },
];

#[test]
fn boots_begin_where_computers_do() {
    for History { what, plays, boots } in &HISTORIES {
        let mut player = Player::new();
        let in_full = |word| match word {
            "UEFI" => UEFI,
            "BIOS" => BIOS,
            word => word,
        };
        let plays: Vec<&str> = plays.split_whitespace().map(in_full).collect();
        player.plays(&plays.join(" "));
        let stages: Vec<&str> = player.stages().into_iter().map(word).collect();
        assert_eq!(stages.join(" "), *boots, "{what}: {plays:?}");
    }
}

/// What is asked for by a name that ends a boot is of that boot, and not of the next one.
#[test]
fn a_new_boot_begins_with_nothing() {
    let mut player = Player::new();
    player.plays(r"+images/a/bootx64.efi -\Boot\BCD 30 +bootx64.efi");
    let boot = player.boot();
    assert_eq!(boot.progress.lost, None);
    assert_eq!((boot.requests, boot.misses, boot.open), (1, 0, 0));
    assert_eq!(boot.entries().count(), 1);
    assert_eq!(boot.began, boot.last - crate::player::MOMENT);
    let history = player.journal.of(&player.who).unwrap();
    assert_eq!(history.earlier.len(), 1);
    assert_eq!(history.earlier[0].progress.stage, Stage::Manager);
    assert!(history.earlier[0].serial < boot.serial);
    assert_eq!(player.journal.size().boots, 2);
}

/// Three besides the present one.
#[test]
fn the_oldest_boots_are_forgotten() {
    let mut player = Player::new();
    for number in 0..6 {
        player.plays(&format!("+a.efi +file{number} 60"));
    }
    assert_eq!(player.stages().len(), 4);
    assert_eq!(player.journal.size().requests, 8);
    assert_eq!(player.journal.size().boots, 6);
}
