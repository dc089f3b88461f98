//! One test for each row of the README's table: this server, set up in this way, gives
//! every client its own image, or says that it cannot. The lines are those of
//! `systemd/examples`, with the test's mount in the place of `/srv/tftp`.

use std::net::IpAddr;
use std::path::Path;

use crate::common::mounted::Mounted;
use crate::common::servers::{self, Server};
use crate::common::{http, skip};
use crate::site::{DEFAULT, STORE, clients, site, store, stranger};

/// The lines of an example, without comments.
fn example(file: &str, root: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd/examples")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("/srv/tftp", root.to_str().unwrap());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The value of `KEY="value"` in a file for `/etc/default`.
fn setting(example: &str, key: &str) -> String {
    let line = example
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{key}=")));
    line.unwrap().trim_matches('"').to_owned()
}

/// A transfer from one client's address.
type Fetch<'a> = &'a dyn Fn(IpAddr, &[u8]) -> Option<Vec<u8>>;

/// Every client gets its own store in every spelling; a stranger the default one.
fn each_gets_its_own(fetch: Fetch<'_>) {
    for name in STORE {
        for (client, image) in clients().chain([(stranger(), DEFAULT)]) {
            let found = fetch(client, name);
            let shown = String::from_utf8_lossy(name);
            assert_eq!(found, Some(store(image)), "{client} asked for {shown}");
        }
    }
    the_rest_is_right(fetch);
}

/// The base is there for everybody, an image can be named, and nothing else is.
fn the_rest_is_right(fetch: Fetch<'_>) {
    for (client, _) in clients() {
        assert_eq!(
            fetch(client, b"pxelinux.0").as_deref(),
            Some(&b"pxelinux"[..])
        );
        assert_eq!(
            fetch(client, b"linux/vmlinuz").as_deref(),
            Some(&b"kernel"[..])
        );
        assert_eq!(
            fetch(client, b"images/cedar/Boot/BCD"),
            Some(store("cedar"))
        );
        assert_eq!(fetch(client, b"hiberfil.sys"), None);
        assert_eq!(fetch(client, b"Boot"), None, "a folder is no file");
        assert_eq!(fetch(client, b"images"), None, "a folder is no file");
    }
}

fn over_tftp(server: &Server) -> impl Fn(IpAddr, &[u8]) -> Option<Vec<u8>> {
    |client, name| match server.client(client).get(name) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            assert!(error.is_not_found(), "{client}: {error}");
            None
        }
    }
}

fn over_http(server: &Server) -> impl Fn(IpAddr, &[u8]) -> Option<Vec<u8>> {
    |client, name| {
        let path = match name.first() {
            Some(b'/') => name.to_vec(),
            _ => [b"/", name].concat(),
        };
        let reply = http::get(server.address, client, &path).unwrap();
        match reply.status {
            200 => Some(reply.body),
            404 | 301 => None,
            other => panic!(
                "{client}: {} is answered with {other}",
                String::from_utf8_lossy(&path)
            ),
        }
    }
}

#[test]
fn tftpd_hpa_without_a_map() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("tftpd-hpa.default", mounted.root());
    assert_eq!(
        setting(&lines, "TFTP_DIRECTORY"),
        mounted.root().to_str().unwrap()
    );
    assert_eq!(
        setting(&lines, "TFTP_OPTIONS"),
        "--secure",
        "what the server is started with"
    );
    let Some(server) = skip::or_skip(servers::tftpd_hpa(mounted.root())) else {
        return;
    };
    each_gets_its_own(&over_tftp(&server));
    assert!(!mounted.log().contains("refused"), "somebody was refused");
}

#[test]
fn atftpd_as_it_is() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("atftpd.default", mounted.root());
    let options = format!("--daemon --maxthread 200 {}", mounted.root().display());
    assert_eq!(
        setting(&lines, "OPTIONS"),
        options,
        "what the server is started with"
    );
    let Some(server) = skip::or_skip(servers::atftpd(mounted.root())) else {
        return;
    };
    each_gets_its_own(&over_tftp(&server));
}

#[test]
fn dnsmasq_with_unique_root() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("dnsmasq.conf", mounted.root());
    assert!(lines.contains(&format!("tftp-root={}\n", mounted.root().display())));
    let options: Vec<String> = lines.lines().map(|line| format!("--{line}")).collect();
    let further =
        |option: &&String| !option.starts_with("--tftp-root") && *option != "--enable-tftp";
    let further: Vec<&str> = options.iter().filter(further).map(String::as_str).collect();
    assert_eq!(further, ["--tftp-unique-root=ip"]);
    let Some(server) = skip::or_skip(servers::dnsmasq(mounted.root(), &further)) else {
        return;
    };
    each_gets_its_own(&over_tftp(&server));
}

