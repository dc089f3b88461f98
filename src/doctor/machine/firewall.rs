//! The rules by which the kernel takes packets in or drops them, as far as they can be seen.
//!
//! Asked of them is: does a request to a port come in, and do the answers of a client?

pub mod chain;
pub mod iptables;
pub mod nft;

use std::fs;

use chain::{Chain, Fate, Packet};

use super::commands;

/// All rules that could be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Their chains.
    pub chains: Vec<Chain>,
    /// Who keeps them, and is to be told instead.
    pub keeper: Keeper,
}

/// Who keeps rules, in words that are his own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// Nobody: `nft`.
    Nft,
    /// Nobody: `iptables`.
    Iptables,
    /// firewalld.
    Firewalld,
    /// ufw.
    Ufw,
}

impl Rules {
    /// The rules of this machine.
    ///
    /// # Errors
    /// Why they cannot be seen.
    pub fn look() -> Result<Self, String> {
        let nft = commands::run(&["nft", "/usr/sbin/nft"], &["-j", "list", "ruleset"]);
        let nft = nft.and_then(|said| nft::parse(&said));
        // Rules of the older kind are not among those that nft shows.
        let older = fs::read_to_string("/proc/net/ip_tables_names").unwrap_or_default();
        let has_older = older.lines().any(|table| table == "filter");
        match (nft, has_older) {
            (Ok(chains), false) => Ok(Self::kept(chains, Keeper::Nft)),
            (Ok(chains), true) => Self::older(chains, &["iptables-legacy", "iptables"]),
            (Err(why), _) => {
                let older = Self::older(Vec::new(), &["iptables", "/usr/sbin/iptables"]);
                older.map_err(|older| format!("{why}, and {older}"))
            }
        }
    }

    fn older(mut chains: Vec<Chain>, programs: &[&str]) -> Result<Self, String> {
        let said = commands::run(programs, &["-S"])?;
        chains.extend(iptables::parse(&String::from_utf8_lossy(&said)));
        Ok(Self::kept(chains, Keeper::Iptables))
    }

    fn kept(chains: Vec<Chain>, keeper: Keeper) -> Self {
        let any = |word: &str| chains.iter().any(|chain| chain.name.contains(word));
        let keeper = match () {
            () if any("firewalld") => Keeper::Firewalld,
            () if any("ufw-") => Keeper::Ufw,
            () => keeper,
        };
        Self { chains, keeper }
    }

    /// What becomes of a packet, and the first chain that may drop it.
    pub fn fate(&self, packet: Packet) -> (Fate, Option<&Chain>) {
        chain::fate(&self.chains, packet)
    }
}
