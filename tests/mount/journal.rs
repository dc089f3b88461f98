//! What the daemon tells of boots, behind real servers: which name was asked for and what it
//! became, how far each boot is, what a boot that failed lacked, and what to do about it.
//!
//! That healthy boots raise no alarm is looked at where whole boots are played (`boots`).

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use winbootfs::control::{self, Question};
use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{Answer, Client, Diagnosis, How, State};

use crate::common::media;
use crate::common::mounted::{Mounted, PATIENCE, program};
use crate::common::servers::{self, Server};
use crate::common::skip::{or_skip, skip};
use crate::common::status::{asked, boots, client_when, status};
use crate::common::wait;
use crate::common::wims;
use crate::common::world::World;

const CLIENT: [u8; 4] = [127, 0, 0, 21];

fn name(client: [u8; 4]) -> String {
    std::net::Ipv4Addr::from(client).to_string()
}

/// An image that lacks nothing but what a test takes away.
fn image() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("Boot/pxeboot.n12", b"pxeboot".to_vec()),
        ("Boot/bootmgr.exe", b"bootmgr".to_vec()),
        ("bootmgfw.efi", b"bootmgfw".to_vec()),
        ("Boot/boot.sdi", b"sdi ".repeat(500)),
        ("sources/boot.wim", b"wim ".repeat(2_000_000)),
    ]
}

fn without(path: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = image();
    let before = files.len();
    files.retain(|(name, _)| *name != path);
    assert_eq!(files.len() + 1, before, "{path}");
    files
}

