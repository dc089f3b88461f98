//! Stock TFTP and HTTP servers over a folder, each for the length of one test.
//!
//! Every instance is a child process in the foreground on a loopback address of its own,
//! with its configuration, pid file and log in a temporary folder, so that tests run in
//! parallel and nothing of the machine's own services is touched. A constructor returns
//! once the server has answered a request; dropping the [`Server`] ends it, and prints
//! what it logged if the test is failing.
//!
//! The comment on each constructor says what that server does to a name and what a
//! process of it is: the two things a filesystem behind it has to live with. They were
//! observed with strace on Debian 12 (dnsmasq 2.90, tftpd-hpa 5.2, atftpd 0.8.0, nginx
//! 1.22, Apache 2.4, lighttpd 1.4.69).
//!
//! To find out whether a server is up, it is asked for [`PROBE`] from its own address: a
//! client no rule of a test can mean, and a name no image has.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a server that cannot be started or configured is a failed test"
)]

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group, waitid,
};
use tempfile::TempDir;

use super::http;
use super::netns::Netns;
use super::network::Network;
use super::tftp::{TftpError, Transfer};
use super::wait;

/// The name every server is asked for until it answers.
pub(crate) const PROBE: &str = "winbootfs-test-is-this-server-up";

/// For a loaded machine; all of them answer within a few milliseconds otherwise.
const STARTUP: Duration = Duration::from_secs(20);
/// How long a server may take to end after SIGTERM before it is killed.
const GOODBYE: Duration = Duration::from_secs(5);

/// How dnsmasq runs everywhere here; it is nobody's DNS server.
const DNSMASQ: [&str; 5] = [
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--port=0",
    "--bind-interfaces",
    "--log-facility=-",
];

/// How tftpd-hpa runs everywhere here.
const TFTPD_HPA: [&str; 4] = ["--ipv4", "--secure", "--user", "root"];

const APACHE_MODULES: &str = "/usr/lib/apache2/modules";

/// A server that this machine cannot run, and what would help.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for Missing {}

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    program: &'static str,
    child: Child,
    folder: TempDir,
}

/// dnsmasq's TFTP server, with further options such as `--tftp-unique-root=ip`.
///
/// Names: every `\` becomes `/` before anything else; a name with a `/../` in it is
/// refused (code 2) without asking the filesystem; the rest is appended to the root and
/// goes to one `open()`, doubled separators included. With `--tftp-unique-root=ip` it
/// first calls `stat("<root>/<address>/")` and falls back to the plain root when that is
/// no folder. A folder that opens is announced with a size, and its first block is an
/// error of code 0.
///
/// Processes: one, one thread, for all clients. Its sockets are never connected, so the
/// caller has no peer: by path only.
pub(crate) fn dnsmasq(root: &Path, extra: &[&str]) -> Result<Server, Missing> {
    let program = find("dnsmasq", "dnsmasq-base")?;
    need_root("dnsmasq")?;
    let address = address_with_tftp_port()?;
    let folder = scratch();
    let mut command = command(&program);
    command
        .args(DNSMASQ)
        .args(["--enable-tftp", "--tftp-max=200"])
        .arg(format!("--listen-address={}", address.ip()))
        .arg(option("--pid-file=", &folder.path().join("pid")))
        .arg(option("--tftp-root=", root))
        .args(extra);
    if !extra.iter().any(|option| option.starts_with("--user=")) {
        command.args(["--user=root", "--group=root"]);
    }
    Ok(start("dnsmasq", command, folder, address).ready(|server| answers_tftp(server.address)))
}

/// dnsmasq as the DHCP server of a network of a test's own, with options for what it
/// gives to whom; it may be that network's TFTP server as well.
pub(crate) fn dhcp_in(network: &Network, extra: &[String]) -> Result<Server, Missing> {
    let program = find("dnsmasq", "dnsmasq-base")?;
    let (address, folder) = (SocketAddr::from((network.server(), 67)), scratch());
    let mut command = network.command(&program);
    command
        .args(DNSMASQ)
        .args(["--user=root", "--group=root", "--no-ping"])
        .arg(format!("--interface={}", network.interface()))
        .arg("--except-interface=lo")
        .arg(option("--pid-file=", &folder.path().join("pid")))
        .arg(option("--dhcp-leasefile=", &folder.path().join("leases")))
        .args(extra);
    let bound = |server: &Server| server.log().contains("sockets bound exclusively");
    Ok(start("dnsmasq", command, folder, address).ready(bound))
}

