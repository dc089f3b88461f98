//! Every boot that was seen, played to the journal: whole, and cut off at each line.
//!
//! What is expected stands in the traces themselves, line by line (see the README beside
//! them); here is only what follows from a line for the journal.

use std::time::Duration;

use winbootfs::journal::boot::QUIET;
use winbootfs::journal::progress::{Stage, Worth};

use crate::player::{MOMENT, Player, SIZE, client, said, word};
use crate::traces::{Ends, Had, Lack, QUESTIONS, Question, Trace, traces};

/// Where a boot is after a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    stage: Stage,
    /// What it lacks, and how.
    lack: Option<(Lack, String)>,
}

impl State {
    const BEGINNING: Self = Self {
        stage: Stage::Program,
        lack: None,
    };

    fn then(&self, question: &Question) -> Self {
        let lack = match question.lack {
            None => self.lack.clone(),
            Some(Lack::Found) => None,
            Some(lack) => Some((lack, question.name.clone())),
        };
        Self {
            stage: question.stage.unwrap_or(self.stage),
            lack,
        }
    }

    /// What the journal says of a boot that has come so far, at once and after a while.
    fn endings(&self) -> [String; 2] {
        let running = || "running".to_owned();
        match &self.lack {
            Some((Lack::Unsure, name)) => [running(), format!("unsure {name}")],
            Some((Lack::Itself, name)) => [(); 2].map(|()| format!("itself {name}")),
            Some((_, name)) => [(); 2].map(|()| format!("lost {name}")),
            None if self.stage == Stage::Done => [(); 2].map(|()| "done".to_owned()),
            None => [running(), format!("silent after {}", word(self.stage))],
        }
    }

    fn is_fatal(&self) -> bool {
        let lack = self.lack.as_ref();
        lack.is_some_and(|(lack, _)| *lack != Lack::Unsure)
    }
}

/// The lines of a trace, each with where the boot is after it.
fn steps(trace: &Trace) -> impl Iterator<Item = (&Question, State)> {
    let mut state = State::BEGINNING;
    trace.ask.iter().map(move |question| {
        state = state.then(question);
        (question, state.clone())
    })
}

fn last(trace: &Trace) -> State {
    steps(trace).last().unwrap().1
}

/// Where the journal says that the boot is.
fn state(player: &Player) -> State {
    let progress = player.boot().progress;
    let lack = progress.lost.map(|lost| {
        let name = String::from_utf8(lost.name.into_vec()).unwrap();
        match (lost.is_itself, lost.is_fatal) {
            (true, _) => (Lack::Itself, name),
            (false, true) => (Lack::Lost, name),
            (false, false) => (Lack::Unsure, name),
        }
    });
    State {
        stage: progress.stage,
        lack,
    }
}

/// One line, of which nobody knows how much is read.
fn play(player: &mut Player, question: &Question) {
    match question.had {
        Had::Missing => drop(player.misses(&question.name)),
        Had::Ok | Had::Unknown => drop(player.gets(&question.name)),
    }
}

/// The same where the daemon reads: all of it, but nothing of a boot image that is asked for
/// its size.
fn play_read(player: &mut Player, question: &Question) {
    match question.had {
        Had::Missing => drop(player.misses(&question.name)),
        Had::Ok | Had::Unknown => {
            let is_size = is_image(&question.name) && question.stage.is_none();
            player.opens(&question.name);
            player.closes(&question.name, Some(if is_size { 0 } else { SIZE }));
        }
    }
}

fn is_image(name: &str) -> bool {
    name.ends_with(".wim") || name.ends_with(".iso")
}

