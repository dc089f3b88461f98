//! A site with four images and a rule for each of four computers.

use std::net::{IpAddr, Ipv4Addr};

use crate::common::world::World;

/// The computers, and the image that each of them gets.
pub(crate) const CLIENTS: [([u8; 4], &str); 4] = [
    ([127, 0, 0, 2], "ash"),
    ([127, 0, 0, 3], "birch"),
    ([127, 0, 0, 4], "cedar"),
    ([127, 0, 0, 5], "douglas"),
];

/// What everybody else gets.
pub(crate) const DEFAULT: &str = "elm";

/// The spellings in which a boot manager, a firmware and a script ask for one store.
pub(crate) const STORE: [&[u8]; 4] = [b"\\Boot\\BCD", b"/boot/bcd", b"Boot\\BCD", b"BOOT/Bcd"];

/// A computer that no rule knows.
pub(crate) fn stranger() -> IpAddr {
    Ipv4Addr::new(127, 0, 0, 77).into()
}

pub(crate) fn clients() -> impl Iterator<Item = (IpAddr, &'static str)> {
    CLIENTS
        .into_iter()
        .map(|(address, image)| (IpAddr::from(address), image))
}

/// The bytes of an image's store: long enough for several blocks, and no block of one
/// image is a block of another.
pub(crate) fn store(image: &str) -> Vec<u8> {
    format!("{image} BCD ").repeat(700).into_bytes()
}

/// The images, each kept in another way, over an old server's files.
pub(crate) fn site() -> World {
    let flat = |image| [("BCD", store(image)), ("boot.sdi", sdi(image))];
    let boot = |image| [("Boot/BCD", store(image)), ("Boot/boot.sdi", sdi(image))];
    let media = |image| [("boot/bcd", store(image)), ("boot/boot.sdi", sdi(image))];
    let upper = |image| [("BOOT/BCD", store(image)), ("BOOT/BOOT.SDI", sdi(image))];
    let world = World::new()
        .image("ash", &flat("ash"))
        .image("birch", &boot("birch"))
        .image("cedar", &media("cedar"))
        .image("douglas", &upper("douglas"))
        .image(DEFAULT, &boot(DEFAULT))
        .base(&[("pxelinux.0", "pxelinux"), ("linux/vmlinuz", "kernel")])
        .default_image(DEFAULT);
    clients().fold(world, |world, (address, image)| {
        world.client(&address.to_string(), image)
    })
}

fn sdi(image: &str) -> Vec<u8> {
    format!("{image} SDI ").repeat(90).into_bytes()
}