/// The same in a network namespace, on addresses that are its own there: only the clients
/// that are plugged in can ask it, and their MACs are in its neighbour table. It sees this
/// machine's mounts; `ip netns exec` would give it others.
pub(crate) fn dnsmasq_in(
    netns: &Netns,
    addresses: &[Ipv4Addr],
    root: &Path,
    extra: &[&str],
) -> Result<Server, Missing> {
    let program = find("dnsmasq", "dnsmasq-base")?;
    let folder = scratch();
    let listen = addresses
        .iter()
        .map(|address| format!("--listen-address={address}"));
    let mut command = command(&find("nsenter", "util-linux")?);
    command.arg(format!("--net=/run/netns/{}", netns.name));
    command
        .arg(program)
        .args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0"])
        .args(["--enable-tftp", "--bind-interfaces", "--log-facility=-"])
        .args(["--user=root", "--group=root"])
        .args(listen)
        .arg(option("--pid-file=", &folder.path().join("pid")))
        .arg(option("--tftp-root=", root))
        .args(extra);
    let server = start(
        "dnsmasq",
        command,
        folder,
        SocketAddr::from((addresses[0], 69)),
    );
    // It says so with its sockets bound; what is sent from then on waits for it.
    wait::until("dnsmasq to serve its namespace", STARTUP, || {
        assert!(ended(server.leader()).is_none(), "dnsmasq has ended");
        server.log().contains("TFTP root is").then_some(())
    });
    Ok(server)
}

/// tftpd-hpa, standalone, `--secure`, and without a map file.
///
/// Names: none is touched. The bytes of the request go to one `open()`, `\`, `//` and
/// `..` included; a relative name starts at the root because the process has gone there.
/// It then locks the file for reading and refuses what others may not read. A folder is
/// announced with a size, and then fails with code 0.
///
/// Processes: one child per request, so by path (map file) or by caller. The child first
/// connects its socket to the client, then opens the file, all after `chroot(root)`:
/// whatever libc looks for from then on (`/etc/localtime`, `/dev/log`) is asked of the
/// root too.
///
/// It logs to syslog only, so [`Server::log`] stays empty.
pub(crate) fn tftpd_hpa(root: &Path) -> Result<Server, Missing> {
    let program = find("in.tftpd", "tftpd-hpa")?;
    need_root("in.tftpd --secure")?;
    let address = free_udp().0;
    let mut command = command(&program);
    command.arg("--foreground").args(TFTPD_HPA);
    command.args(["--address", &address.to_string()]).arg(root);
    let server = start("in.tftpd", command, scratch(), address);
    match server.until_ready(|server| answers_tftp(server.address)) {
        Err(Ended { code: Some(66) }) => Ok(tftpd_hpa_as_inetd(&program, root)),
        Err(ended) => server.not_started(&ended),
        Ok(()) => Ok(server),
    }
}

/// The same in a network of a test's own, on TFTP's own port.
pub(crate) fn tftpd_hpa_in(network: &Network, root: &Path) -> Result<Server, Missing> {
    let program = find("in.tftpd", "tftpd-hpa")?;
    let address = SocketAddr::from((network.server(), 69));
    let mut command = network.command(&program);
    command.arg("--foreground").args(TFTPD_HPA);
    command.args(["--address", &address.to_string()]).arg(root);
    Ok(start("in.tftpd", command, scratch(), address).ready(Server::has_udp))
}

/// On a machine with no address but 127.0.0.1 (a container without network), tftpd-hpa
/// cannot even resolve the numeric address it is given (it asks for "configured"
/// addresses, and libc does not count that one) and exits with 66. inetd's way needs
/// no address: the socket is handed over as standard input.
fn tftpd_hpa_as_inetd(program: &Path, root: &Path) -> Server {
    let (address, socket) = free_udp();
    let mut command = command(program);
    command.args(TFTPD_HPA).arg(root);
    command.stdin(Stdio::from(OwnedFd::from(socket)));
    start("in.tftpd", command, scratch(), address).ready(|server| answers_tftp(server.address))
}

