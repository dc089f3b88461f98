//! Ten thousand computers at once on the way by which a menu decides: each boots an image,
//! asks for its files, boots another one, and asks again.

use std::thread;

use winbootfs::tree::Tree;

use crate::common::world::World;
use crate::follow::{Server, open};

const CLIENTS: u32 = 10_000;
const THREADS: u32 = 8;
const IMAGES: u32 = 16;

/// What a computer boots first, and then.
const ROUNDS: [u32; 2] = [0, 7];

fn site() -> World {
    let world = World::new().default_image("i0");
    (0..IMAGES).fold(world, |world, image| {
        let name = format!("i{image}");
        let files = [
            // Not the boot configuration: what is behind that name is chosen anew each time.
            ("Boot/boot.sdi", name.clone()),
            ("Boot/pxeboot.n12", "program".to_owned()),
        ];
        world.image(&name, &files)
    })
}

fn address(client: u32) -> String {
    let [_, high, middle, low] = client.to_be_bytes();
    format!("10.{high}.{middle}.{low}")
}

fn image(client: u32, round: u32) -> String {
    format!("i{}", (client + round) % IMAGES)
}

/// Half of them are known by their socket, the others by the path.
fn boots(tree: &Tree, client: u32, round: u32) {
    let (address, image) = (address(client), image(client, round));
    let by_socket = Server::of(&[&address]).on_thread(client % THREADS);
    match client % 2 {
        0 => open(
            tree,
            &by_socket,
            &format!("images/{image}/Boot/pxeboot.n12"),
        ),
        _ => {
            let nobody = Server::of(&[]).on_thread(client % THREADS);
            let path = format!("{address}/images/{image}/boot/PXEBOOT.N12");
            open(tree, &nobody, &path)
        }
    }
    .unwrap();
    let sdi = open(tree, &by_socket, r"\Boot\boot.sdi").unwrap();
    assert_eq!(sdi, image, "{address}");
}

fn still_has(tree: &Tree, client: u32, round: u32) {
    let name = format!("clients/{}/Boot/boot.sdi", address(client));
    let nobody = Server::of(&[]).on_thread(client % THREADS);
    assert_eq!(open(tree, &nobody, &name).unwrap(), image(client, round));
}

/// Each thread plays a server's process, and has its share of the clients.
fn everybody(work: impl Fn(u32) + Sync) {
    thread::scope(|scope| {
        for share in 0..THREADS {
            let work = &work;
            scope.spawn(move || {
                (0..CLIENTS)
                    .filter(|client| client % THREADS == share)
                    .for_each(work);
            });
        }
    });
}

#[test]
fn ten_thousand_clients_follow_each_its_own_image() {
    let world = site();
    let tree = world.tree();
    for round in ROUNDS {
        everybody(|client| boots(tree, client, round));
        assert_eq!(tree.boots().len(), CLIENTS as usize);
    }
    let [_, last] = ROUNDS;
    everybody(|client| still_has(tree, client, last));
    assert_eq!(tree.boots().len(), CLIENTS as usize);
}

/// Whoever asks for more than there is room for loses the memory of the oldest, and nothing
/// else.
#[test]
fn more_than_there_is_room_for() {
    use std::time::{Duration, Instant};
    use winbootfs::boots::{Boots, MOST_CLIENTS};
    use winbootfs::client::Client;
    use winbootfs::config::ImageName;
    use winbootfs::program::{Firmware, Program};

    let (boots, now, idle) = (Boots::default(), Instant::now(), Duration::from_secs(60));
    let image = ImageName::new("x").unwrap();
    let client = |number: u32| Client {
        ip: Some(address(number).parse().unwrap()),
        mac: None,
    };
    let most = u32::try_from(MOST_CLIENTS).unwrap();
    assert_eq!(most, 100_000);
    for number in 0..most + 1000 {
        boots.opened(
            &client(number),
            &Program::of(Firmware::Bios),
            Some(&image),
            now,
            idle,
        );
    }
    assert_eq!(boots.len(), MOST_CLIENTS);
    assert_eq!(boots.booted(&client(999), now, idle), None);
    assert!(boots.booted(&client(1000), now, idle).is_some());
    assert!(boots.booted(&client(most), now, idle).is_some());
}
