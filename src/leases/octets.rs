//! Hardware addresses and DUIDs, as bytes and as text.

use crate::address::card;

/// Ethernet, and the other networks of IEEE 802: their addresses are MACs.
fn has_macs(hardware: u8) -> bool {
    matches!(hardware, 1 | 6)
}

/// `aa:bb:c:0d`: bytes in hexadecimal digits, as all three servers write them.
pub(super) fn octets(text: &str) -> Option<Vec<u8>> {
    text.split(':').map(octet).collect()
}

/// One or two digits and nothing else: `from_str_radix` alone would also take `+f`.
fn octet(text: &str) -> Option<u8> {
    let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

/// The MAC in a hardware address of a type that DHCP numbers as ARP does.
pub(super) fn card_of(hardware: u8, bytes: &[u8]) -> Option<[u8; 6]> {
    has_macs(hardware).then(|| card(bytes)).flatten()
}

/// The MAC in a DUID. The MAC is one of the client's, and need not be that of the card it
/// asks with: a computer keeps its DUID for all of its cards.
pub(super) fn card_in_duid(duid: &[u8]) -> Option<[u8; 6]> {
    match duid {
        // DUID-LLT: the time at which it was made stands before the address.
        [0, 1, 0, hardware, _, _, _, _, mac @ ..] | [0, 3, 0, hardware, mac @ ..] => {
            card_of(*hardware, mac)
        }
        _ => None,
    }
}
