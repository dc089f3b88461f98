//! Lease files: what each server's says, what is wrong in one, and how it changes.
//!
//! Lines marked `wrote` are what dnsmasq 2.90, ISC dhcpd 4.4.3 and Kea 2.2 wrote on Debian
//! 12 when a client took and gave back a lease.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;
use winbootfs::leases::{Complaint, LeaseFile, Leases, Unusable};

/// Noon of the day on which the servers wrote.
const NOW: u64 = 1_795_348_800;
const MAC: [u8; 6] = [0x52, 0x54, 0, 0xaa, 0xbb, 1];
const OTHER: [u8; 6] = [0x52, 0x54, 0, 0xaa, 0xbb, 2];

const KEA4: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n";
const KEA6: &str = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n";

fn parse(text: &str) -> (Leases, Vec<Complaint>) {
    Leases::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn whole(text: &str) -> Leases {
    let (leases, complaints) = parse(text);
    assert_eq!(complaints, Vec::new(), "{text}");
    leases
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn mac_in(text: &str, address: &str) -> Option<[u8; 6]> {
    whole(text).mac_of(ip(address), NOW)
}

/// The lines of the complaints.
fn wrong(text: &str) -> Vec<usize> {
    parse(text)
        .1
        .iter()
        .map(|complaint| complaint.line)
        .collect()
}

#[test]
fn dnsmasq_as_it_wrote() {
    let text = "1795376520 52:54:00:aa:bb:01 192.168.77.48 * *\n\
        duid 00:01:00:01:32:95:f3:f4:7a:9d:00:60:5d:fd\n\
        1795376520 11188993 fd77::103 * 00:03:00:01:52:54:00:aa:bb:01\n";
    assert_eq!(mac_in(text, "192.168.77.48"), Some(MAC));
    assert_eq!(
        mac_in(text, "::ffff:192.168.77.48"),
        Some(MAC),
        "the same client"
    );
    assert_eq!(mac_in(text, "fd77::103"), Some(MAC));
    assert_eq!(mac_in(text, "192.168.77.49"), None);
    assert_eq!(whole(text).len(), 2);
}

#[test]
fn dnsmasq_line_by_line() {
    for (line, address, expected) in [
        (
            "1795348801 52:54:00:aa:bb:01 10.0.0.5 pc 01:52:54:00:aa:bb:01",
            "10.0.0.5",
            Some(MAC),
        ),
        (
            "1795348800 52:54:00:aa:bb:01 10.0.0.5 pc *",
            "10.0.0.5",
            None,
        ),
        ("0 52:54:00:aa:bb:01 10.0.0.5 * *", "10.0.0.5", Some(MAC)),
        (
            "infinite 52:54:00:aa:bb:01 10.0.0.5 * *",
            "10.0.0.5",
            Some(MAC),
        ),
        // A length: a machine whose clock keeps no time.
        (
            "43200 52:54:00:aa:bb:01 10.0.0.5 * *",
            "10.0.0.5",
            Some(MAC),
        ),
        (
            "4294967295 52:54:00:AA:BB:01 10.0.0.5 * *",
            "10.0.0.5",
            Some(MAC),
        ),
        ("0 06-52:54:00:aa:bb:01 10.0.0.5 * *", "10.0.0.5", Some(MAC)),
        ("0 18-52:54:00:aa:bb:01 10.0.0.5 * *", "10.0.0.5", None),
        (
            "0 20-a0:00:01:00:fe:80:00:00:00:00:00:00:00:02:c9:03:00:11:22:33 10.0.0.5 * *",
            "10.0.0.5",
            None,
        ),
        ("0 01- 10.0.0.5 * 00:aa", "10.0.0.5", None),
        ("0 00:00:00:00:00:00 10.0.0.5 * *", "10.0.0.5", None),
        ("0 ff:ff:ff:ff:ff:ff 10.0.0.5 * *", "10.0.0.5", None),
        ("0 01:00:5e:00:00:01 10.0.0.5 * *", "10.0.0.5", None),
        (
            "0 T7 fd00::5 * 00:01:00:01:2a:00:00:00:52:54:00:aa:bb:01",
            "fd00::5",
            Some(MAC),
        ),
        (
            "0 7 fd00::5 * 00:04:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00",
            "fd00::5",
            None,
        ),
        (
            "0 7 fd00::5 * 00:03:00:20:52:54:00:aa:bb:01",
            "fd00::5",
            None,
        ),
        ("0 7 fd00::5 * *", "fd00::5", None),
    ] {
        assert_eq!(mac_in(&format!("{line}\n"), address), expected, "{line}");
    }
}

#[test]
fn dhcpd_as_it_wrote() {
    let begin = "# This lease file was written by isc-dhcp-4.4.3-P1\n\n\
        authoring-byte-order little-endian;\n\n\
        server-duid \"\\000\\001\\000\\0012\\225\\364\\276z\\235\\000`]\\375\";\n\n\
        lease 192.168.77.60 {\n  starts 0 2026/11/22 18:45:21;\n  ends 0 2026/11/22 19:45:21;\n  \
        cltt 0 2026/11/22 18:45:21;\n  binding state active;\n  next binding state free;\n  \
        rewind binding state free;\n  hardware ethernet 52:54:00:aa:bb:01;\n}\n";
    let end = "lease 192.168.77.60 {\n  starts 0 2026/11/22 18:45:21;\n  ends 0 2026/11/22 18:45:25;\n  \
        tstp 0 2026/11/22 18:45:25;\n  cltt 0 2026/11/22 18:45:21;\n  binding state free;\n  \
        hardware ethernet 52:54:00:aa:bb:01;\n}\n";
    let leases = whole(begin);
    assert_eq!(leases.mac_of(ip("192.168.77.60"), 1_795_376_720), Some(MAC));
    assert_eq!(
        leases.mac_of(ip("192.168.77.60"), 1_795_376_721),
        None,
        "19:45:21"
    );
    assert_eq!(mac_in(&format!("{begin}{end}"), "192.168.77.60"), None);
    assert_eq!(mac_in(&format!("{end}{begin}"), "192.168.77.60"), Some(MAC));
}

#[test]
fn dhcpd_for_ipv6_as_it_wrote() {
    // `lease-id-format` octal, and hex.
    for client in [
        r#""\001\273\252\000\000\003\000\001RT\000\252\273\001""#,
        "01:bb:aa:00:00:03:00:01:52:54:00:aa:bb:01",
    ] {
        let text = format!(
            "ia-na {client} {{\n  cltt 0 2026/11/22 18:43:08;\n  iaaddr fd77::400 {{\n    \
            binding state active;\n    preferred-life 2250;\n    max-life 3600;\n    \
            ends 0 2026/11/22 19:43:08;\n  }}\n}}\n\n"
        );
        assert_eq!(mac_in(&text, "fd77::400"), Some(MAC), "{client}");
        let expired = text.replace("active", "expired");
        assert_eq!(mac_in(&format!("{text}{expired}"), "fd77::400"), None);
    }
}

#[test]
fn dhcpd_statement_by_statement() {
    let hardware = "hardware ethernet 52:54:00:aa:bb:01;";
    for (statements, expected) in [
        ("ends never; binding state active; H", Some(MAC)),
        (
            "ends epoch 1795348801; # Sun Nov 22 12:00:01 2026\n binding state active; H",
            Some(MAC),
        ),
        (
            "ends epoch 1795348800; # Sun Nov 22 12:00:00 2026\n binding state active; H",
            None,
        ),
        (
            "ends 0 2026/11/22 12:00:01; binding state active; H",
            Some(MAC),
        ),
        ("ends 0 2026/11/22 12:00:00; binding state active; H", None),
        ("ends never; H", Some(MAC)),
        ("ends never; H abandoned;", None),
        ("binding state active; H", None),
        ("ends never; binding state active;", None),
        (
            "ends never; binding state free; next binding state active; H",
            None,
        ),
        (
            "ends never; next binding state free; rewind binding state free; binding state active; H",
            Some(MAC),
        ),
        ("ends never; binding state expired; H", None),
        ("ends never; binding state released; H", None),
        ("ends never; binding state backup; H", None),
        ("ends never; binding state abandoned; H", None),
        (
            "ends never; binding state active; H bootp; reserved;",
            Some(MAC),
        ),
        (
            "ends never; H uid \"\\001RT\\000\\252\\273\\001\"; client-hostname \"a } { ; # \\\" b\";",
            Some(MAC),
        ),
        (
            "ends never; H on expiry { set x = \"y\"; } set vendor-class-identifier = \"PXEClient:Arch:00007\";",
            Some(MAC),
        ),
        (
            "ends never; H on release or expiry { ends epoch 1; if known { binding state free; } }",
            Some(MAC),
        ),
        (
            "ends never; H option agent.circuit-id 0:4:0:7; set ClientMac = \"x\";",
            Some(MAC),
        ),
        ("ends never; hardware infiniband 52:54:00:aa:bb:01;", None),
        ("ends never; hardware ethernet 00:00:00:00:00:00;", None),
        ("ends never; hardware ethernet ff:ff:ff:ff:ff:ff;", None),
        ("ends never; hardware ethernet 52:54:0:aa:bb:1;", Some(MAC)),
    ] {
        let statements = statements.replace('H', hardware);
        let text = format!("lease 10.0.0.5 {{ {statements} }}\n");
        assert_eq!(mac_in(&text, "10.0.0.5"), expected, "{text}");
    }
}

#[test]
fn dhcpd_has_other_things_in_its_file() {
    let text = "host pc { dynamic; hardware ethernet 52:54:00:aa:bb:02; fixed-address 10.0.0.5; }\n\
        failover peer \"two\" state {\n  my state normal at 0 2026/11/22 10:00:00;\n}\n\
        class \"a\" { }\nkey k { algorithm hmac-md5; secret \"abc\"; };\n\
        lease 10.0.0.6 { ends never; hardware ethernet 52:54:00:aa:bb:01; }\n";
    let leases = whole(text);
    assert_eq!(leases.mac_of(ip("10.0.0.6"), NOW), Some(MAC));
    assert_eq!(leases.len(), 1, "a host that is known has no lease");
}

#[test]
fn kea_as_it_wrote() {
    let taken = "192.168.77.80,52:54:00:aa:bb:01,,3600,1795376708,1,0,0,,0,\n";
    let given_back = "192.168.77.80,52:54:00:aa:bb:01,,0,1795373108,1,0,0,,0,\n";
    let text = format!("{KEA4}{taken}");
    assert_eq!(mac_in(&text, "192.168.77.80"), Some(MAC));
    assert_eq!(
        mac_in(&format!("{text}{given_back}"), "192.168.77.80"),
        None
    );

    let taken = "fd77::500,00:03:00:01:52:54:00:aa:bb:01,3600,1795376710,1,3600,0,11188993,128,0,0,,52:54:00:aa:bb:01,0,,1,2\n";
    let given_back = "fd77::500,00:03:00:01:52:54:00:aa:bb:01,0,1795373110,1,0,0,11188993,128,0,0,,52:54:00:aa:bb:01,0,,1,2\n";
    let text = format!("{KEA6}{taken}");
    assert_eq!(mac_in(&text, "fd77::500"), Some(MAC));
    assert_eq!(mac_in(&format!("{text}{given_back}"), "fd77::500"), None);
}

#[test]
fn kea_row_by_row() {
    for (header, row, expected) in [
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01,,60,1795348801,1,0,0,a&#x2cb,0,{ \"x\": 1 }",
            Some(MAC),
        ),
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01,,60,1795348800,1,0,0,,0,",
            None,
        ),
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01,,4294967295,1795348700,1,0,0,,0,",
            Some(MAC),
        ),
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,1,",
            None,
        ),
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,2,",
            None,
        ),
        (KEA4, "10.0.0.5,,01:02,60,1795348860,1,0,0,,0,", None),
        (
            KEA4,
            "10.0.0.5,00:00:00:00:00:00,,60,1795348860,1,0,0,,0,",
            None,
        ),
        (
            KEA4,
            "10.0.0.5,52:54:00:aa:bb:01:02:03,,60,1795348860,1,0,0,,0,",
            None,
        ),
        // An old version, another order, and columns nobody knows yet.
        (
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id\n",
            "10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1",
            Some(MAC),
        ),
        (
            "address,expire,state,hwaddr,mood\n",
            "10.0.0.5,1795348860,0,52:54:00:aa:bb:01,good",
            Some(MAC),
        ),
        (
            KEA6,
            "fd00::5,00:01:00:01:2a:00:00:00:52:54:00:aa:bb:01,60,1795348860,1,60,0,7,128,0,0,,,0,,,",
            Some(MAC),
        ),
        (
            KEA6,
            "fd00::5,00:04:11:22,60,1795348860,1,60,0,7,128,0,0,,52:54:00:aa:bb:01,0,,1,2",
            Some(MAC),
        ),
        (
            KEA6,
            "fd00::5,00:04:11:22,60,1795348860,1,60,0,7,128,0,0,,,0,,,",
            None,
        ),
        (
            KEA6,
            "fd00::5,00:03:00:01:52:54:00:aa:bb:01,60,1795348860,1,60,2,7,56,0,0,,,0,,,",
            None,
        ),
    ] {
        let address = row.split(',').next().unwrap();
        assert_eq!(
            mac_in(&format!("{header}{row}\n"), address),
            expected,
            "{row}"
        );
    }
}

