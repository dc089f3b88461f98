//! A client's address, in every form in which a server writes it into a path.
//!
//! Pure parsing. Which image the client gets is decided in [`crate::choice`].
//!
//! | form | who writes it |
//! | --- | --- |
//! | `10.0.0.5`, `fd00::5` | dnsmasq `tftp-unique-root=ip`, nginx `$remote_addr`, Apache `%{REMOTE_ADDR}`, tftpd-hpa `\i` |
//! | `::ffff:10.0.0.5` | servers that listen on IPv6 and are asked over IPv4 |
//! | `0A000005` | tftpd-hpa `\x`; pxelinux for its configuration files |
//! | `aa-bb-cc-dd-ee-ff` | dnsmasq `tftp-unique-root=mac` |
//! | `aa:bb:cc:dd:ee:ff` | iPXE `${net0/mac}` |
//! | `01-aa-bb-cc-dd-ee-ff` | pxelinux: the hardware type, then the MAC |

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of a network card.
pub type Mac = [u8; 6];

/// Who a client is, as far as a path or a socket tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// An IP address; one mapped into IPv6 has become plain IPv4.
    Ip(IpAddr),
    /// A MAC address.
    Mac(Mac),
}

impl Address {
    /// An IP address in its plain form: the same client must not look like two.
    pub fn ip(address: IpAddr) -> Self {
        Self::Ip(address.to_canonical())
    }

    /// Reads any of the forms in the table above.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        ip(text)
            .or_else(|| hex_ip(text))
            .map(Self::ip)
            .or_else(|| mac(text).map(Self::Mac))
    }

    /// Whether the text is an address only by luck of its letters: eight hexadecimal
    /// digits are also how a Raspberry Pi asks for the folder of its serial number. A
    /// file or folder of that name must win over the address.
    pub fn is_ambiguous(text: &[u8]) -> bool {
        text.iter().all(u8::is_ascii_hexdigit)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Mac([a, b, c, d, e, f]) => {
                write!(out, "{a:02x}-{b:02x}-{c:02x}-{d:02x}-{e:02x}-{f:02x}")
            }
        }
    }
}

/// A zone (`fe80::1%eth0`) names an interface of the server, not the client: dropped.
fn ip(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        Some((address, _zone)) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn hex_ip(text: &str) -> Option<IpAddr> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match text.len() {
        8 => u32::from_str_radix(text, 16)
            .ok()
            .map(|n| Ipv4Addr::from(n).into()),
        32 => u128::from_str_radix(text, 16)
            .ok()
            .map(|n| Ipv6Addr::from(n).into()),
        _ => None,
    }
}

fn mac(text: &str) -> Option<Mac> {
    let bytes: Vec<u8> = text
        .split(['-', ':'])
        .map(hex_pair)
        .collect::<Option<_>>()?;
    match bytes.as_slice() {
        // 01 is the hardware type Ethernet, which pxelinux puts in front.
        [a, b, c, d, e, f] | [1, a, b, c, d, e, f] => Some([*a, *b, *c, *d, *e, *f]),
        _ => None,
    }
}

/// Two digits and nothing else: `from_str_radix` alone would also take `+f`.
fn hex_pair(pair: &str) -> Option<u8> {
    let digits = pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
}

/// The MAC of one network card, if these bytes can be one. All zeros stands for "none" in
/// many a table, and an odd first byte is a group's address: no rule may match either.
pub fn card(bytes: &[u8]) -> Option<[u8; 6]> {
    let mac: [u8; 6] = bytes.try_into().ok()?;
    let [first, ..] = mac;
    (mac != [0; 6] && first & 1 == 0).then_some(mac)
}
