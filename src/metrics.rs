//! What a running daemon says of itself, for Prometheus: the text exposition format 0.0.4.
//!
//! Everything is in one table, [`METRICS`]: it is what is written, and what the README shows.
//! Nothing is kept between two scrapes: what is written is what a [`Status`] says.
//!
//! Labels are bounded. Images are those of the configuration, states are four; never the
//! address of a client, nor a name that was asked for: whoever can send a packet could fill
//! the disk of whoever collects these.

use prometheus::{Counter, Gauge, GaugeVec, Opts, Registry, TextEncoder};

use crate::status::{State, Status};

/// The media type of what [`text`] writes.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What is counted or measured.
    pub unit: &'static str,
    /// What it means.
    pub help: &'static str,
    reading: Reading,
}

/// How a metric is read off.
#[derive(Debug)]
enum Reading {
    /// It only grows, until the daemon is started anew.
    Counter(fn(&Status) -> u64),
    /// It goes up and down; it is left out while it is not known.
    Gauge(fn(&Status) -> Option<f64>),
    /// The same, once for each value of a label.
    Gauges(&'static str, fn(&Status) -> Vec<(String, f64)>),
}

/// All metrics.
pub const METRICS: &[Metric] = &[
    gauges(
        ("winbootfs_build_info", "always 1"),
        "The version of the program.",
        "version",
        |status| vec![(status.version.clone(), 1.0)],
    ),
    gauge(
        ("winbootfs_start_time_seconds", "seconds since 1970"),
        "When the daemon was started.",
        |status| Some(status.started_ms as f64 / 1000.0),
    ),
    gauge(
        ("winbootfs_passthrough", "1 or 0"),
        "Whether the kernel reads the files itself; left out before the first is opened.",
        |status| status.reading.passthrough.map(bit),
    ),
    gauge(
        ("winbootfs_warnings", "warnings"),
        "What an operator should look after; `winbootfs status` says what.",
        |status| Some(status.warnings.len() as f64),
    ),
    counter(
        ("winbootfs_lookups_total", "names"),
        "Names that the kernel asked for.",
        |status| status.counts.lookups,
    ),
    counter(
        ("winbootfs_misses_total", "names"),
        "Of these, names that were not there. Healthy boots have them too.",
        |status| status.counts.misses,
    ),
    counter(
        ("winbootfs_refused_total", "names"),
        "Of these, names refused because the client could not be told.",
        |status| status.counts.undecided,
    ),
    counter(
        ("winbootfs_forgets_total", "look-ups"),
        "Look-ups that the kernel gave back.",
        |status| status.counts.forgets,
    ),
    counter(
        ("winbootfs_opens_total", "files"),
        "Files opened.",
        |status| status.counts.opens,
    ),
    counter(
        ("winbootfs_read_bytes_total", "bytes"),
        "Bytes read through the daemon; what the kernel reads itself is not among them.",
        |status| status.counts.bytes,
    ),
    gauge(
        ("winbootfs_nodes", "numbers"),
        "Numbers of files and folders that the kernel holds.",
        |status| Some(status.counts.nodes as f64),
    ),
    gauge(
        ("winbootfs_journal_clients", "clients"),
        "Clients that the journal keeps.",
        |status| Some(status.counts.journal_clients as f64),
    ),
    gauge(
        ("winbootfs_journal_requests", "requests"),
        "Requests that the journal keeps.",
        |status| Some(status.counts.journal_requests as f64),
    ),
    counter(
        ("winbootfs_boots_total", "boots"),
        "Boots that began.",
        |status| status.counts.boots_begun,
    ),
    counter(
        ("winbootfs_boots_done_total", "boots"),
        "Boots that were handed their boot image.",
        |status| status.counts.boots_done,
    ),
    counter(
        ("winbootfs_boots_failed_total", "boots"),
        "Boots that lacked something they cannot do without, or stopped.",
        |status| status.counts.boots_failed,
    ),
    gauges(
        ("winbootfs_clients", "clients"),
        "Clients by how their last boot is doing: under-way, stopped, failed, done. A server that \
         names nobody counts as one.",
        "state",
        by_state,
    ),
    gauges(
        ("winbootfs_image_healthy", "1 or 0"),
        "Whether all sources of the image can be read.",
        "image",
        |status| per_image(status, |image| bit(image.is_healthy())),
    ),
    gauges(
        ("winbootfs_image_clients", "clients"),
        "Clients that are booting the image, or have booted it last.",
        "image",
        |status| per_image(status, |image| image.clients as f64),
    ),
];

const fn counter(
    (name, unit): (&'static str, &'static str),
    help: &'static str,
    read: fn(&Status) -> u64,
) -> Metric {
    let reading = Reading::Counter(read);
    Metric {
        name,
        unit,
        help,
        reading,
    }
}

const fn gauge(
    (name, unit): (&'static str, &'static str),
    help: &'static str,
    read: fn(&Status) -> Option<f64>,
) -> Metric {
    let reading = Reading::Gauge(read);
    Metric {
        name,
        unit,
        help,
        reading,
    }
}

const fn gauges(
    (name, unit): (&'static str, &'static str),
    help: &'static str,
    label: &'static str,
    read: fn(&Status) -> Vec<(String, f64)>,
) -> Metric {
    let reading = Reading::Gauges(label, read);
    Metric {
        name,
        unit,
        help,
        reading,
    }
}

fn bit(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Also the states in which nobody is: what is left out looks like no answer.
fn by_state(status: &Status) -> Vec<(String, f64)> {
    let states = [
        ("under-way", State::UnderWay),
        ("stopped", State::Stopped),
        ("failed", State::Failed),
        ("done", State::Done),
    ];
    let count = |state| {
        let clients = status.clients.iter();
        clients.filter(|client| client.state == state).count() as f64
    };
    states
        .map(|(name, state)| (name.to_owned(), count(state)))
        .into()
}

fn per_image(status: &Status, read: fn(&crate::status::Image) -> f64) -> Vec<(String, f64)> {
    let images = status.images.iter();
    images
        .map(|image| (image.name.clone(), read(image)))
        .collect()
}

/// All that a status says. It should have all clients: those that it leaves out are not
/// counted.
pub fn text(status: &Status) -> String {
    let registry = Registry::new();
    // What can be wrong is a name in the table: the tests look at each.
    for metric in METRICS {
        if let Err(error) = metric.register(&registry, status) {
            tracing::error!("{} cannot be told: {error}", metric.name);
        }
    }
    let text = TextEncoder::new().encode_to_string(&registry.gather());
    text.unwrap_or_default()
}

impl Metric {
    /// `counter` or `gauge`.
    pub fn kind(&self) -> &'static str {
        match self.reading {
            Reading::Counter(_) => "counter",
            Reading::Gauge(_) | Reading::Gauges(..) => "gauge",
        }
    }

    /// The label that tells its values apart, if it has more than one.
    pub fn label(&self) -> Option<&'static str> {
        match self.reading {
            Reading::Gauges(label, _) => Some(label),
            Reading::Counter(_) | Reading::Gauge(_) => None,
        }
    }

    fn register(&self, registry: &Registry, status: &Status) -> prometheus::Result<()> {
        let about = Opts::new(self.name, self.help);
        match self.reading {
            Reading::Counter(read) => {
                let counter = Counter::with_opts(about)?;
                counter.inc_by(read(status) as f64);
                registry.register(Box::new(counter))
            }
            Reading::Gauge(read) => {
                let Some(value) = read(status) else {
                    return Ok(());
                };
                let gauge = Gauge::with_opts(about)?;
                gauge.set(value);
                registry.register(Box::new(gauge))
            }
            Reading::Gauges(label, read) => {
                let gauges = GaugeVec::new(about, &[label])?;
                for (value, number) in read(status) {
                    gauges.get_metric_with_label_values(&[value])?.set(number);
                }
                registry.register(Box::new(gauges))
            }
        }
    }
}