#[test]
fn a_header_in_the_middle_counts_from_there_on() {
    let text = format!(
        "{KEA4}10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,0,\n\
        address,expire,hwaddr\n10.0.0.6,1795348860,52:54:00:aa:bb:02\n"
    );
    assert_eq!(mac_in(&text, "10.0.0.5"), Some(MAC));
    assert_eq!(mac_in(&text, "10.0.0.6"), Some(OTHER));
}

#[test]
fn nothing_is_a_table_without_leases() {
    for text in [
        "",
        "\n\n",
        "# The format of this file\n\n",
        "half a li",
        KEA4,
        "lease 10.0.0.5 {\n",
    ] {
        assert!(whole(text).is_empty(), "{text}");
    }
}

#[test]
fn what_is_no_lease_file_is_refused() {
    for text in [
        "mountpoint = \"/srv/tftp\"\n",
        "10.0.0.5 52:54:00:aa:bb:01 pc\n",
        "address\n",
        "address,name\n10.0.0.5,pc\n",
        "lease\n",
        "option host-name \"x\";\n",
        "\u{7f}ELF\u{2}\n\n",
    ] {
        assert_eq!(
            Leases::parse(text.as_bytes()),
            Err(Unusable::Unknown),
            "{text}"
        );
    }
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_the_others_count() {
    let good = "0 52:54:00:aa:bb:01 10.0.0.5 * *\n";
    for bad in [
        "garbage\n",
        "0 52:54:00:aa:bb:01 10.0.0.7\n",
        "0 52:54:00:aa:bb:zz 10.0.0.7 * *\n",
        "0 52:54:00:aa:bb:01 10.0.0.777 * *\n",
        "soon 52:54:00:aa:bb:01 10.0.0.7 * *\n",
        "-1 52:54:00:aa:bb:01 10.0.0.7 * *\n",
        "99999999999999999999999 52:54:00:aa:bb:01 10.0.0.7 * *\n",
        "0 7 fd00::7 * zz\n",
    ] {
        let text = format!("{bad}{good}{bad}\n{good}");
        assert_eq!(wrong(&text), [1, 3], "{bad}");
        assert_eq!(
            parse(&text).0.mac_of(ip("10.0.0.5"), NOW),
            Some(MAC),
            "{bad}"
        );
    }
    let good = "lease 10.0.0.5 {\n  ends never;\n  hardware ethernet 52:54:00:aa:bb:01;\n}\n";
    for bad in [
        "lease 10.0.0.777 {\n  ends never;\n}\n",
        "lease 10.0.0.7 {\n  ends tomorrow;\n}\n",
        "lease 10.0.0.7 {\n  ends 0 2026/11/32 12:00:00;\n}\n",
        "lease 10.0.0.7 {\n  hardware ethernet 52:54:00:aa:bb;zz;\n hardware ethernet zz;\n}\n",
        "lease 10.0.0.7 {\n  ends never\n}\n",
        "lease 10.0.0.7 {\n  ends never;\n",
        "lease 10.0.0.7 {\n  client-hostname \"pc;\n",
        "ia-na \"abc\" {\n  iaaddr fd00::7 {\n    ends never;\n",
        "}\n",
        "garbage\n",
    ] {
        let lines = bad.matches('\n').count();
        let text = format!("{good}{bad}{good}{bad}{good}");
        assert_eq!(wrong(&text), [5, 9 + lines], "{bad}");
        assert_eq!(
            parse(&text).0.mac_of(ip("10.0.0.5"), NOW),
            Some(MAC),
            "{bad}"
        );
    }
    let good = "10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,0,\n";
    for bad in [
        "garbage\n",
        "10.0.0.777,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,0,\n",
        "10.0.0.7,52:54:00:aa:bb:zz,,60,1795348860,1,0,0,,0,\n",
        "10.0.0.7,52:54:00:aa:bb:01,,60,soon,1,0,0,,0,\n",
        "10.0.0.7,52:54:00:aa:bb:01,,60\n",
    ] {
        let text = format!("{KEA4}{good}{bad}{good}");
        assert_eq!(wrong(&text), [3], "{bad}");
        assert_eq!(
            parse(&text).0.mac_of(ip("10.0.0.5"), NOW),
            Some(MAC),
            "{bad}"
        );
    }
}

/// Who had the address before is known, who has it now is not: better nobody.
#[test]
fn an_entry_that_cannot_be_read_ends_the_one_before() {
    let dhcpd = "lease 10.0.0.5 {\n  ends never;\n  hardware ethernet 52:54:00:aa:bb:01;\n}\n";
    for text in [
        "0 52:54:00:aa:bb:01 10.0.0.5 * *\n0 52:54:00:aa:bb:zz 10.0.0.5 * *\n".to_owned(),
        format!("{KEA4}10.0.0.5,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,0,\n10.0.0.5,52:54\n"),
        format!("{dhcpd}lease 10.0.0.5 {{\n  ends soon;\n}}\n"),
        format!("{dhcpd}lease 10.0.0.5 {{\n  ends never;\nlease 10.0.0.6 {{\n}}\n"),
    ] {
        let (leases, complaints) = parse(&text);
        assert_eq!(complaints.len(), 1, "{text}");
        assert_eq!(leases.mac_of(ip("10.0.0.5"), NOW), None, "{text}");
    }
}

#[test]
fn complaints_are_bounded() {
    let text = format!("{KEA4}{}", "x\n".repeat(100_000));
    let complaints = parse(&text).1;
    assert_eq!(complaints.len(), 21);
    assert!(
        complaints[20].to_string().contains("others after it"),
        "{}",
        complaints[20]
    );
}

#[test]
fn bounds_are_errors() {
    let mut text = String::with_capacity(40 << 20);
    for number in 0..=1_000_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number);
        writeln!(text, "0 2:0:0:0:0:1 {address} * *").unwrap();
    }
    assert_eq!(Leases::parse(text.as_bytes()), Err(Unusable::TooMany));
    let large = vec![b'\n'; (64 << 20) + 1];
    assert_eq!(Leases::parse(&large), Err(Unusable::TooLarge));
}

