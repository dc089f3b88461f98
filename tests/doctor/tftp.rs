//! What dnsmasq, tftpd-hpa and atftpd are set up to do.

use winbootfs::doctor::setup::{Flaw, defaults, inetd};

use crate::disk::{Disk, roots, set_up};

/// Each word of a line of configuration that matters, on the command line as well.
#[test]
fn dnsmasq_is_understood() {
    for (lines, found) in [
        ("enable-tftp\ntftp-root=/srv/tftp", "/srv/tftp plain"),
        (
            "enable-tftp\ntftp-root=/srv/tftp\ntftp-unique-root",
            "/srv/tftp address",
        ),
        (
            "enable-tftp\ntftp-root=/srv/tftp\ntftp-unique-root=ip",
            "/srv/tftp address",
        ),
        (
            "enable-tftp=eth0\ntftp-root=/srv/tftp\ntftp-unique-root=MAC",
            "/srv/tftp mac",
        ),
        ("enable-tftp", "/ plain"),
        ("enable-tftp\ntftp-unique-root", "/ plain"),
        ("enable-tftp\ntftp-root=/a\ntftp-root=/b", "/b plain"),
        (
            "enable-tftp\ntftp-root=/a,eth0\ntftp-root=/b",
            "/a plain, /b plain",
        ),
        (
            "  enable-tftp # yes\n  tftp-root = \"/srv/tftp\"  # there",
            "/srv/tftp plain",
        ),
        ("enable-tftp\ntftp-root=/srv/a#b", "/srv/a#b plain"),
        ("#enable-tftp\ntftp-root=/srv/tftp", "off"),
        ("tftp-root=/srv/tftp", "off"),
        ("", "off"),
    ] {
        let in_file = Disk::new(&[("/etc/dnsmasq.conf", lines)]);
        let (setup, troubles) = set_up("/usr/sbin/dnsmasq -k", &in_file);
        let shown = match setup.off {
            Some(_) => "off".to_owned(),
            None => roots(&setup).join(", "),
        };
        assert_eq!(shown, found, "{lines}");
        assert_eq!(troubles, Vec::<String>::new(), "{lines}");
    }
}

#[test]
fn dnsmasq_takes_the_same_on_its_command_line() {
    let disk = Disk::default();
    for (command, found) in [
        (
            "dnsmasq --enable-tftp --tftp-root=/srv --tftp-unique-root=ip",
            "/srv address",
        ),
        ("dnsmasq --enable-tftp --tftp-root /srv", "/srv plain"),
        (
            "dnsmasq -C /dev/null --enable-tftp --tftp-root=/srv -u nobody",
            "/srv plain",
        ),
    ] {
        assert_eq!(roots(&set_up(command, &disk).0), [found], "{command}");
    }
}

#[test]
fn dnsmasq_follows_files_and_folders() {
    let disk = Disk::new(&[
        (
            "/etc/dnsmasq.conf",
            "conf-dir=/etc/d,*.conf\nconf-file=/etc/more",
        ),
        ("/etc/d/a.conf", "enable-tftp"),
        ("/etc/d/b.conf~", "tftp-unique-root=mac"),
        ("/etc/d/.b.conf", "tftp-unique-root=mac"),
        ("/etc/d/b.txt", "tftp-unique-root=mac"),
        ("/etc/more", "tftp-root=/srv\nconf-file=/etc/more\n"),
    ]);
    let (setup, _) = set_up("dnsmasq", &disk);
    assert_eq!(roots(&setup), ["/srv plain"]);
    assert_eq!(setup.roots[0].file.as_deref(), Some("/etc/more".as_ref()));
    let debian = Disk::new(&[
        ("/etc/dnsmasq.conf", ""),
        ("/etc/dnsmasq.d/pxe", "enable-tftp\ntftp-root=/srv"),
        ("/etc/dnsmasq.d/pxe.dpkg-old", "tftp-unique-root"),
    ]);
    let command = "/usr/sbin/dnsmasq -x /run/d.pid -u dnsmasq -7 /etc/dnsmasq.d,.dpkg-dist,.dpkg-old \
                   --local-service";
    assert_eq!(roots(&set_up(command, &debian).0), ["/srv plain"]);
}

#[test]
fn dnsmasq_flaws() {
    let flaws = |command: &str| set_up(command, &Disk::default()).0.flaws;
    assert_eq!(flaws("dnsmasq --enable-tftp --tftp-root=/srv"), []);
    assert_eq!(
        flaws("dnsmasq --enable-tftp --tftp-root=/srv --tftp-secure"),
        [Flaw::OwnFilesOnly]
    );
    assert_eq!(
        flaws("dnsmasq --enable-tftp --tftp-unique-root"),
        [Flaw::NoRoot]
    );
}

#[test]
fn what_dnsmasq_reads_elsewhere_is_told() {
    let disk = Disk::new(&[(
        "/etc/dnsmasq.conf",
        "conf-script=/bin/x\nconf-file=/gone\nconf-dir=/none",
    )]);
    let (_, troubles) = set_up("dnsmasq", &disk);
    assert_eq!(troubles.len(), 3, "{troubles:?}");
    assert!(troubles[0].contains("conf-script"), "{troubles:?}");
    assert!(troubles[1].contains("/gone cannot be read"), "{troubles:?}");
}