#[test]
fn dnsmasq_without_unique_root_gives_everybody_the_default() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::dnsmasq(mounted.root(), &[])) else {
        return;
    };
    let fetch = over_tftp(&server);
    for (client, _) in clients() {
        assert_eq!(fetch(client, b"\\Boot\\BCD"), Some(store(DEFAULT)));
        assert_eq!(
            fetch(client, format!("{client}\\boot\\bcd").as_bytes()),
            fetch(client, format!("clients/{client}/Boot/BCD").as_bytes())
        );
    }
    the_rest_is_right(&fetch);
}

/// `tftp-secure` looks at the owner: the server's own user must seem to own the files.
#[test]
fn dnsmasq_as_another_user_with_tftp_secure() {
    let world = site().key("owner", "nobody");
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let options = ["--tftp-unique-root=ip", "--tftp-secure", "--user=nobody"];
    let Some(server) = skip::or_skip(servers::dnsmasq(mounted.root(), &options)) else {
        return;
    };
    each_gets_its_own(&over_tftp(&server));
}

#[test]
fn nginx_with_the_address_in_the_root() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("nginx.conf", mounted.root());
    let Some(server) = skip::or_skip(servers::nginx(&lines)) else {
        return;
    };
    each_gets_its_own(&over_http(&server));
    a_listing_works(&server, "/images/cedar/", "boot");
}

#[test]
fn apache_prefork_as_it_is() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let Some(server) = skip::or_skip(servers::apache(mounted.root(), None)) else {
        return;
    };
    each_gets_its_own(&over_http(&server));
    a_listing_works(&server, "/images/cedar/", "boot");
}

#[test]
fn apache_with_a_rewrite_rule() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("apache.conf", mounted.root());
    let Some(server) = skip::or_skip(servers::apache(mounted.root(), Some(&lines))) else {
        return;
    };
    each_gets_its_own(&over_http(&server));
}

/// A pool of threads, of which any may serve any connection.
#[test]
fn apache_event_with_a_rewrite_rule() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("apache.conf", mounted.root());
    let Some(server) = skip::or_skip(servers::apache_event(mounted.root(), Some(&lines))) else {
        return;
    };
    each_gets_its_own(&over_http(&server));
}

#[test]
fn lighttpd_with_a_rewrite_rule() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let lines = example("lighttpd.conf", mounted.root());
    let Some(server) = skip::or_skip(servers::lighttpd(mounted.root(), &lines)) else {
        return;
    };
    each_gets_its_own(&over_http(&server));
    a_listing_works(&server, "/images/cedar/", "boot");
}

/// The other way with lighttpd: a subnet tied to an image by its own configuration.
#[test]
fn lighttpd_with_conditions() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = mounted.root().display();
    let conditions: String = clients().map(|(client, image)| {
        format!("$HTTP[\"remoteip\"] == \"{client}\" {{ server.document-root = \"{root}/images/{image}\" }}\n")
    }).collect();
    let Some(server) = skip::or_skip(servers::lighttpd(mounted.root(), &conditions)) else {
        return;
    };
    let fetch = over_http(&server);
    for name in STORE {
        for (client, image) in clients() {
            assert_eq!(fetch(client, name), Some(store(image)), "{client}");
        }
    }
}

fn a_listing_works(server: &Server, folder: &str, name: &str) {
    let client = clients().nth(2).unwrap().0;
    let reply = http::get(server.address, client, folder.as_bytes()).unwrap();
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(reply.status, 200, "{text}");
    assert!(text.to_lowercase().contains(name), "{text}");
}

/// One process, two clients: nginx keeps both connections open, and nobody can tell for
/// which of them it asks. Neither may get the other's image, nor the default one.
#[test]
fn a_server_that_does_not_tell_is_refused_and_told_so() {
    let world = site();
    let Some(mounted) = Mounted::new(&world) else {
        return;
    };
    let root = format!("root {};", mounted.root().display());
    let Some(server) = skip::or_skip(servers::nginx(&root)) else {
        return;
    };
    let held: Vec<_> = clients()
        .map(|(client, _)| hold_connection(&server, client))
        .collect();
    let (client, image) = clients().next().unwrap();
    let fetch = |name: &[u8]| http::get(server.address, client, name).unwrap();
    let mut refused = 0;
    for _ in 0..20 {
        let reply = fetch(b"/Boot/BCD");
        match reply.status {
            200 => assert_eq!(reply.body, store(image), "another client's image"),
            _ => refused += 1,
        }
    }
    assert!(
        refused > 0,
        "with four connections open, nginx cannot be understood"
    );
    mounted.wait_for_log("root ");
    mounted.wait_for_log("/clients/$remote_addr;");
    let base = fetch(b"/pxelinux.0");
    assert_eq!(
        base.body, b"pxelinux",
        "what all of them see is not refused"
    );
    drop(held);
}

/// A connection on which one request was answered and the next may follow.
fn hold_connection(server: &Server, client: IpAddr) -> std::net::TcpStream {
    use std::io::{Read, Write};
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&std::net::SocketAddr::new(client, 0).into())
        .unwrap();
    socket.connect(&server.address.into()).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    stream
        .write_all(b"GET /pxelinux.0 HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    stream
}
