//! Turns, medians, and what the machine was doing meanwhile.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a row found: one sample a round.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) samples: Vec<f64>,
    pub(crate) note: String,
}

impl Figure {
    pub(crate) fn new(samples: Vec<f64>, note: impl Into<String>) -> Self {
        let note = note.into();
        Self { samples, note }
    }

    pub(crate) fn least(&self) -> f64 {
        self.samples.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn greatest(&self) -> f64 {
        let samples = self.samples.iter().copied();
        samples.fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Measures both sides in every round, after one that does not count.
pub(crate) fn in_turns(
    rounds: usize,
    unit: &str,
    sides: [&str; 2],
    mut first: impl FnMut() -> f64,
    mut second: impl FnMut() -> f64,
) -> Figure {
    first();
    second();
    in_turns_warm(rounds, unit, sides, first, second)
}

/// Measures both sides in every round. Which side begins changes from round to round: the
/// second one finds caches and clock rates as the first has left them.
pub(crate) fn in_turns_warm(
    rounds: usize,
    unit: &str,
    sides: [&str; 2],
    mut first: impl FnMut() -> f64,
    mut second: impl FnMut() -> f64,
) -> Figure {
    let mut seen = [Vec::new(), Vec::new()];
    for round in 1..=rounds {
        for side in [round % 2, 1 - round % 2] {
            let figure = if side == 0 { first() } else { second() };
            seen[side].push(figure);
        }
    }
    let ratios = seen[0].iter().zip(&seen[1]);
    let ratios = ratios.map(|(native, mounted)| mounted / native).collect();
    let [native, mounted] = seen.map(|figures| median(&figures));
    let note = format!(
        "{} {native:.1} {unit}, {} {mounted:.1} {unit}",
        sides[0], sides[1]
    );
    Figure::new(ratios, note)
}

pub(crate) const SIDES: [&str; 2] = ["native", "mounted"];

pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// How often an operation can be done in a second.
pub(crate) fn rate(time: Duration, mut operation: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u32;
    loop {
        // Several for one look at the clock.
        for _ in 0..8 {
            operation();
        }
        count += 8;
        let took = begun.elapsed();
        if took >= time {
            return f64::from(count) / took.as_secs_f64();
        }
    }
}

/// The median time of one operation, in microseconds.
pub(crate) fn typical(time: Duration, mut operation: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < time {
        times.push(timed(&mut operation));
    }
    median(&times)
}

/// The time of one operation, in microseconds.
pub(crate) fn timed(operation: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    operation();
    begun.elapsed().as_secs_f64() * 1e6
}

/// Keeps one core awake while it lives: waking a core that sleeps costs a virtual machine
/// more than the daemon needs for its answer, and a server in use does not sleep.
#[derive(Debug)]
pub(crate) struct Awake {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Awake {
    pub(crate) fn new() -> Self {
        let over: Arc<AtomicBool> = Arc::default();
        let seen = over.clone();
        let spin = move || {
            while !seen.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        let thread = Some(thread::spawn(spin));
        Self { over, thread }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The processor time that a process has used, in milliseconds, by the scheduler's own
/// clock: ticks of 10 ms would not see what is to be seen here.
pub(crate) fn processor_time(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let used = |thread: std::io::Result<fs::DirEntry>| -> Option<f64> {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    threads.filter_map(used).sum::<f64>() / 1e6
}

/// A line of a file of the form `Name:   number kB`, in MiB.
pub(crate) fn mebibytes(file: &str, name: &str) -> f64 {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line
        .unwrap()
        .trim_start_matches(':')
        .split_whitespace()
        .next();
    number.unwrap().parse::<f64>().unwrap() / 1024.0
}

/// What else was going on: to be told beside every figure.
pub(crate) fn machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("# Linux {}, {cores} cores, load {load}", kernel.trim())
}