/// It went to `/` when it had read it, so the file is not where its name leads now.
#[test]
fn a_file_of_dnsmasq_that_cannot_be_read_does_not_switch_its_tftp_off() {
    let (setup, troubles) = set_up("dnsmasq -C relative.conf", &Disk::default());
    assert_eq!((setup.off, setup.roots), (None, vec![]));
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert!(
        troubles[0].starts_with("/relative.conf cannot be read"),
        "{troubles:?}"
    );
    let disk = Disk::new(&[("/relative.conf", "enable-tftp\ntftp-root=/srv")]);
    let (setup, troubles) = set_up("dnsmasq -d -C relative.conf", &disk);
    assert_eq!(roots(&setup), ["/srv plain"], "{troubles:?}");
}

#[test]
fn tftpd_hpa_is_understood() {
    let map = |line: &str| Disk::new(&[("/etc/map", line)]);
    for (command, line, found) in [
        (
            "in.tftpd --listen --user tftp --address :69 --secure /srv/tftp",
            "",
            "/srv/tftp plain",
        ),
        (
            "in.tftpd -l -s -u tftp -a :69 --verbosity 3 /srv/tftp",
            "",
            "/srv/tftp plain",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "r ^(.*)$ /clients/\\i/\\1",
            "/srv/clients address",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "rg \\\\ /\nr ^(.*)$ clients/\\x/\\1 # each",
            "/srv/clients address",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "r ^/(.*) \\i/\\1",
            "/srv address",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "# r ^(.*)$ /clients/\\i/\\1\nrg \\\\ /",
            "/srv plain",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "r ^boot(.*)$ /clients/\\i/\\1",
            "/srv unknown",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "r4 ^(.*)$ /clients/\\i/\\1",
            "/srv unknown",
        ),
        (
            "in.tftpd -sm /etc/map /srv",
            "r ^(.*)$ /hosts/\\i/\\1",
            "/srv unknown",
        ),
        ("in.tftpd -sm /gone /srv", "", "/srv unknown"),
        ("in.tftpd -l /srv/tftp", "", "/srv/tftp plain"),
        ("in.tftpd -l", "", "/ plain"),
    ] {
        assert_eq!(
            roots(&set_up(command, &map(line)).0),
            [found],
            "{command}: {line}"
        );
    }
}

/// Without `--secure` it goes nowhere, and takes no name of Windows.
#[test]
fn tftpd_hpa_without_secure() {
    let disk = Disk::default();
    let (secure, _) = set_up("in.tftpd --secure /srv", &disk);
    assert!(secure.stands && secure.flaws.is_empty());
    let (open, _) = set_up("in.tftpd -l /srv /other", &disk);
    assert!(!open.stands);
    assert_eq!(open.flaws, [Flaw::RelativeRefused]);
    assert_eq!(roots(&open), ["/srv plain", "/other plain"]);
}

#[test]
fn atftpd_is_understood() {
    let disk = Disk::default();
    for (command, found) in [
        (
            "atftpd --daemon --maxthread 200 /srv/tftp",
            "/srv/tftp plain",
        ),
        (
            "atftpd --daemon -m 200 --logfile - --port 6969 /srv/tftp",
            "/srv/tftp plain",
        ),
        ("atftpd --daemon", "/tftpboot plain"),
    ] {
        assert_eq!(roots(&set_up(command, &disk).0), [found], "{command}");
    }
}

#[test]
fn inetd_names_its_servers() {
    let text = "# tftp dgram udp wait root /x in.tftpd -s /off\n\
                ftp stream tcp nowait root /usr/sbin/ftpd ftpd\n\
                tftp dgram udp wait root /usr/sbin/in.tftpd in.tftpd -s /srv/tftp\n\
                10.0.0.1:tftp dgram udp4 wait root /usr/sbin/tcpd /usr/sbin/atftpd /srv\n\
                tftp dgram\n";
    let found = inetd::tftp(text);
    let lines: Vec<String> = found.iter().map(|command| command.join(" ")).collect();
    assert_eq!(lines, ["in.tftpd -s /srv/tftp", "/usr/sbin/atftpd /srv"]);
    let programs: Vec<&str> = found
        .iter()
        .map(|command| inetd::program(command))
        .collect();
    assert_eq!(programs, ["in.tftpd", "atftpd"]);
}

#[test]
fn the_files_of_etc_default() {
    let text = "# comment\nTFTP_DIRECTORY=\"/old\"\nTFTP_DIRECTORY=\"/srv/tftp\"\nTFTP_OPTIONS='--secure -v'\nA=b c\n";
    for (key, value) in [
        ("TFTP_DIRECTORY", Some("/srv/tftp")),
        ("TFTP_OPTIONS", Some("--secure -v")),
        ("A", Some("b")),
        ("B", None),
    ] {
        assert_eq!(defaults::value(text, key).as_deref(), value, "{key}");
    }
}
