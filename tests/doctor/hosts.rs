//! What nginx, Apache, lighttpd and Caddy are set up to do.

use winbootfs::doctor::setup::Flaw;

use crate::disk::{Disk, roots, set_up, set_up_by};

fn nginx(lines: &str) -> Vec<String> {
    let disk = Disk::new(&[("/etc/nginx/nginx.conf", lines)]);
    let (setup, troubles) = set_up("nginx", &disk);
    assert_eq!(troubles, Vec::<String>::new(), "{lines}");
    roots(&setup)
}

#[test]
fn nginx_is_understood() {
    let server = |lines: &str| nginx(&format!("http {{ server {{ listen 80; {lines} }} }}"));
    for (lines, found) in [
        ("root /srv/tftp;", &["/srv/tftp plain"][..]),
        (
            "root /srv/tftp/clients/$remote_addr;",
            &["/srv/tftp/clients address"],
        ),
        (
            "root '/srv/a b/clients/${remote_addr}';",
            &["/srv/a b/clients address"],
        ),
        (
            "root /srv/tftp/clients/$remote_addr/;",
            &["/srv/tftp/clients address"],
        ),
        (
            "root /srv/tftp/clients/$remote_addr/boot;",
            &["/srv/tftp/clients address"],
        ),
        (
            "root /srv/tftp/clients/x$remote_addr;",
            &["/srv/tftp/clients unknown"],
        ),
        ("root /srv/$host;", &["/srv unknown"]),
        ("root /srv; # root /else;\n", &["/srv plain"]),
        ("location /boot { root /b; }", &["/b plain"]),
        (
            "root /a; location /boot/ { alias /b/; }",
            &["/a plain", "/b/ plain"],
        ),
        (
            "root /a; location / { root /b/clients/$remote_addr; }",
            &["/b/clients address"],
        ),
        (
            "root /a; location / { rewrite ^/(.*)$ /clients/$remote_addr/$1 break; }",
            &["/a/clients address"],
        ),
        (
            "root /a; rewrite ^ /clients/$remote_addr$uri break;",
            &["/a/clients address"],
        ),
        (
            "root /a; rewrite ^/x(.*)$ /clients/$remote_addr/$1 break;",
            &["/a unknown"],
        ),
        (
            "root /a; location / { try_files /clients/$remote_addr$uri =404; }",
            &["/a/clients address"],
        ),
        ("proxy_pass http://x;", &[]),
        ("root html;", &["html unknown"]),
    ] {
        assert_eq!(server(lines), found, "{lines}");
    }
}

#[test]
fn nginx_roots_are_taken_over() {
    let lines = "user x;\nhttp {\n root /all;\n server { }\n server { root /own; }\n}\n";
    assert_eq!(nginx(lines), ["/all plain", "/own plain"]);
    assert_eq!(nginx("http { root /unused; }"), Vec::<String>::new());
}

#[test]
fn nginx_follows_includes() {
    let disk = Disk::new(&[
        (
            "/etc/nginx/nginx.conf",
            "http { include sites/*; include /gone; }",
        ),
        ("/etc/nginx/sites/a", "server { root /a; }"),
        ("/etc/nginx/sites/.b", "server { root /b; }"),
        ("/etc/nginx/sites/c", "server { root /c; }"),
    ]);
    let (setup, troubles) = set_up("nginx", &disk);
    assert_eq!(roots(&setup), ["/a plain", "/c plain"]);
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert!(troubles[0].starts_with("/gone cannot be read"));
    assert_eq!(
        setup.roots[0].file.as_deref(),
        Some("/etc/nginx/sites/a".as_ref())
    );
}

/// What its master shows in the place of its command line.
#[test]
fn nginx_shows_a_title() {
    let disk = Disk::new(&[("/p/x.conf", "http { server { root html; } }")]);
    for title in [
        "nginx: master process nginx -p /p -c x.conf",
        "nginx: master process /usr/sbin/nginx -p /p -e log -c /p/x.conf -g daemon on;",
    ] {
        let (setup, _) = set_up_by(vec![title.to_owned()], &disk);
        assert_eq!(roots(&setup), ["/p/html plain"], "{title}");
    }
}

fn apache(lines: &str) -> Vec<String> {
    let disk = Disk::new(&[("/etc/apache2/apache2.conf", lines)]);
    roots(&set_up("/usr/sbin/apache2 -k start", &disk).0)
}