/// Plays all traces, and gathers what is wrong after any line.
fn faults(mut fault: impl FnMut(&Trace, &Question, &State, usize) -> Option<String>) {
    let mut faults = Vec::new();
    let mut lines = 0;
    for trace in &traces() {
        for (at, (question, state)) in steps(trace).enumerate() {
            lines += 1;
            let found = fault(trace, question, &state, at);
            faults.extend(found.map(|fault| {
                format!(
                    "{}\n  line {}, {question:?}: {fault}",
                    trace.origin(),
                    at + 1
                )
            }));
        }
    }
    assert_eq!(lines, QUESTIONS);
    assert!(
        faults.is_empty(),
        "{}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// A fault where two things differ.
fn differ<T: PartialEq + std::fmt::Debug>(got: &T, wanted: &T) -> Option<String> {
    (got != wanted).then(|| format!("{got:?}, and not {wanted:?}"))
}

#[test]
fn each_line_brings_a_boot_to_its_stage_and_no_further() {
    for play in [play, play_read] {
        let mut player = Player::new();
        faults(|_, question, wanted, at| {
            if at == 0 {
                player = Player::new();
            }
            play(&mut player, question);
            differ(&state(&player), wanted)
        });
    }
}

/// Cut off at each line: at once, and after a while.
#[test]
fn a_boot_that_stops_after_any_line_is_judged_by_what_it_got_until_then() {
    let mut player = Player::new();
    faults(|_, question, state, at| {
        if at == 0 {
            player = Player::new();
        }
        play(&mut player, question);
        let endings = [Duration::ZERO, QUIET].map(|later| player.ending(later));
        let nearly = player.ending(QUIET - MOMENT);
        let wanted = state.endings();
        differ(&endings, &wanted).or_else(|| differ(&nearly, &wanted[0]))
    });
}

/// Nothing else is asked for while a boot image is on its way.
#[test]
fn a_boot_that_still_reads_a_file_is_running() {
    let mut player = Player::new();
    faults(|trace, question, state, at| {
        player = Player::new();
        for question in &trace.ask[..at] {
            play(&mut player, question);
        }
        if question.had == Had::Missing {
            return None;
        }
        player.opens(&question.name);
        let stage = player.boot().progress.stage;
        let wanted = match question.stage {
            Some(Stage::Done) => Stage::Image,
            _ => state.stage,
        };
        let ending = player.ending(QUIET * 20);
        let running = if state.is_fatal() {
            &state.endings()[0]
        } else {
            "running"
        };
        differ(&stage, &wanted).or_else(|| differ(&ending.as_str(), &running))
    });
}

/// What is told of each request as it comes in.
#[test]
fn a_miss_is_fatal_only_where_the_boot_ends_with_it() {
    let (mut player, mut fatal) = (Player::new(), 0);
    faults(|_, question, state, at| {
        if at == 0 {
            player = Player::new();
        }
        let news = match question.had {
            Had::Missing => player.misses(&question.name),
            Had::Ok | Had::Unknown => player.gets(&question.name),
        };
        let is_last_lack = state
            .lack
            .as_ref()
            .is_some_and(|(_, name)| *name == question.name);
        let wanted = match question.had {
            Had::Ok | Had::Unknown => Worth::Got,
            Had::Missing if !is_last_lack => Worth::Normal,
            Had::Missing if state.is_fatal() => Worth::Fatal,
            Had::Missing => Worth::Unsure,
        };
        fatal += usize::from(wanted == Worth::Fatal);
        differ(&news.worth, &wanted)
    });
    assert!(fatal > 10, "{fatal}");
}

#[test]
fn the_last_line_tells_how_the_boot_ends() {
    for trace in &traces() {
        let State { stage, lack } = last(trace);
        let lacked = lack.as_ref().map(|(_, name)| name);
        let is_lost = trace.ends == Ends::Lost;
        assert_eq!(lacked, trace.lacks.as_ref(), "{}", trace.origin());
        assert_eq!(is_lost, lacked.is_some(), "{}", trace.origin());
        assert_eq!(
            trace.ends == Ends::Done,
            stage == Stage::Done,
            "{}",
            trace.origin()
        );
        assert!(trace.screen.is_none() || matches!(trace.ends, Ends::Lost | Ends::Stops));
    }
}

/// Where it is known how much of the boot image was read.
#[test]
fn a_boot_image_that_is_closed_halfway_is_broken_off() {
    let mut broken = 0;
    for trace in traces().iter().filter(|trace| trace.ends == Ends::Done) {
        let mut player = Player::new();
        for question in &trace.ask {
            if question.stage == Some(Stage::Done) {
                player.opens(&question.name);
                player.closes(&question.name, Some(SIZE / 2));
                break;
            }
            play_read(&mut player, question);
        }
        broken += 1;
        let ending = player.ending(Duration::ZERO);
        assert_eq!(ending, "broken off at 500 of 1000", "{}", trace.origin());
    }
    assert!(broken > 20, "{broken}");
}

/// A restart at every line: the computer is switched off there, and booted again.
#[test]
fn a_computer_that_is_started_anew_at_any_line_begins_another_boot() {
    faults(|trace, _, before, at| {
        let mut player = Player::new();
        for question in &trace.ask[..=at] {
            play(&mut player, question);
        }
        player.waits(Duration::from_secs(20));
        for question in &trace.ask {
            play(&mut player, question);
        }
        let last = last(trace);
        let wanted = (vec![before.stage, last.stage], last.clone());
        differ(&(player.stages(), state(&player)), &wanted)
    });
}

/// The same while the file of that line is still open: its server notices nothing for long.
#[test]
fn a_computer_that_is_started_anew_while_it_reads_its_boot_image_begins_another_boot() {
    let mut restarts = 0;
    for trace in traces().iter().filter(|trace| trace.ends == Ends::Done) {
        let mut player = Player::new();
        let at = trace
            .ask
            .iter()
            .position(|line| line.stage == Some(Stage::Done));
        let (before, image) = (&trace.ask[..at.unwrap()], &trace.ask[at.unwrap()]);
        before.iter().for_each(|line| play(&mut player, line));
        player.opens(&image.name);
        player.waits(Duration::from_secs(20));
        trace.ask.iter().for_each(|line| play(&mut player, line));
        player.closes(&image.name, None);
        restarts += 1;
        assert_eq!(
            player.stages(),
            [Stage::Image, Stage::Done],
            "{}",
            trace.origin()
        );
    }
    assert!(restarts > 20, "{restarts}");
}

/// All of them at once, line by line in turn, in one journal.
#[test]
fn boots_at_the_same_time_are_kept_apart() {
    let traces = traces();
    let mut player = Player::new();
    let longest = traces.iter().map(|trace| trace.ask.len()).max().unwrap();
    for line in 0..longest {
        for (number, trace) in traces.iter().enumerate() {
            player.who = client(u8::try_from(number).unwrap());
            if let Some(question) = trace.ask.get(line) {
                play(&mut player, question);
            }
        }
    }
    for (number, trace) in traces.iter().enumerate() {
        player.who = client(u8::try_from(number).unwrap());
        assert_eq!(state(&player), last(trace), "{}", trace.origin());
        assert_eq!(player.stages().len(), 1, "{}", trace.origin());
        assert_eq!(player.boot().requests as usize, trace.ask.len());
    }
    assert_eq!(player.journal.size().clients, traces.len());
}

/// Each boot that failed, once; none that did not.
#[test]
fn what_ended_is_told_once() {
    for trace in &traces() {
        let mut player = Player::new();
        trace.ask.iter().for_each(|line| play(&mut player, line));
        player.waits(QUIET);
        let told: Vec<String> = (0..3)
            .flat_map(|_| player.journal.take_ended(player.now))
            .map(|(_, boot)| said(&boot.ending(player.now)))
            .collect();
        let wanted = match trace.ends {
            Ends::Done => vec![],
            _ => vec![last(trace).endings()[1].clone()],
        };
        assert_eq!(told, wanted, "{}", trace.origin());
    }
}