/// atftpd, from where `tests/run` has unpacked it: as a package it excludes tftpd-hpa.
///
/// Names: appended to the root folder as they are (`<root>/\Boot\BCD`) and opened;
/// refused (code 2) is only what has the literal `/../` in it. A folder is announced
/// with a size, and then delivered as an empty file.
///
/// Processes: one, with a thread per request: by caller only. The thread connects a
/// socket of its own to the client, then opens the file; the sockets of all threads are
/// in one process, so two requests that begin together look alike from outside.
pub(crate) fn atftpd(root: &Path) -> Result<Server, Missing> {
    let program = find_atftpd()?;
    need_root("atftpd --user root")?;
    let address = free_udp().0;
    let mut command = command(&program);
    command
        .args(["--daemon", "--no-fork", "--user", "root", "--group", "root"])
        .args(["--maxthread", "200", "--logfile", "-"])
        .args(["--bind-address", &address.ip().to_string()])
        .args(["--port", &address.port().to_string()])
        .arg(root);
    Ok(start("atftpd", command, scratch(), address).ready(|server| answers_tftp(server.address)))
}

/// nginx, with the given `root` line (or lines) in its one server block, such as
/// `root /mnt/clients/$remote_addr;`.
///
/// Names: decoded (`%5C`, `%2F`, any byte but NUL), doubled `/` merged, `..` between
/// slashes resolved; a backslash is an ordinary character and stays. Then one `open()`;
/// a folder is opened as well, seen to be one, and answered with a redirect to `name/`,
/// which is listed with `O_DIRECTORY` and a `stat` of each entry.
///
/// Processes: two workers, each serving many clients at once: by path only.
pub(crate) fn nginx(root_directive: &str) -> Result<Server, Missing> {
    let program = find("nginx", "nginx-light")?;
    let server = start_nginx(command(&program), free_tcp(), root_directive);
    Ok(server.ready(|server| answers_http(server.address)))
}

/// The same in a network of a test's own, on HTTP's own port.
pub(crate) fn nginx_in(network: &Network, root_directive: &str) -> Result<Server, Missing> {
    let program = find("nginx", "nginx-light")?;
    let address = SocketAddr::from((network.server(), 80));
    let server = start_nginx(network.command(&program), address, root_directive);
    Ok(server.ready(Server::has_tcp))
}

fn start_nginx(mut command: Command, address: SocketAddr, root_directive: &str) -> Server {
    let folder = scratch();
    let own = folder.path().display();
    let user = if is_root() { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {own}/{kind};\n"))
        .concat();
    let configuration = format!(
        "daemon off;\n{user}\nworker_processes 2;\npid {own}/pid;\nerror_log {own}/log info;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n{temporary}access_log off;\nsendfile on;\n\
         default_type application/octet-stream;\n\
         server {{\nlisten {address};\nautoindex on;\n{root_directive}\n}}\n}}\n"
    );
    command.arg("-p").arg(folder.path());
    command.arg("-e").arg(folder.path().join("log"));
    command
        .arg("-c")
        .arg(write(&folder, "nginx.conf", &configuration));
    start("nginx", command, folder, address)
}

/// Apache with the prefork model, and optionally a line for mod_rewrite such as
/// `RewriteRule ^/(.*)$ /mnt/clients/%{REMOTE_ADDR}/$1`.
///
/// Names: decoded, doubled `/` merged, `..` between slashes resolved; `%2F` is answered
/// with 404 by itself (`AllowEncodedSlashes Off`, the default). A backslash, raw or as
/// `%5C`, is an ordinary character on Linux and reaches the filesystem, through a
/// rewrite too: `/%5CBoot%5CBCD` asks for the one name `\Boot\BCD`. First a `stat()` of
/// the whole path, then the `open()`. Without `AllowOverride None` (Debian's own
/// configuration has it) it also asks for `.htaccess` in each folder on the way, and
/// even below the file itself.
///
/// Processes: one per connection, under the user www-data (Debian's build refuses root),
/// with the client's socket connected: by path or by caller. Being another user, it must
/// be let through every folder above the root; temporary folders are usually 0700.
pub(crate) fn apache(root: &Path, rewrite: Option<&str>) -> Result<Server, Missing> {
    apache_with(Processes::OnePerConnection, root, rewrite)
}

/// Apache with the event model, Debian's default: a thread takes whatever connection has
/// something to do, so which client it serves cannot be seen from outside: by path only.
pub(crate) fn apache_event(root: &Path, rewrite: Option<&str>) -> Result<Server, Missing> {
    apache_with(Processes::PoolOfThreads, root, rewrite)
}

/// How Apache shares its work: the module for it, and its settings.
#[derive(Clone, Copy)]
enum Processes {
    OnePerConnection,
    PoolOfThreads,
}

impl Processes {
    fn module(self) -> &'static str {
        match self {
            Self::OnePerConnection => "mpm_prefork",
            Self::PoolOfThreads => "mpm_event",
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::OnePerConnection => "StartServers 4\nMinSpareServers 4\nMaxRequestWorkers 64\n",
            Self::PoolOfThreads => "StartServers 1\nThreadsPerChild 16\nMaxRequestWorkers 64\n",
        }
    }
}