// --- The file on the disk -----------------------------------------------------------------

const BLOCK: &str = "lease 10.0.0.5 {\n  ends never;\n  hardware ethernet 52:54:00:aa:bb:01;\n}\n";

/// A lease file in a folder of its own.
struct Disk {
    folder: TempDir,
    file: LeaseFile,
    now: SystemTime,
}

impl Disk {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("leases");
        fs::write(&path, text).unwrap();
        let file = LeaseFile::new(&path);
        let now = SystemTime::now();
        let mut disk = Self { folder, file, now };
        disk.renew();
        disk
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("leases{end}"))
    }

    fn write(&self, end: &str, text: &str) {
        fs::write(self.path(end), text).unwrap();
    }

    fn append(&self, text: &str) {
        let mut file = fs::File::options()
            .append(true)
            .open(self.path(""))
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn renew(&mut self) -> Vec<Complaint> {
        self.file.renew(self.now).unwrap()
    }

    fn error(&mut self) -> String {
        let error = self.file.renew(self.now).unwrap_err();
        assert!(
            error.to_string().contains("leases"),
            "names the file: {error}"
        );
        error.to_string()
    }

    fn mac(&self, address: &str) -> Option<[u8; 6]> {
        self.file.mac_of(ip(address), NOW)
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

fn dnsmasq(address: &str, mac: &str) -> String {
    format!("0 {mac} {address} * *\n")
}

#[test]
fn a_file_that_changed_is_read_again() {
    let mut disk = Disk::new(&dnsmasq("10.0.0.5", "52:54:00:aa:bb:01"));
    assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
    for later in [0, 10, 10] {
        disk.write("", &dnsmasq("10.0.0.5", "52:54:00:aa:bb:02"));
        disk.renew();
        assert_eq!(disk.mac("10.0.0.5"), Some(OTHER));
        disk.write("", &dnsmasq("10.0.0.5", "52:54:00:aa:bb:01"));
        disk.renew();
        assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
        disk.later(later);
        disk.renew();
    }
}

/// dnsmasq empties the file and fills it again.
#[test]
fn what_is_being_written_in_place_takes_nothing_away_for_a_second() {
    let both = dnsmasq("10.0.0.5", "52:54:00:aa:bb:01") + &dnsmasq("10.0.0.6", "52:54:00:aa:bb:02");
    let mut disk = Disk::new(&both);
    for half in [
        "",
        "0 52:54:00:aa:b",
        &dnsmasq("10.0.0.6", "52:54:00:aa:bb:01"),
    ] {
        disk.write("", half);
        disk.renew();
        assert_eq!(disk.mac("10.0.0.5"), Some(MAC), "{half}");
    }
    assert_eq!(
        disk.mac("10.0.0.6"),
        Some(MAC),
        "what it does say counts at once"
    );
    disk.later(2);
    disk.renew();
    assert_eq!(disk.mac("10.0.0.5"), None, "it is really gone");
    assert_eq!(disk.mac("10.0.0.6"), Some(MAC));
}

/// Many changes in one second: it is the newest that is held, not the first.
#[test]
fn what_was_known_last_is_held() {
    let mut text = String::new();
    let mut disk = Disk::new(&text);
    for number in 0..5 {
        text += &dnsmasq(&format!("10.0.0.{number}"), "52:54:00:aa:bb:01");
        disk.write("", &text);
        disk.renew();
        disk.write("", "");
        disk.renew();
        disk.renew();
        for known in 0..=number {
            assert_eq!(disk.mac(&format!("10.0.0.{known}")), Some(MAC), "{known}");
        }
    }
    disk.later(1);
    disk.renew();
    assert_eq!(disk.mac("10.0.0.0"), None);
}

#[test]
fn what_is_held_ends_when_it_ends() {
    let mut disk = Disk::new("1795348801 52:54:00:aa:bb:01 10.0.0.5 * *\n");
    disk.write("", "");
    disk.renew();
    assert_eq!(disk.file.mac_of(ip("10.0.0.5"), NOW), Some(MAC));
    assert_eq!(disk.file.mac_of(ip("10.0.0.5"), NOW + 1), None);
}

#[test]
fn a_file_that_is_gone_takes_nothing_away() {
    let mut disk = Disk::new(BLOCK);
    fs::remove_file(disk.path("")).unwrap();
    assert!(disk.error().contains("No such file"));
    disk.later(10);
    assert!(disk.error().contains("is this the file"));
    assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
    disk.write("", &BLOCK.replace("bb:01", "bb:02"));
    disk.renew();
    assert_eq!(disk.mac("10.0.0.5"), Some(OTHER));
}

/// dhcpd's way to make its file short again.
#[test]
fn a_file_that_is_renamed_into_place_replaces_all() {
    let mut disk = Disk::new(&BLOCK.repeat(3));
    disk.write(".new", &BLOCK.replace("10.0.0.5", "10.0.0.6"));
    fs::rename(disk.path(".new"), disk.path("")).unwrap();
    disk.renew();
    assert_eq!(disk.mac("10.0.0.5"), None);
    assert_eq!(disk.mac("10.0.0.6"), Some(MAC));
}

#[test]
fn a_log_is_read_on_where_it_grew() {
    let mut disk = Disk::new(BLOCK);
    let (begin, end) = BLOCK.split_at(30);
    disk.append(&begin.replace("10.0.0.5", "10.0.0.6"));
    disk.renew();
    assert_eq!(disk.mac("10.0.0.6"), None, "half of a block");
    disk.append(end);
    assert_eq!(disk.renew(), []);
    assert_eq!(disk.mac("10.0.0.6"), Some(MAC));
    disk.append("lease 10.0.0.5 {\n  ends soon;\n}\n");
    let complaints = disk.renew();
    assert_eq!(complaints.len(), 1);
    assert_eq!(
        complaints[0].line, 9,
        "lines are counted from the beginning"
    );
    assert_eq!(disk.mac("10.0.0.5"), None);
    assert_eq!(disk.renew(), [], "the same complaint is no news");
}

#[test]
fn a_log_that_was_written_in_place_is_read_from_the_beginning() {
    let mut disk = Disk::new(BLOCK);
    let other = BLOCK.replace("10.0.0.5", "10.0.0.7").repeat(4);
    disk.write("", &other);
    disk.renew();
    assert_eq!(disk.mac("10.0.0.7"), Some(MAC));
    assert_eq!(disk.file.leases().len(), 1);
}

/// Each step as kea-dhcp4 and kea-lfc were seen to take it.
#[test]
fn kea_may_put_its_log_aside() {
    let row = |address: &str, lifetime| {
        format!("{address},52:54:00:aa:bb:01,,{lifetime},1795348860,1,0,0,,0,\n")
    };
    let mut disk = Disk::new(&format!(
        "{KEA4}{}{}",
        row("10.0.0.5", 60),
        row("10.0.0.6", 60)
    ));
    let known = |disk: &mut Disk, step: &str| {
        disk.renew();
        assert_eq!(disk.mac("10.0.0.5"), Some(MAC), "{step}");
        assert_eq!(disk.mac("10.0.0.6"), None, "{step}");
        assert_eq!(disk.mac("10.0.0.7"), Some(MAC), "{step}");
    };
    fs::rename(disk.path(""), disk.path(".1")).unwrap();
    disk.error();
    assert_eq!(disk.mac("10.0.0.5"), Some(MAC), "between two files");
    disk.write("", "");
    disk.renew();
    assert_eq!(
        disk.mac("10.0.0.5"),
        Some(MAC),
        "an empty file, not even a header"
    );
    disk.append(KEA4);
    disk.append(&row("10.0.0.6", 0));
    disk.append(&row("10.0.0.7", 60));
    known(&mut disk, ".1");
    disk.write(".output", KEA4);
    known(&mut disk, ".output is nobody's yet");
    disk.write(
        ".output",
        &format!("{KEA4}{}{}", row("10.0.0.5", 60), row("10.0.0.6", 60)),
    );
    fs::rename(disk.path(".output"), disk.path(".completed")).unwrap();
    known(&mut disk, ".completed");
    fs::remove_file(disk.path(".1")).unwrap();
    known(&mut disk, ".completed alone");
    fs::rename(disk.path(".completed"), disk.path(".2")).unwrap();
    known(&mut disk, ".2");
    disk.later(10);
    known(&mut disk, "later");
    // The next round: .1 is newer than .2, and main is newer than both.
    fs::rename(disk.path(""), disk.path(".1")).unwrap();
    disk.write("", KEA4);
    known(&mut disk, "the second round");
    let fresh = LeaseFile::new(&disk.path(""));
    disk.file = fresh;
    known(&mut disk, "a daemon that starts now");
    disk.write(
        ".completed",
        &format!("{KEA4}{}{}", row("10.0.0.5", 60), row("10.0.0.7", 60)),
    );
    disk.write(".2", &format!("{KEA4}{}", row("10.0.0.6", 60)));
    known(&mut disk, ".completed replaces .2 and .1");
}

#[test]
fn files_called_like_those_of_kea_mean_nothing_to_others() {
    let kea = format!("{KEA4}10.0.0.6,52:54:00:aa:bb:01,,60,1795348860,1,0,0,,0,\n");
    let mut disk = Disk::new(BLOCK);
    for text in [
        BLOCK.replace("10.0.0.5", "10.0.0.6"),
        kea,
        "junk\n".to_owned(),
    ] {
        for end in [".1", ".2", ".completed"] {
            disk.write(end, &text);
            disk.append("\n");
            disk.renew();
            assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
            assert_eq!(disk.mac("10.0.0.6"), None, "{end}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_an_error_and_takes_nothing_away() {
    let mut disk = Disk::new(BLOCK);
    disk.later(10);
    disk.write("", "mountpoint = \"/srv/tftp\"\n");
    assert!(
        disk.error()
            .contains("no line in it is from dnsmasq, ISC dhcpd or Kea")
    );
    let large = fs::File::create(disk.path("")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    assert!(disk.error().contains("larger than 64 MiB"));
    fs::remove_file(disk.path("")).unwrap();
    fs::create_dir(disk.path("")).unwrap();
    assert!(disk.error().contains("no ordinary file"));
    fs::remove_dir(disk.path("")).unwrap();
    symlink("/dev/zero", disk.path("")).unwrap();
    assert!(disk.error().contains("no ordinary file"));
    fs::remove_file(disk.path("")).unwrap();
    assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
    disk.write("", BLOCK);
    disk.renew();
    assert_eq!(disk.mac("10.0.0.5"), Some(MAC));
}

#[test]
fn a_bad_file_is_told_once_for_each_change() {
    let mut disk = Disk::new("junk\n0 52:54:00:aa:bb:01 10.0.0.5 * *\n");
    disk.later(10);
    assert_eq!(disk.renew(), [], "told when it was read first");
    disk.write("", "junk\njunk\n0 52:54:00:aa:bb:01 10.0.0.5 * *\n");
    assert_eq!(disk.renew().len(), 2);
    disk.write("", "junk\n");
    disk.error();
    assert_eq!(disk.renew(), [], "settled: not read again");
}

// --- Properties --------------------------------------------------------------------------

/// One entry of any format: an address, and a MAC unless it is given back.
type Step = (u8, Option<u8>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..8_u8, prop::option::of(0..8_u8)), 0..40)
}

/// In each of the formats. dnsmasq has no line for what was given back: one without a MAC.
fn files(steps: &[Step]) -> [String; 4] {
    let mut files = [
        String::new(),
        "authoring-byte-order little-endian;\n".to_owned(),
        KEA4.to_owned(),
        String::new(),
    ];
    let [dnsmasq, dhcpd, kea, ia] = &mut files;
    for (address, mac) in steps {
        let card = mac.map(|mac| format!("02:00:00:00:00:{mac:02x}"));
        let hardware = card.clone().unwrap_or_else(|| "01-".to_owned());
        writeln!(dnsmasq, "0 {hardware} 10.0.0.{address} * *").unwrap();
        let state = mac.map_or("free", |_| "active");
        let any = card.unwrap_or_else(|| "02:00:00:00:00:ee".to_owned());
        write!(
            dhcpd,
            "lease 10.0.0.{address} {{\n  ends never;\n  binding state {state};\n  hardware ethernet {any};\n}}\n"
        )
        .unwrap();
        let lifetime = mac.map_or(0, |_| 60);
        writeln!(
            kea,
            "10.0.0.{address},{any},,{lifetime},1795348860,1,0,0,,0,"
        )
        .unwrap();
        write!(
            ia,
            "ia-na 00:00:00:07:00:03:00:01:{any} {{\n  iaaddr fd00::{address} {{\n    binding state {state};\n    ends never;\n  }}\n}}\n"
        )
        .unwrap();
    }
    files
}

fn model(steps: &[Step]) -> HashMap<u8, u8> {
    let mut model = HashMap::new();
    for (address, mac) in steps {
        match mac {
            Some(mac) => model.insert(*address, *mac),
            None => model.remove(address),
        };
    }
    model
}

proptest! {
    #[test]
    fn the_last_entry_of_an_address_counts(steps in steps()) {
        let model = model(&steps);
        for (file, text) in files(&steps).iter().enumerate() {
            let leases = whole(text);
            prop_assert_eq!(leases.len(), model.len());
            for number in 0..8_u8 {
                let address = if file == 3 { format!("fd00::{number}") } else { format!("10.0.0.{number}") };
                let expected = model.get(&number).map(|mac| [2, 0, 0, 0, 0, *mac]);
                prop_assert_eq!(leases.mac_of(ip(&address), NOW), expected, "{}", text);
            }
        }
    }

    /// Cut anywhere, a file says what its whole entries say, and nothing is wrong with it.
    #[test]
    fn a_file_that_is_being_written_is_a_shorter_file(steps in steps(), at in 0..4000_usize) {
        for (file, text) in files(&steps).iter().enumerate() {
            let cut = &text[..at.min(text.len())];
            let leases = whole(cut);
            let begins = ["0 ", "lease ", "10.0.0.", "ia-na "][file];
            let ends = ["\n", "}\n", "\n", "}\n}\n"][file];
            let entries = cut.split_inclusive(ends).filter(|entry| entry.contains(begins) && entry.ends_with(ends));
            let expected = whole(&files(&steps[..entries.count()])[file]);
            prop_assert_eq!(leases, expected, "{}", cut);
        }
    }

    /// However a log grows, it is read as if it had been there at once.
    #[test]
    fn a_log_in_pieces_is_the_log(steps in steps(), cuts in prop::collection::vec(1..300_usize, 1..20)) {
        for text in &files(&steps)[1..] {
            let mut disk = Disk::new("");
            let mut rest = text.as_str();
            for cut in &cuts {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                disk.append(piece);
                prop_assert_eq!(disk.renew(), []);
                rest = after;
            }
            disk.append(rest);
            disk.renew();
            prop_assert_eq!(disk.file.leases(), &whole(text));
        }
    }

    #[test]
    fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = Leases::parse(&bytes);
    }

    #[test]
    fn no_text_in_the_words_of_the_formats_is_too_much(words in prop::collection::vec(
        prop::sample::select(vec![
            "lease ", "ia-na ", "iaaddr ", "10.0.0.5", "fd00::5", " {", "}", ";", "\"", "\\", "#", "\n", " ", ",",
            "ends ", "never", "epoch ", "2026/11/22 ", "12:00:00", "hardware ethernet ", "52:54:00:aa:bb:01",
            "binding state active", "address,expire,hwaddr", "duid ", "0 ", "* *", "\r\n", "18446744073709551616",
        ]), 0..60)) {
        let _ = Leases::parse(words.concat().as_bytes());
    }

    /// A thousand damaged files: what is not damaged is read as before.
    #[test]
    fn a_damaged_byte_costs_the_entries_around_it_at_most(
        steps in prop::collection::vec((0..200_u8, prop::option::of(0..8_u8)), 8..20),
        at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        for (file, text) in files(&steps).iter().enumerate() {
            let mut damaged = text.clone().into_bytes();
            // The header of Kea is what everything hangs on.
            let begin = if file == 2 { KEA4.len() } else { 0 };
            let at = begin + at.index(damaged.len() - begin);
            damaged[at] = value;
            let (leases, complaints) = Leases::parse(&damaged).unwrap();
            prop_assert!(complaints.len() <= 3, "{:?}", complaints);
            let whole = whole(text);
            let addresses = (0..200_u8).flat_map(|n| [format!("10.0.0.{n}"), format!("fd00::{n}")]);
            let differ = addresses.filter(|address| leases.mac_of(ip(address), NOW) != whole.mac_of(ip(address), NOW));
            // A comment begun, or a block not ended, may take the next entry with it.
            prop_assert!(differ.count() <= 3, "{}", String::from_utf8_lossy(&damaged));
        }
    }
}
