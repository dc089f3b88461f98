//! Which socket can be which thread's, in a server that gives every transfer a thread
//! and every thread one socket for life.
//!
//! Pure. Every thread that asks is remembered with the sockets that were open then: one of
//! them is its own. What follows from all of these together is found by matching threads
//! to sockets: a socket is possible for a thread only if every other remembered thread
//! can still have one as well. So when two threads asked in one instant and could not be
//! told apart, their two sockets are theirs, whichever is whose, and no candidates for
//! a third.
//!
//! A socket that was closed stays in these sets: that it is gone says that some thread is
//! at its end, but not which. A thread that is gone can only have had one that is closed.

use std::collections::{BTreeSet, HashMap};

/// A thread's id.
pub type Thread = i32;

/// A socket's inode number.
pub type Socket = u64;

/// What is known of the threads of one process.
#[derive(Debug, Default)]
pub struct Claims {
    threads: HashMap<Thread, Known>,
}

/// What is known of one thread.
#[derive(Debug)]
struct Known {
    /// One of these is, or was, its own.
    possible: BTreeSet<Socket>,
    ended: bool,
}

impl Claims {
    /// A thread asks, while these sockets are open. Returns those that can be its own.
    /// None at all means that the server is not what it was taken for: nothing is
    /// concluded then, and what was known is forgotten.
    pub fn ask(&mut self, thread: Thread, open: &BTreeSet<Socket>) -> BTreeSet<Socket> {
        self.ended_have_closed(open);
        let before = self.threads.remove(&thread).filter(|known| !known.ended);
        let candidates = match before {
            Some(known) => known.possible.intersection(open).copied().collect(),
            None => open.clone(),
        };
        let can_spare = |socket: &Socket| self.can_spare(*socket);
        let possible: BTreeSet<Socket> = candidates.into_iter().filter(can_spare).collect();
        if possible.is_empty() {
            self.threads.clear();
            return possible;
        }
        let known = Known {
            possible: possible.clone(),
            ended: false,
        };
        self.threads.insert(thread, known);
        possible
    }

    /// These threads live, seen after the sockets of the last [`ask`](Self::ask). The
    /// others have ended, and their sockets will be closed when they are looked at next.
    pub fn living(&mut self, living: &BTreeSet<Thread>) {
        for (thread, known) in &mut self.threads {
            known.ended |= !living.contains(thread);
        }
        let alive = self.threads.values().filter(|known| !known.ended);
        let wanted: BTreeSet<Socket> = alive.flat_map(|known| known.possible.clone()).collect();
        self.threads
            .retain(|_, known| !known.ended || !known.possible.is_disjoint(&wanted));
    }

    fn ended_have_closed(&mut self, open: &BTreeSet<Socket>) {
        for known in self.threads.values_mut().filter(|known| known.ended) {
            known.possible.retain(|socket| !open.contains(socket));
        }
    }

    /// Whether every remembered thread can have a socket when this one is another's.
    fn can_spare(&self, taken: Socket) -> bool {
        let mut holders = HashMap::new();
        self.threads.keys().all(|thread| {
            let mut tried = BTreeSet::from([taken]);
            self.settle(*thread, &mut tried, &mut holders)
        })
    }

    /// Finds a socket for a thread, moving others to other sockets where that helps.
    fn settle(
        &self,
        thread: Thread,
        tried: &mut BTreeSet<Socket>,
        holders: &mut HashMap<Socket, Thread>,
    ) -> bool {
        let possible = self.threads.get(&thread).map(|known| &known.possible);
        for socket in possible.into_iter().flatten() {
            if !tried.insert(*socket) {
                continue;
            }
            let holder = holders.get(socket).copied();
            if holder.is_none_or(|holder| self.settle(holder, tried, holders)) {
                holders.insert(*socket, thread);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<T: Ord + Copy>(items: &[T]) -> BTreeSet<T> {
        items.iter().copied().collect()
    }

    #[test]
    fn one_thread_has_the_one_socket() {
        let mut claims = Claims::default();
        assert_eq!(claims.ask(1, &set(&[10])), set(&[10]));
        assert_eq!(claims.ask(2, &set(&[10, 20])), set(&[20]));
        assert_eq!(claims.ask(1, &set(&[10, 20])), set(&[10]));
    }

    #[test]
    fn two_of_one_instant_are_not_told_apart_but_a_third_is() {
        let mut claims = Claims::default();
        assert_eq!(claims.ask(1, &set(&[10, 20])), set(&[10, 20]));
        assert_eq!(claims.ask(2, &set(&[10, 20])), set(&[10, 20]));
        assert_eq!(claims.ask(3, &set(&[10, 20, 30])), set(&[30]));
    }

    #[test]
    fn a_closed_socket_does_not_tell_whose_it_was() {
        let mut claims = Claims::default();
        claims.ask(1, &set(&[10, 20]));
        claims.ask(2, &set(&[10, 20]));
        // 10 is closed, its thread still alive: 20 is either's, but no third one's.
        assert_eq!(claims.ask(3, &set(&[20, 30])), set(&[30]));
        claims.living(&set(&[2, 3]));
        // 1 has ended, 20 is open: so 1 had 10, and 2 has 20.
        assert_eq!(claims.ask(4, &set(&[20, 30, 40])), set(&[40]));
        assert_eq!(claims.ask(2, &set(&[20, 30, 40])), set(&[20]));
    }

    #[test]
    fn what_cannot_be_is_no_answer_and_is_forgotten() {
        let mut claims = Claims::default();
        claims.ask(1, &set(&[10]));
        assert_eq!(
            claims.ask(2, &set(&[10])),
            set(&[]),
            "two threads, one socket"
        );
        assert_eq!(
            claims.ask(3, &set(&[10, 30])),
            set(&[10, 30]),
            "nothing is known"
        );
    }

    #[test]
    fn threads_that_ended_are_forgotten() {
        let mut claims = Claims::default();
        for thread in 0..1000_i32 {
            let socket = u64::from(thread.unsigned_abs());
            claims.ask(thread, &set(&[socket]));
            claims.living(&set(&[thread]));
        }
        assert_eq!(claims.threads.len(), 1);
    }
}
