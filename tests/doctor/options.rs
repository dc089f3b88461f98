//! Command lines are taken apart as their programs do it.

use winbootfs::doctor::machine::process::split;
use winbootfs::doctor::setup::options::Grammar;

const GRAMMAR: Grammar = Grammar {
    letters: "sm:u:v",
    valued: &["map-file", "address"],
    names: &[('m', "map-file"), ('s', "secure")],
};

#[test]
fn options_and_their_values() {
    for (line, given, rest) in [
        ("x", &[][..], &[][..]),
        ("x /srv", &[], &["/srv"]),
        ("x -s /srv", &["secure"], &["/srv"]),
        ("x --secure /srv", &["secure"], &["/srv"]),
        ("x /srv --secure", &["secure"], &["/srv"]),
        ("x -m map /srv", &["map-file=map"], &["/srv"]),
        ("x -mmap /srv", &["map-file=map"], &["/srv"]),
        (
            "x -svm map /srv",
            &["secure", "v", "map-file=map"],
            &["/srv"],
        ),
        ("x --map-file map /srv", &["map-file=map"], &["/srv"]),
        ("x --map-file=map /srv", &["map-file=map"], &["/srv"]),
        ("x --map-file", &["map-file"], &[]),
        ("x --other /srv", &["other"], &["/srv"]),
        ("x -m", &["map-file"], &[]),
        ("x -- -s", &[], &["-s"]),
        ("x - -s", &["secure"], &["-"]),
        ("x -: /srv", &[":"], &["/srv"]),
    ] {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let options = GRAMMAR.parse(&words);
        let found: Vec<String> = options
            .given()
            .map(|(name, value)| match value {
                "" => name.to_owned(),
                value => format!("{name}={value}"),
            })
            .collect();
        assert_eq!(found, given, "{line}");
        assert_eq!(options.rest, rest, "{line}");
    }
}

#[test]
fn the_last_value_counts() {
    let words = ["x", "-m", "one", "--map-file=two"].map(str::to_owned);
    let options = GRAMMAR.parse(&words);
    assert_eq!(options.value("map-file"), Some("two"));
    assert_eq!(options.values("map-file").count(), 2);
    assert!(!options.has("secure"));
}

#[test]
fn words_end_with_a_zero_byte() {
    assert_eq!(
        split(b"in.tftpd\0-s\0/srv/a b\0"),
        ["in.tftpd", "-s", "/srv/a b"]
    );
    assert_eq!(
        split(b"nginx: master process nginx -c x\0"),
        ["nginx: master process nginx -c x"]
    );
    assert_eq!(split(b""), [""]);
}