fn mounted(files: &[(&'static str, Vec<u8>)]) -> Option<(World, Mounted)> {
    let world = World::new().image("x", files).default_image("x");
    let mounted = Mounted::new(&world)?;
    Some((world, mounted))
}

/// Asks for names one after the other, whether they are there or not.
fn asks(server: &Server, client: [u8; 4], names: &[&str]) {
    let transfer = server.client(client);
    for name in names {
        let _ = transfer.get(name.as_bytes());
    }
}

fn diagnosis(mountpoint: &Path, client: [u8; 4]) -> (Client, Diagnosis) {
    let client = client_when(mountpoint, &name(client), |client| {
        client.diagnosis.is_some()
    });
    let diagnosis = client.diagnosis.clone().unwrap();
    (client, diagnosis)
}

#[test]
fn each_request_is_told_with_what_it_became() {
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    let names = [
        r"Boot\PXEBOOT.n12",
        r"bootmgr.exe",
        r"\Boot\BCD",
        r"\hiberfil.sys",
        r"\Boot\boot.sdi",
    ];
    asks(&server, CLIENT, &names);
    let boots = boots(mounted.root(), &name(CLIENT));
    let outcomes = ["opened", "opened", "opened", "missing", "opened"];
    let expected: Vec<_> = outcomes.into_iter().zip(names).collect();
    assert_eq!(asked(&boots), expected);
    let hows = boots.boots[0].requests.iter();
    let hows: Vec<_> = hows
        .filter_map(|request| match &request.answer {
            Answer::Opened {
                how, path, image, ..
            } => {
                assert_eq!(image.as_deref(), Some("x"));
                Some((*how, path.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(hows[0], (How::Folded, "Boot/pxeboot.n12"));
    assert_eq!(hows[1], (How::Alias, "Boot/bootmgr.exe"));
    assert_eq!(hows[2].0, How::Made);
    assert_eq!(hows[3], (How::Exact, "Boot/boot.sdi"));
    let server = &boots.boots[0].requests[0].server;
    assert!(server.starts_with("in.tftpd["), "{server}");
}

#[test]
fn a_boot_without_its_sdi_says_what_the_screen_shows_and_which_line_asked_for_it() {
    let Some((_world, mounted)) = mounted(&without("Boot/boot.sdi")) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    asks(
        &server,
        CLIENT,
        &[
            "bootmgfw.efi",
            r"\Boot\BCD",
            r"\bootmgfw.efi",
            r"\Boot\boot.sdi",
        ],
    );
    let (client, diagnosis) = diagnosis(mounted.root(), CLIENT);
    assert_eq!(client.state, State::Failed);
    assert_eq!(client.stage, Stage::Store);
    assert_eq!(client.firmware.as_deref(), Some("UEFI"));
    assert!(
        diagnosis.what.contains(r"image x has no \Boot\boot.sdi"),
        "{diagnosis:?}"
    );
    let screen = diagnosis.screen.as_deref().unwrap();
    assert!(screen.starts_with("0xc000000f "), "{screen}");
    let asked_by = diagnosis.hints.iter();
    let mut asked_by = asked_by.filter(|hint| hint.contains(r"ramdisksdipath \boot\boot.sdi"));
    assert!(asked_by.next().is_some(), "{diagnosis:?}");
    assert!(
        diagnosis
            .next
            .contains("copy boot/boot.sdi from install media"),
        "{diagnosis:?}"
    );
    mounted.wait_for_log(r"image x has no \Boot\boot.sdi");
}

/// The nearest name, the alias that would lead to it, and which other image has it.
#[test]
fn a_missing_boot_image_is_looked_for_elsewhere() {
    let mut files = without("sources/boot.wim");
    files.push(("pe/special.wim", b"wim".to_vec()));
    let world = World::new()
        .image("x", &files)
        .image("y", &image())
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    asks(&server, CLIENT, &["pxeboot.n12", r"\tools\SPECIAL.wim"]);
    let (_, found) = diagnosis(mounted.root(), CLIENT);
    assert!(
        found
            .hints
            .contains(&r"the nearest: \pe\special.wim".to_owned()),
        "{found:?}"
    );
    let alias = r#"[image.x] alias = { "tools/SPECIAL.wim" = "pe/special.wim" }"#;
    assert!(found.next.contains(alias), "{found:?}");

    let other = [127, 0, 0, 22];
    asks(&server, other, &["pxeboot.n12", r"\sources\boot.wim"]);
    let (_, found) = diagnosis(mounted.root(), other);
    assert!(
        found.hints.contains(&"image y has it".to_owned()),
        "{found:?}"
    );
    assert!(
        found.next.contains("winbootfs client set 127.0.0.22 y"),
        "{found:?}"
    );
}

/// Followed to the letter, the advice makes it go away: where the file is elsewhere, and where
/// there is another one only.
#[test]
fn the_alias_that_is_advised_mends_the_boot() {
    let Some(wim) = or_skip(wims::wim(&[("a", "b")], &[])) else {
        return;
    };
    for (there, asked) in [
        ("pe/special.wim", r"\tools\special.wim"),
        ("sources/boot.wim", r"\sources\cust.wim"),
        ("sources/boot.wim", r"\Boot\bot.wim"),
    ] {
        let mut files = without("sources/boot.wim");
        files.push((there, wim.clone()));
        let world = World::new().image("x", &files).default_image("x");
        let Some(mounted) = Mounted::new(&world) else {
            return;
        };
        let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
            return;
        };
        asks(&server, CLIENT, &["pxeboot.n12", asked]);
        let (_, found) = diagnosis(mounted.root(), CLIENT);
        follow(&world, &found.next);
        mounted.wait_for_log("new configuration in force");
        asks(&server, CLIENT, &[asked]);
        let client = client_when(mounted.root(), &name(CLIENT), |client| {
            client.stage == Stage::Done
        });
        assert_eq!(client.diagnosis, None, "{asked}");
    }
}

/// Writes the alias that is advised for image x into the configuration.
fn follow(world: &World, advice: &str) {
    let (_, alias) = advice.split_once("[image.x] ").unwrap();
    let (alias, _) = alias.split_once('}').unwrap();
    let image = "[image.\"x\"]\n";
    let config = fs::read_to_string(world.path("mounts.toml")).unwrap();
    let config = config.replace(image, &format!("{image}{alias}}}\n"));
    world.put("mounts.toml", config.as_bytes());
}

/// A boot image on its way, and one that never came to its end.
#[test]
fn a_boot_image_tells_how_much_of_it_is_there_and_whether_it_was_broken_off() {
    for server in [servers::tftpd_hpa, servers::atftpd] {
        let Some((_world, mounted)) = mounted(&image()) else {
            return;
        };
        let Some(server) = or_skip(server(mounted.root())) else {
            return;
        };
        asks(
            &server,
            CLIENT,
            &["bootmgfw.efi", r"\Boot\BCD", r"\Boot\boot.sdi"],
        );
        let (reached, half) = mpsc::channel();
        let (goes_on, waits) = mpsc::channel::<()>();
        let transfer = server.client(CLIENT).deadline(PATIENCE * 2);
        let loading = thread::spawn(move || {
            let mut come = 0;
            transfer.first(br"\sources\boot.wim", 4_000_000, |bytes| {
                let before = come;
                come += bytes.len();
                if before < 2_000_000 && come >= 2_000_000 {
                    reached.send(()).unwrap();
                    waits.recv().unwrap();
                }
            })
        });
        half.recv_timeout(PATIENCE).unwrap();
        // Before it was followed for a second nobody knows how fast it may be.
        let held = Instant::now();
        let client = client_when(mounted.root(), &name(CLIENT), |client| {
            let image = client.boot_image.as_ref();
            let is_there = image.and_then(|image| image.percent()) == Some(25);
            is_there && held.elapsed() > Duration::from_millis(1100)
        });
        assert_eq!(
            (client.stage, client.state),
            (Stage::Image, State::UnderWay)
        );
        goes_on.send(()).unwrap();
        loading.join().unwrap().unwrap();
        let (client, diagnosis) = diagnosis(mounted.root(), CLIENT);
        assert_eq!(client.state, State::Failed, "{client:?}");
        assert!(diagnosis.what.contains("was broken off"), "{diagnosis:?}");
    }
}

/// Nobody sees the last bytes go: when the file is closed it may be looked at no more.
#[test]
fn a_boot_image_that_came_whole_is_done_however_often_it_was_looked_at() {
    let dnsmasq = |root: &Path| servers::dnsmasq(root, &["--tftp-unique-root=ip"]);
    for server in [servers::tftpd_hpa, servers::atftpd, dnsmasq] {
        let Some((_world, mounted)) = mounted(&image()) else {
            return;
        };
        let Some(server) = or_skip(server(mounted.root())) else {
            return;
        };
        asks(
            &server,
            CLIENT,
            &["bootmgfw.efi", r"\Boot\BCD", r"\Boot\boot.sdi"],
        );
        let (mut come, mut looks) = (0, 0);
        let transfer = server.client(CLIENT).deadline(PATIENCE * 2);
        let whole = transfer.pieces(br"\sources\boot.wim", |bytes| {
            come += bytes.len();
            if come / 1_000_000 > looks {
                looks += 1;
                status(mounted.root());
            }
        });
        whole.unwrap();
        assert_eq!(come, 8_000_000);
        let client = client_when(mounted.root(), &name(CLIENT), |client| {
            client.state != State::UnderWay
        });
        assert_eq!((client.stage, client.state), (Stage::Done, State::Done));
        let log = mounted.log();
        assert!(!log.contains("WARN 127.0.0.21"), "{log}");
    }
}

/// The page asks for no more clients than it can show.
#[test]
fn a_short_status_counts_all_clients_and_shows_those_that_failed() {
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    mounted.read(b"clients/10.0.0.1/Boot/pxeboot.n12").unwrap();
    assert!(mounted.read(b"clients/10.0.0.1/Boot/none.wim").is_err());
    for other in ["10.0.0.2", "10.0.0.3"] {
        let name = format!("clients/{other}/Boot/pxeboot.n12");
        mounted.read(name.as_bytes()).unwrap();
    }
    for (most, shown) in [
        (1, &["10.0.0.1"][..]),
        (2, &["10.0.0.3", "10.0.0.1"]),
        (9, &["10.0.0.3", "10.0.0.2", "10.0.0.1"]),
    ] {
        let asked = Question::Status { most_clients: most };
        let Ok(control::Answer::Status(status)) = control::ask(mounted.root(), &asked) else {
            panic!("no status");
        };
        let clients = status.clients.iter().map(|client| client.client.as_str());
        assert_eq!(clients.collect::<Vec<_>>(), shown);
        assert_eq!((status.images[0].clients, status.clients_in_all), (3, 3));
    }
}

/// The client is told so by its server; the operator is to hear of the source.
#[test]
fn a_boot_image_that_cannot_be_read_on_is_not_done_and_says_why() {
    let files = image().into_iter();
    let files: Vec<_> = files
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let Some(iso) = or_skip(media::iso(&files)) else {
        return;
    };
    let world = World::new();
    world.put("x.iso", &iso);
    let world = world
        .line("[image.x]\nsource = \"x.iso\"")
        .default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    asks(
        &server,
        CLIENT,
        &["bootmgfw.efi", r"\Boot\BCD", r"\Boot\boot.sdi"],
    );
    let whole = 8_000_000;
    let mut come = 0;
    let failed = server
        .client(CLIENT)
        .first(br"\sources\boot.wim", whole, |bytes| {
            let before = come;
            come += bytes.len();
            if before < 100_000 && come >= 100_000 {
                let file = fs::File::options().write(true).open(world.path("x.iso"));
                file.unwrap().set_len(iso.len() as u64 / 2).unwrap();
            }
        });
    assert!(failed.is_err() && come < whole, "{come} bytes came");
    let (client, diagnosis) = diagnosis(mounted.root(), CLIENT);
    assert_eq!(client.state, State::Failed, "{client:?}");
    let words = r"\sources\boot.wim could not be read from byte ";
    assert!(diagnosis.what.starts_with(words), "{diagnosis:?}");
    assert!(diagnosis.what.contains(" of 8000000 on: "), "{diagnosis:?}");
}

/// The rule would give it another image, but its server does not say who it is.
#[test]
fn a_server_that_names_no_client_is_warned_of_with_the_line_it_needs() {
    let world = World::new()
        .image("x", &image())
        .image("y", &image())
        .default_image("x")
        .client(&name(CLIENT), "y");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = or_skip(servers::dnsmasq(mounted.root(), &[])) else {
        return;
    };
    asks(&server, CLIENT, &["bootmgfw.efi", "Boot/BCD"]);
    let status = status(mounted.root());
    let warning = status
        .warnings
        .iter()
        .find(|line| line.contains("dnsmasq asks without"));
    let warning = warning.unwrap_or_else(|| panic!("{:?}", status.warnings));
    assert!(warning.contains("tftp-unique-root=ip"), "{warning}");
    let known = &status.clients[0];
    assert_eq!(
        (known.client.as_str(), known.is_known),
        ("somebody behind dnsmasq", false)
    );
    // With the line it says who it is, and the warning was for nothing else.
    let Some(server) = or_skip(servers::dnsmasq(mounted.root(), &["--tftp-unique-root=ip"])) else {
        return;
    };
    asks(&server, CLIENT, &["bootmgfw.efi", "Boot/BCD"]);
    let client = client_when(mounted.root(), &name(CLIENT), |_| true);
    assert_eq!(client.image.as_deref(), Some("y"));
    assert!(client.because.contains("mounts.toml:"), "{client:?}");
}

/// It asks for the files of one image by name, and its rule says another.
#[test]
fn a_client_that_reads_another_image_than_its_rule_gives_is_noticed() {
    let world = World::new()
        .image("x", &image())
        .image("y", &image())
        .default_image("x")
        .line(&format!(
            "[[client]]\nmatch = \"{}\"\nimage = \"y\"\nfollow = false",
            name(CLIENT)
        ));
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    asks(&server, CLIENT, &["images/x/bootmgfw.efi"]);
    let (client, diagnosis) = diagnosis(mounted.root(), CLIENT);
    assert_eq!(client.state, State::UnderWay);
    assert!(
        diagnosis
            .what
            .contains("files of image x, and its rule gives y"),
        "{diagnosis:?}"
    );
}

/// Names that no terminal should get: they are shown, and nothing else.
#[test]
fn control_characters_in_names_are_made_visible() {
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    let Some(server) = or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    let watcher = Watcher::start(mounted.root());
    let _ = server.client(CLIENT).get(b"evil\x1b[2J\x07<b>\xff.wim");
    let line = watcher.line_with("evil");
    assert!(!line.contains('\x1b') && !line.contains('\x07'), "{line:?}");
    assert!(line.contains(r"evil\u{1b}[2J\u{7}<b>\xff.wim"), "{line:?}");
    let requests = boots(mounted.root(), &name(CLIENT)).boots[0]
        .requests
        .clone();
    assert_eq!(requests[0].worth, Worth::Unsure);
}

/// `winbootfs watch`, ended with this.
struct Watcher {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Watcher {
    fn start(mountpoint: &Path) -> Self {
        let mut command: Command = program();
        command.arg("watch").arg(mountpoint).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            use std::io::BufRead;
            for line in std::io::BufReader::new(out).lines() {
                if line.map_or(true, |line| sender.send(line).is_err()) {
                    return;
                }
            }
        });
        let watcher = Self { child, lines };
        watcher.line_with("-- watching");
        watcher
    }

    #[track_caller]
    fn line_with(&self, words: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("{words:?} is in none of {seen:#?}");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_watcher_outlives_the_daemon() {
    let world = World::new().image("x", &image()).default_image("x");
    let Some(mut mounted) = Mounted::new(&world) else {
        return;
    };
    let watcher = Watcher::start(mounted.root());
    let file = |mounted: &Mounted| mounted.read(br"clients/10.0.0.1/\Boot\BCD").unwrap();
    file(&mounted);
    watcher.line_with(r"opened   \Boot\BCD");
    mounted.signal(rustix::process::Signal::TERM);
    mounted.wait_for_end();
    watcher.line_with("the daemon has ended");
    let again = Mounted::new(&world).unwrap();
    watcher.line_with("-- watching");
    file(&again);
    watcher.line_with(r"opened   \Boot\BCD");
}

/// Somebody in the daemon's place takes each question and says nothing.
#[test]
fn a_question_that_is_broken_off_is_told_as_that() {
    use std::os::unix::fs::MetadataExt;
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        return skip("the sockets of others than root lie elsewhere");
    }
    let device = fs::metadata(mounted.root()).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let socket = format!("/run/winbootfs/{major}-{minor}.sock");
    fs::remove_file(&socket).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let asked = program().arg("status").arg(mounted.root()).output();
    let said = String::from_utf8(asked.unwrap().stderr).unwrap();
    assert!(
        said.contains("took no question") && said.contains("ask again"),
        "{said}"
    );
}

/// It may be slow, or held by a disk: that is told as what it is, to watchers too.
#[test]
fn a_daemon_that_stands_still_is_not_taken_for_one_that_has_ended() {
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    let watcher = Watcher::start(mounted.root());
    mounted.signal(rustix::process::Signal::STOP);
    let asked = program().arg("status").arg(mounted.root()).output();
    let said = String::from_utf8(asked.unwrap().stderr).unwrap();
    watcher.line_with("-- the daemon does not answer; waiting");
    mounted.signal(rustix::process::Signal::CONT);
    assert!(said.contains("does not answer within 5s"), "{said}");
    mounted.read(br"clients/10.0.0.1/\Boot\BCD").unwrap();
    watcher.line_with(r"opened   \Boot\BCD");
}

/// What the kernel does not ask again for a while it asks each time where it counts.
#[test]
fn a_needed_name_that_is_missing_is_seen_each_time() {
    let Some((_world, mounted)) = mounted(&image()) else {
        return;
    };
    for _ in 0..3 {
        assert!(mounted.read(b"clients/10.0.0.1/Boot/no.wim").is_err());
        assert!(mounted.read(b"clients/10.0.0.1/Boot/no.ttf").is_err());
    }
    let boots = boots(mounted.root(), "10.0.0.1");
    let times = |name: &str| -> u32 {
        let requests = boots.boots[0].requests.iter();
        let meant = requests.filter(|request| request.name.ends_with(name));
        meant.map(|request| request.times).sum()
    };
    assert_eq!((times("no.wim"), times("no.ttf")), (3, 1));
}

/// Nobody else, the group of the configuration, and again nobody.
#[test]
fn only_root_and_the_group_of_the_configuration_may_ask() {
    use std::os::unix::process::CommandExt;
    let world = World::new().image("x", &image()).default_image("x");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let nobody = |group: u32| {
        let mut command = program();
        command
            .arg("status")
            .arg(mounted.root())
            .uid(65534)
            .gid(group);
        command.output().unwrap()
    };
    let denied = nobody(12345);
    let said = String::from_utf8_lossy(&denied.stderr).into_owned();
    assert_eq!(denied.status.code(), Some(1), "{said}");
    assert!(said.contains("status_group"), "{said}");
    let config = std::fs::read_to_string(world.path("mounts.toml")).unwrap();
    world.put(
        "mounts.toml",
        format!("status_group = \"12345\"\n{config}").as_bytes(),
    );
    mounted.wait_for_log("new configuration in force");
    wait::until("the group to be let in", Duration::from_secs(5), || {
        nobody(12345).status.success().then_some(())
    });
    assert!(!nobody(12346).status.success());
    world.put("mounts.toml", config.as_bytes());
    wait::until("the group to be kept out", PATIENCE, || {
        (!nobody(12345).status.success()).then_some(())
    });
}