#[test]
fn apache_is_understood() {
    let by_path =
        "RewriteEngine On\nRewriteRule \"^/(.*)$\" \"/srv/tftp/clients/%{REMOTE_ADDR}/$1\"";
    for (lines, found) in [
        ("DocumentRoot /srv/tftp", "/srv/tftp plain"),
        ("documentroot \"/srv/a b\"", "/srv/a b plain"),
        (
            &format!("DocumentRoot /srv/tftp\n{by_path}"),
            "/srv/tftp/clients address",
        ),
        (
            "DocumentRoot /srv/tftp\nRewriteEngine on\nRewriteRule ^/(.*)$ /clients/%{REMOTE_ADDR}/$1 [L]",
            "/srv/tftp/clients address",
        ),
        (
            "DocumentRoot /srv/tftp\nRewriteRule ^/(.*)$ /clients/%{REMOTE_ADDR}/$1",
            "/srv/tftp plain",
        ),
        (
            "DocumentRoot /srv\nRewriteEngine On\nRewriteCond %{X} y\nRewriteRule ^/(.*)$ /clients/%{REMOTE_ADDR}/$1",
            "/srv unknown",
        ),
        (
            "DocumentRoot /srv\nRewriteEngine On\nRewriteRule ^/x$ /clients/%{REMOTE_ADDR}/$1",
            "/srv unknown",
        ),
        ("Define R /srv\nDocumentRoot ${R}/tftp", "/srv/tftp plain"),
        (
            "DocumentRoot ${WHAT}/tftp",
            "/etc/apache2/${WHAT}/tftp unknown",
        ),
        ("DocumentRoot \\\n /srv", "/srv plain"),
        ("# DocumentRoot /a\nDocumentRoot /b", "/b plain"),
        (
            "<IfModule mod_x.c>\nDocumentRoot /a\n</IfModule>",
            "/a plain",
        ),
        (
            "DocumentRoot /b\n<IfModule !mod_x.c>\nDocumentRoot /a\n</IfModule>",
            "/b plain",
        ),
        (
            "DocumentRoot /b\n<IfDefine X>\nDocumentRoot /a\n</IfDefine>",
            "/b plain",
        ),
        (
            "DocumentRoot /main\n<VirtualHost *:80>\nDocumentRoot /a\n</VirtualHost>\n<VirtualHost *:81>\n</VirtualHost>",
            "/a plain, /main plain",
        ),
        (
            &format!("DocumentRoot /srv/tftp\n{by_path}\n<VirtualHost *>\n</VirtualHost>"),
            "/srv/tftp plain",
        ),
        (
            &format!("<VirtualHost *>\nDocumentRoot /srv/tftp\n{by_path}\n</VirtualHost>"),
            "/srv/tftp/clients address",
        ),
        (
            "DocumentRoot /a\nAlias /boot /srv/tftp\n<Directory /a>\nRewriteEngine On\n</Directory>",
            "/a plain, /srv/tftp plain",
        ),
    ] {
        assert_eq!(apache(lines).join(", "), found, "{lines}");
    }
}

#[test]
fn apache_follows_includes() {
    let disk = Disk::new(&[
        (
            "/x/httpd.conf",
            "ServerRoot /y\nIncludeOptional sites/*.conf\nInclude /gone/[ab].conf",
        ),
        ("/y/sites/a.conf", "DocumentRoot /srv"),
        ("/y/sites/b.txt", "DocumentRoot /other"),
    ]);
    let (setup, troubles) = set_up("httpd -d /x -f /x/httpd.conf", &disk);
    assert_eq!(roots(&setup), ["/srv plain"]);
    assert_eq!(troubles, ["/gone/[ab].conf is not looked through"]);
}

/// Each definition doubles the one before.
#[test]
fn apache_definitions_have_an_end() {
    let mut lines = "Define V0 xxxxxxxx\n".to_owned();
    for number in 1..100 {
        let before = format!("${{V{}}}", number - 1);
        lines += &format!("Define V{number} {before}{before}\n");
    }
    let found = apache(&(lines + "DocumentRoot /${V99}"));
    assert!(found[0].len() < 20_000, "{}", found[0].len());
}

fn lighttpd(lines: &str) -> String {
    let disk = Disk::new(&[("/etc/lighttpd/lighttpd.conf", lines)]);
    let (setup, troubles) = set_up("lighttpd -D -f /etc/lighttpd/lighttpd.conf", &disk);
    assert_eq!(troubles, Vec::<String>::new(), "{lines}");
    roots(&setup).join(", ")
}