fn apache_with(
    processes: Processes,
    root: &Path,
    rewrite: Option<&str>,
) -> Result<Server, Missing> {
    let program = find("apache2", "apache2")?;
    let (address, folder) = (free_tcp(), scratch());
    let own = folder.path().display();
    let modules = apache_modules(processes.module())?;
    let settings = processes.settings();
    let rules = rewrite.map_or(String::new(), |rules| {
        format!("RewriteEngine On\n{rules}\n")
    });
    let configuration = format!(
        "ServerRoot {own}\nDefaultRuntimeDir {own}\nPidFile {own}/pid\nErrorLog {own}/log\n\
         LogLevel info\nServerName localhost\nListen {address}\nUser www-data\nGroup www-data\n\
         {modules}{settings}\
         DocumentRoot \"{}\"\n{rules}\
         <Directory />\nOptions Indexes FollowSymLinks\nAllowOverride None\n\
         Require all granted\n</Directory>\n",
        root.display()
    );
    let mut command = command(&program);
    command.arg("-DFOREGROUND").arg("-d").arg(folder.path());
    command
        .arg("-f")
        .arg(write(&folder, "apache.conf", &configuration));
    Ok(start("apache2", command, folder, address).ready(|server| answers_http(server.address)))
}

/// lighttpd, with further lines of configuration such as
/// `$HTTP["remoteip"] == "127.0.0.2" { server.document-root = "/mnt/clients/127.0.0.2" }`.
///
/// Names: decoded (`%2F` too), doubled `/` merged, `..` between slashes resolved;
/// control characters and what is not UTF-8 (a ROM's trailing 0xFF) are refused with
/// 400; a backslash stays what it is unless `url-path-backslash-trans` is on. `stat()`,
/// then `open()`.
///
/// It remembers what it found for up to a second, by path and for all clients: a file
/// that has been replaced is seen late (whole, never mixed) unless
/// `server.stat-cache-engine = "disable"`.
///
/// Processes: one, for all clients: by path only.
pub(crate) fn lighttpd(root: &Path, extra: &str) -> Result<Server, Missing> {
    let program = find("lighttpd", "lighttpd")?;
    let (address, folder) = (free_tcp(), scratch());
    let configuration = format!(
        "server.document-root = \"{}\"\nserver.bind = \"{}\"\nserver.port = {}\n\
         server.errorlog = \"{}/log\"\nserver.modules = (\"mod_dirlisting\")\n\
         dir-listing.activate = \"enable\"\n{extra}\n",
        root.display(),
        address.ip(),
        address.port(),
        folder.path().display()
    );
    let mut command = command(&program);
    command.arg("-D").arg("-f");
    command.arg(write(&folder, "lighttpd.conf", &configuration));
    Ok(start("lighttpd", command, folder, address).ready(|server| answers_http(server.address)))
}

/// Chromium's driver, which starts a browser for whoever asks; see [`super::webdriver`].
pub(crate) fn chromedriver() -> Result<Server, Missing> {
    find("chromium", "chromium")?;
    let program = find("chromedriver", "chromium-driver")?;
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut command = command(&program);
    command.arg("--port=0");
    let mut server = start("chromedriver", command, scratch(), nowhere);
    let port = wait::until("chromedriver to serve", STARTUP, || {
        assert!(ended(server.leader()).is_none(), "chromedriver has ended");
        let log = server.log();
        let (_, rest) = log.split_once("successfully on port ")?;
        rest.split_once('.')?.0.parse().ok()
    });
    server.address.set_port(port);
    Ok(server)
}

impl Server {
    /// A TFTP client of this server with the address `from`.
    pub(crate) fn client(&self, from: impl Into<IpAddr>) -> Transfer {
        Transfer::new(self.address, from)
    }

