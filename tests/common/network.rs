//! A network of a test's own: one server, a bridge, and a cable for each computer on it.
//!
//! It is a network namespace without a name, kept by a process that only sleeps and ends
//! with the test binary, however that ends; the kernel then takes everything in it away.
//! Servers run in it and in nothing else of their own: they see the mounts of this
//! machine, which they would not under `ip netns exec`.
//!
//! Firmware waits for more than DHCP. A bridge has a carrier only while something is
//! plugged in, hence the pair `spare0`; and iPXE wants a router's word on IPv6, or gives
//! up only after 13 seconds, hence the fixed addresses from which dnsmasq can answer.

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::servers::{self, Missing};
use super::wait;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const BRIDGE: &str = "lan0";
const STARTUP: Duration = Duration::from_secs(20);

/// A network; it ends with this value.
#[derive(Debug)]
pub(crate) struct Network {
    holder: Child,
    nsenter: PathBuf,
}

impl Network {
    /// A network with that many cables, `tap0`, `tap1`, ...
    pub(crate) fn new(cables: usize) -> Result<Self, Missing> {
        if !Path::new("/dev/net/tun").exists() || !rustix::process::geteuid().is_root() {
            return Err(Missing(
                "a network of its own needs root and /dev/net/tun".into(),
            ));
        }
        let ip = servers::find("ip", "iproute2")?;
        let nsenter = servers::find("nsenter", "util-linux")?;
        let mut command = servers::command(&servers::find("unshare", "util-linux")?);
        command.args(["--net", "--", "sleep", "infinity"]);
        let holder = servers::spawn(command).unwrap();
        let network = Self { holder, nsenter };
        wait::until("a network namespace", STARTUP, || {
            network.is_apart().then_some(())
        });
        network.set_up(&ip, cables);
        Ok(network)
    }

    /// The address of the servers.
    pub(crate) fn server(&self) -> Ipv4Addr {
        SERVER
    }

    /// The interface that has it.
    pub(crate) fn interface(&self) -> &'static str {
        BRIDGE
    }

    /// A command whose process is in this network, and ends with the test binary.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = servers::command(&self.nsenter);
        let mut namespace = std::ffi::OsString::from("--net=");
        namespace.push(self.namespace());
        command.arg(namespace).arg("--").arg(program);
        command
    }

    fn namespace(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.holder.id()))
    }

    fn is_apart(&self) -> bool {
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        fs::read_link(self.namespace()).is_ok_and(|namespace| namespace != own)
    }

    fn set_up(&self, ip: &Path, cables: usize) {
        let mut command = self.command(ip);
        command.args(["-batch", "-"]).stdin(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut orders = running.stdin.take().unwrap();
        orders.write_all(orders_for(cables).as_bytes()).unwrap();
        drop(orders);
        assert!(running.wait().unwrap().success(), "ip -batch failed");
    }
}

fn orders_for(cables: usize) -> String {
    let cable = |number| {
        format!("tuntap add dev tap{number} mode tap\nlink set tap{number} master {BRIDGE} up\n")
    };
    let cables: String = (0..cables).map(cable).collect();
    format!(
        "link set lo up\nlink add {BRIDGE} type bridge\nlink set {BRIDGE} addrgenmode none up\n\
         addr add {SERVER}/24 dev {BRIDGE}\naddr add fe80::1/64 dev {BRIDGE} nodad\n\
         addr add fd77::1/64 dev {BRIDGE} nodad\n\
         link add spare0 type veth peer name spare1\nlink set spare1 up\n\
         link set spare0 master {BRIDGE} up\n{cables}"
    )
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