#[test]
fn lighttpd_is_understood() {
    let root = "server.document-root = \"/srv/tftp\"";
    let rewrite = "$HTTP[\"remoteip\"] =~ \"^(.*)$\" {\n url.rewrite-once = (\"^/(.*)$\" => \"/clients/%1/$1\")\n}";
    let module = "server.modules += (\"mod_rewrite\")";
    for (lines, found) in [
        (root.to_owned(), "/srv/tftp plain"),
        (
            format!("{root}\n{module}\n{rewrite}"),
            "/srv/tftp/clients address",
        ),
        (format!("{root}\n{rewrite}"), "/srv/tftp plain"),
        (
            format!(
                "{root}\n{module}\n{}",
                rewrite.replace("^(.*)$\" {", "^10\" {")
            ),
            "/srv/tftp unknown",
        ),
        (
            "var.base = \"/srv\"\nserver.document-root = var.base + \"/tftp\" # there".to_owned(),
            "/srv/tftp plain",
        ),
        (
            "server.document-root = env.HOME + \"/x\"".to_owned(),
            " unknown",
        ),
        (
            "server.modules = (\n \"a\", # {\n \"b\",\n)\nserver.document-root='/srv'".to_owned(),
            "/srv plain",
        ),
        (
            format!(
                "{root}\n$HTTP[\"remoteip\"] == \"10.0.7.0/24\" {{ server.document-root = \"/srv/tftp/images/x\" }}"
            ),
            "/srv/tftp unknown, /srv/tftp/images/x unknown",
        ),
        (
            format!("{root}\n$HTTP[\"host\"] == \"x\" {{ server.document-root = \"/x\" }}"),
            "/srv/tftp plain, /x plain",
        ),
    ] {
        assert_eq!(lighttpd(&lines), found, "{lines}");
    }
}

#[test]
fn lighttpd_remembers_unless_told_otherwise() {
    for (lines, flaws) in [
        ("", &[Flaw::Remembers][..]),
        ("server.stat-cache-engine = \"simple\"", &[Flaw::Remembers]),
        ("server.stat-cache-engine = \"disable\"", &[]),
    ] {
        let disk = Disk::new(&[("/l", lines)]);
        assert_eq!(set_up("lighttpd -f /l", &disk).0.flaws, flaws, "{lines}");
    }
}

#[test]
fn lighttpd_follows_includes() {
    let disk = Disk::new(&[
        (
            "/etc/lighttpd/lighttpd.conf",
            "include \"conf/*.conf\"\ninclude_shell \"/usr/share/lighttpd/x.pl\"\ninclude_shell \"/opt/x\"\n",
        ),
        (
            "/etc/lighttpd/conf/a.conf",
            "server.document-root = \"/srv\"",
        ),
    ]);
    let (setup, troubles) = set_up("lighttpd -D", &disk);
    assert_eq!(roots(&setup), ["/srv plain"]);
    assert_eq!(troubles, ["a part of it is printed by \"/opt/x\""]);
}

#[test]
fn caddy_is_understood() {
    for (lines, found) in [
        (
            ":80 {\n root * /srv/tftp\n file_server\n}",
            "/srv/tftp plain",
        ),
        (":80 {\n root /srv/tftp\n}", "/srv/tftp plain"),
        (
            ":80 {\n root * /srv/tftp/clients/{remote_host} # each\n}",
            "/srv/tftp/clients address",
        ),
        (
            ":80 {\n root * \"/srv/tftp/clients/{http.request.remote.host}\"\n}",
            "/srv/tftp/clients address",
        ),
        (":80 {\n root * /srv/{host}\n}", "/srv unknown"),
        (
            ":80 {\n root * /srv\n rewrite * /clients/{remote_host}{uri}\n}",
            "/srv/clients address",
        ),
        ("# root * /a\nrespond ok", ""),
    ] {
        let disk = Disk::new(&[("/etc/caddy/Caddyfile", lines)]);
        let command = "/usr/bin/caddy run --environ --config /etc/caddy/Caddyfile";
        assert_eq!(
            roots(&set_up(command, &disk).0).join(", "),
            found,
            "{lines}"
        );
    }
    let disk = Disk::default();
    assert_eq!(
        roots(&set_up("caddy file-server --root /srv", &disk).0),
        ["/srv plain"]
    );
    assert_eq!(
        set_up("caddy run --config x.json", &disk).1,
        ["its configuration is JSON"]
    );
}