    /// The first process; a test may look at it or send it a signal.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that the server has written so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn ready(self, answers: fn(&Self) -> bool) -> Self {
        if let Err(ended) = self.until_ready(answers) {
            self.not_started(&ended);
        }
        self
    }

    fn until_ready(&self, answers: fn(&Self) -> bool) -> Result<(), Ended> {
        let what = format!("{} at {} to answer", self.program, self.address);
        wait::until(&what, STARTUP, || match ended(self.leader()) {
            Some(ended) => Some(Err(ended)),
            None => answers(self).then_some(Ok(())),
        })
    }

    /// Whether its address has been taken, as the process itself sees its network. What is
    /// sent from then on waits for it, so a server that nobody here can ask is ready.
    fn has_udp(&self) -> bool {
        is_listed(&self.network_list("udp"), self.address)
    }

    fn has_tcp(&self) -> bool {
        is_listed(&self.network_list("tcp"), self.address)
    }

    fn network_list(&self, protocol: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/net/{protocol}", self.pid()))
    }

    /// The log follows from `drop`, which sees the panic.
    fn not_started(&self, ended: &Ended) -> ! {
        panic!("{} ended instead of serving: {ended:?}", self.program)
    }

    fn leader(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends the server and everything it has started. The first process is reaped last:
    /// as long as it is not, its number, which is also its group's, is nobody else's.
    fn stop(&mut self) {
        let leader = self.leader();
        for signal in [Signal::TERM, Signal::KILL] {
            let _ = kill_process(leader, signal);
            if wait::within(GOODBYE, || ended(leader)).is_some() {
                break;
            }
        }
        // Transfers under way: tftpd-hpa leaves its children alone, and each of them
        // would hold the mount it has changed its root to.
        let _ = kill_process_group(leader, Signal::KILL);
        let _ = wait::within(GOODBYE, || group_is_gone(leader).then_some(()));
        let _ = self.child.try_wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            let (program, address) = (self.program, self.address);
            eprintln!("--- {program} at {address} wrote:\n{}---", self.log());
        }
    }
}

/// How a server process went before it was told to.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
}

/// Looks without reaping, so that the number stays ours until `stop` is done with it.
fn ended(leader: Pid) -> Option<Ended> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status: WaitIdStatus = waitid(WaitId::Pid(leader), look).ok().flatten()?;
    Some(Ended {
        code: status.exit_status(),
    })
}

/// Whether nobody of the group runs any more. Zombies are no concern: they hold nothing,
/// and a container whose first process reaps nobody keeps them forever.
fn group_is_gone(group: Pid) -> bool {
    // Without a /proc there is nothing to wait by; this runs in `drop`, so no panic.
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    !processes
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .any(|stat| is_alive_in(&stat, group))
}

/// `pid (name) state parent group ...`, where the name may contain anything.
fn is_alive_in(stat: &str, group: Pid) -> bool {
    let mut fields = stat
        .rsplit_once(") ")
        .map_or("", |(_, fields)| fields)
        .split(' ');
    let state = fields.next();
    let in_group = fields.nth(1) == Some(group.to_string().as_str());
    in_group && !matches!(state, Some("Z" | "X"))
}

/// Starts the process in a group of its own, its output going to the log.
fn start(
    program: &'static str,
    mut command: Command,
    folder: TempDir,
    address: SocketAddr,
) -> Server {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))
        .expect("a log file in a fresh temporary folder");
    let second = log.try_clone().expect("a second handle on the log");
    command.process_group(0).stdout(log).stderr(second);
    let child = spawn(command).unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    Server {
        address,
        program,
        child,
        folder,
    }
}

/// Starts a command from a thread that lives as long as the test binary: "the parent has
/// ended" means the thread that started a process, and a test's thread may end before a
/// server that several tests share.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, started) = mpsc::channel();
    STARTER
        .send((command, answer))
        .expect("the starter never ends");
    started.recv().expect("the starter answers every order")
}

/// Any answer will do, a refusal above all. Asking before the port is bound would only
/// be met with silence, and cost a deadline.
fn answers_tftp(address: SocketAddr) -> bool {
    let patience = Duration::from_secs(2);
    let probe = Transfer::new(address, address.ip()).deadline(patience);
    is_bound(address)
        && matches!(
            probe.get(PROBE.as_bytes()),
            Ok(_) | Err(TftpError::Refused { .. })
        )
}

/// Whether a socket of the network of this test binary has the address.
fn is_bound(address: SocketAddr) -> bool {
    is_listed(Path::new("/proc/self/net/udp"), address)
}

/// The kernel's list shows the four bytes of an address as one number of this machine.
fn is_listed(sockets: &Path, address: SocketAddr) -> bool {
    let IpAddr::V4(ip) = address.ip() else {
        return false;
    };
    let number = u32::from_ne_bytes(ip.octets());
    let socket = format!("{number:08X}:{:04X}", address.port());
    let sockets = fs::read_to_string(sockets).unwrap_or_default();
    sockets.contains(&socket)
}

