//! A daemon that says whatever a test wants, and its page.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};

use winbootfs::journal::progress::{Stage, Worth};
use winbootfs::status::{
    Answer, Boot, BootImage, Boots, Client, Counts, Diagnosis, How, Image, Reading, Request,
    Source, State, Status, Tells,
};
use winbootfs::web::{Place, Web};

/// 28 November 2026, 12:00 in UTC.
pub(crate) const NOON: u64 = 1_795_867_200_000;

/// Names that a page must show as they are.
pub(crate) const MARKUP: &str = "<img src=x onerror=\"document.title='run'\">'&amp;";

/// The names of a client and of an image, if there is one.
pub(crate) type Choice = (String, Option<String>);

/// What the daemon says, until a test changes it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) status: Mutex<Status>,
    pub(crate) boots: Mutex<HashMap<String, Vec<Boot>>>,
    pub(crate) chosen: Mutex<Vec<Choice>>,
    /// For how long no status is told.
    stuck: Mutex<bool>,
    freed: Condvar,
}

impl Played {
    pub(crate) fn new(status: Status) -> Arc<Self> {
        Arc::new(Self {
            status: Mutex::new(status),
            boots: Mutex::default(),
            chosen: Mutex::default(),
            stuck: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Its page at an address of its own.
    pub(crate) fn serve(self: &Arc<Self>, may_write: bool) -> Web {
        self.serve_at("127.0.0.1:0".parse().unwrap(), may_write)
    }

    pub(crate) fn serve_at(self: &Arc<Self>, address: SocketAddr, may_write: bool) -> Web {
        let place = Place { address, may_write };
        place.take().unwrap().serve(self.clone()).unwrap()
    }

    /// Changes what it says.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap());
    }

    /// Changes what it says of its first client.
    pub(crate) fn change_first(&self, change: impl FnOnce(&mut Client)) {
        self.change(|status| change(&mut status.clients[0]));
    }

    /// The requests of a client's boots, the present one first.
    pub(crate) fn boot(&self, client: &str, boots: Vec<Boot>) {
        self.boots.lock().unwrap().insert(client.to_owned(), boots);
    }

    /// From now on it tells no status, until it is freed again.
    pub(crate) fn stick(&self, is_stuck: bool) {
        *self.stuck.lock().unwrap() = is_stuck;
        self.freed.notify_all();
    }

    fn wait(&self) {
        let stuck = self.stuck.lock().unwrap();
        drop(self.freed.wait_while(stuck, |stuck| *stuck));
    }
}

impl Tells for Played {
    fn status(&self, most_clients: usize) -> Status {
        self.wait();
        let mut status = self.status.lock().unwrap().clone();
        status.clients.truncate(most_clients);
        status
    }

    fn boots(&self, client: &str) -> Option<Boots> {
        let status = self.status.lock().unwrap();
        let known = status.clients.iter().find(|known| known.client == client)?;
        let boots = self.boots.lock().unwrap();
        Some(Boots {
            client: known.clone(),
            boots: boots.get(client).cloned().unwrap_or_default(),
        })
    }

    fn choose(&self, client: &str, image: Option<&str>) -> Result<(), String> {
        let mut status = self.status.lock().unwrap();
        if image.is_some_and(|image| !status.images.iter().any(|known| known.name == image)) {
            return Err("no image is named so".to_owned());
        }
        let known = status
            .clients
            .iter_mut()
            .find(|known| known.client == client);
        let known = known.ok_or("no such client")?;
        known.image = image.map(str::to_owned);
        let choice = (client.to_owned(), image.map(str::to_owned));
        self.chosen.lock().unwrap().push(choice);
        Ok(())
    }
}

/// A daemon with two images and these clients.
pub(crate) fn status(clients: Vec<Client>) -> Status {
    Status {
        version: "0.1.0".to_owned(),
        mountpoint: "/srv/tftp".to_owned(),
        pid: 1234,
        started_ms: NOON - 7_500_000,
        running_s: 7500,
        reading: Reading {
            passthrough: Some(true),
            why: "Linux 6.18, CAP_SYS_ADMIN".to_owned(),
        },
        counts: Counts {
            lookups: 12_345,
            misses: 678,
            undecided: 9,
            forgets: 11_000,
            opens: 4321,
            bytes: 98_765_432_100,
            nodes: 321,
            journal_clients: clients.len() as u64,
            journal_requests: 654,
            boots_begun: 87,
            boots_done: 65,
            boots_failed: 4,
        },
        images: vec![image("rescue", true), image("win11", false)],
        clients_in_all: clients.len(),
        clients,
        warnings: Vec::new(),
    }
}

pub(crate) fn image(name: &str, is_default: bool) -> Image {
    Image {
        name: name.to_owned(),
        is_default,
        sources: vec![Source {
            label: format!("/srv/winpe/{name}"),
            what: "a folder with 1,021 files".to_owned(),
            fault: None,
        }],
        clients: 1,
    }
}

/// A client whose boot is under way, and has read its boot configuration.
pub(crate) fn client(name: &str) -> Client {
    Client {
        client: name.to_owned(),
        boot: 1,
        is_known: true,
        mac: Some("52-54-00-12-34-56".to_owned()),
        image: Some("rescue".to_owned()),
        because: "by default, where no rule matches".to_owned(),
        firmware: Some("UEFI".to_owned()),
        stage: Stage::Store,
        state: State::UnderWay,
        boot_image: None,
        began_ms: NOON,
        age_ms: 4200,
        silent_ms: 300,
        requests: 7,
        misses: 2,
        server: "in.tftpd".to_owned(),
        diagnosis: None,
        earlier: 0,
    }
}

/// The boot image on its way, or handed out.
pub(crate) fn reading(client: &str, read: u64) -> Client {
    let size = 512 << 20;
    let (stage, state) = match read >= size {
        true => (Stage::Done, State::Done),
        false => (Stage::Image, State::UnderWay),
    };
    Client {
        stage,
        state,
        boot_image: Some(BootImage {
            name: "\\sources\\boot.wim".to_owned(),
            size,
            read: Some(read),
            is_open: read < size,
        }),
        ..self::client(client)
    }
}

/// A boot that lacks its boot configuration.
pub(crate) fn failed(client: &str) -> Client {
    Client {
        stage: Stage::Manager,
        state: State::Failed,
        diagnosis: Some(Diagnosis {
            what: "The boot configuration \\Boot\\BCD is missing".to_owned(),
            screen: Some("0xc000000f".to_owned()),
            hints: vec![
                "the boot manager bootx64.efi asked for it".to_owned(),
                "the image win11 has one: Boot/BCD".to_owned(),
            ],
            next: "put the BCD of an install medium into /srv/winpe/rescue/Boot".to_owned(),
        }),
        ..self::client(client)
    }
}

pub(crate) fn boot(requests: Vec<Request>) -> Boot {
    Boot {
        began_ms: NOON,
        stage: Stage::Store,
        requests,
        left_out: 0,
    }
}

/// A name that was not there.
pub(crate) fn missed(at_ms: u64, name: &str, worth: Worth) -> Request {
    Request {
        time_ms: NOON + at_ms,
        at_ms,
        client: "10.0.7.5".to_owned(),
        boot: 1,
        server: "in.tftpd".to_owned(),
        name: name.to_owned(),
        answer: Answer::Missing,
        times: 1,
        stage: Stage::Manager,
        is_further: false,
        worth,
    }
}

/// A file that was handed out.
pub(crate) fn opened(at_ms: u64, name: &str, path: &str, how: How) -> Request {
    Request {
        answer: Answer::Opened {
            image: Some("rescue".to_owned()),
            source: "/srv/winpe/rescue".to_owned(),
            path: path.to_owned(),
            size: 262_144,
            how,
            made: None,
            read: Some(262_144),
            open_ms: Some(120),
            broken: None,
        },
        ..missed(at_ms, name, Worth::Got)
    }
}