fn answers_http(address: SocketAddr) -> bool {
    http::get(address, address.ip(), PROBE.as_bytes()).is_ok()
}

/// A program of this machine.
pub(crate) fn find(program: &str, package: &str) -> Result<PathBuf, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    // A user's PATH often lacks the folders that servers are in.
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .ok_or_else(|| Missing(format!("no {program} here: apt-get install {package}")))
}

fn find_atftpd() -> Result<PathBuf, Missing> {
    let tools = env::var_os("WINBOOTFS_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools"),
        PathBuf::from,
    );
    let unpacked = tools.join("atftpd/usr/sbin/atftpd");
    if unpacked.is_file() {
        return Ok(unpacked);
    }
    find("atftpd", "atftpd").map_err(|_| {
        let place = tools.display();
        Missing(format!("no atftpd in {place}: tests/run unpacks it there"))
    })
}

fn apache_modules(processes: &str) -> Result<String, Missing> {
    let folder = Path::new(APACHE_MODULES);
    if !folder.is_dir() {
        let told = format!("no {APACHE_MODULES} here: apt-get install apache2");
        return Err(Missing(told));
    }
    // What a build has linked in is not in the folder, and must not be loaded twice.
    Ok([
        processes,
        "authz_core",
        "dir",
        "autoindex",
        "rewrite",
        "unixd",
    ]
    .iter()
    .map(|name| (name, folder.join(format!("mod_{name}.so"))))
    .filter(|(_, file)| file.is_file())
    .map(|(name, file)| format!("LoadModule {name}_module {}\n", file.display()))
    .collect())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn need_root(what: &str) -> Result<(), Missing> {
    let missing = || Missing(format!("{what} needs root: run tests/run"));
    is_root().then_some(()).ok_or_else(missing)
}

/// A command that gets SIGTERM when this test binary is ended by Ctrl-C or killed, and
/// nothing is dropped any more. `setpriv` asks the kernel for that and then becomes the
/// program; a machine without it merely has leftovers to end by hand.
pub(crate) fn command(program: &Path) -> Command {
    let direct = |_| Command::new(program);
    let bound = |setpriv: PathBuf| {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    };
    let mut command = find("setpriv", "util-linux").map_or_else(direct, bound);
    command.stdin(Stdio::null());
    command
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}

fn scratch() -> TempDir {
    tempfile::Builder::new()
        .prefix("winbootfs-server-")
        .tempdir()
        .expect("a temporary folder")
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let file = folder.path().join(name);
    fs::write(&file, text).expect("a configuration file in a fresh temporary folder");
    file
}

/// An address of 127.0.0.0/8 that no other server of this machine's tests uses: all are
/// loopback's, so there is one for each, and a late packet of an earlier server's client
/// never reaches another server. 127.0.0.0/10 is left to the clients.
fn unused_ip() -> Ipv4Addr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let mine = TAKEN.fetch_add(1, Ordering::Relaxed);
    // Far enough apart for each test binary of a run to count on from its own place.
    let number = process::id().wrapping_mul(1009).wrapping_add(mine);
    let [_, high, middle, low] = (number % (191 << 16)).to_be_bytes();
    Ipv4Addr::new(127, 64 + high, middle, low)
}

/// TFTP's own port, on an address where nobody has it: dnsmasq cannot use another.
fn address_with_tftp_port() -> Result<SocketAddr, Missing> {
    for _ in 0..1000 {
        let address = SocketAddr::from((unused_ip(), 69));
        match UdpSocket::bind(address) {
            Ok(_) => return Ok(address),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Missing(
                    "dnsmasq needs root for port 69: run tests/run".into(),
                ));
            }
            Err(_) => {}
        }
    }
    panic!("port 69 is taken on a thousand loopback addresses");
}

/// The socket keeps the port until it is dropped or handed to the server.
fn free_udp() -> (SocketAddr, UdpSocket) {
    let socket = UdpSocket::bind((unused_ip(), 0)).expect("a loopback UDP port");
    let address = socket.local_addr().expect("the address just bound");
    (address, socket)
}

fn free_tcp() -> SocketAddr {
    TcpListener::bind((unused_ip(), 0))
        .and_then(|socket| socket.local_addr())
        .expect("a loopback TCP port")
}
