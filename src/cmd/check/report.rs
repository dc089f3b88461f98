//! One way to boot an image: its programs, its store, and what the store leads to.

use crate::bcd::{self, Files, Finding, Route};
use crate::cmd::out::say;
use crate::config::SecureBoot;
use crate::expected::{FILES, Need, no_store, programs};
use crate::failure::Failure;
use crate::seen::Seen;

/// What was found on a route.
pub(super) struct Report {
    route: Route,
    /// The store that is read, if there is one, and something to read it.
    store: Option<String>,
    faults: Faults,
}

/// What is wrong, and what is to be known.
#[derive(PartialEq)]
struct Faults {
    missing: Vec<&'static Need>,
    findings: Vec<Finding>,
    /// What is in the store and cannot be understood.
    left_out: Vec<String>,
}

impl Report {
    /// A store is judged where something is there to read it: an image for UEFI alone has
    /// nothing wrong in it for the BIOS.
    pub(super) fn of(seen: &Seen<'_>, route: Route) -> Self {
        let missing = |needs: &'static [Need]| needs.iter().filter(|need| !seen.has(need));
        let programs: Vec<&Need> = missing(programs(route)).collect();
        let store = seen.store(route);
        let read = store.as_ref().map(|read| read.understood(route));
        let (findings, left_out) = match &read {
            None => (vec![not_there(seen, route)], Vec::new()),
            Some(_) if !programs.is_empty() => (Vec::new(), Vec::new()),
            Some(Err(finding)) => (vec![finding.clone()], Vec::new()),
            Some(Ok((store, left_out))) => (bcd::judge(store, route, seen), left_out.clone()),
        };
        let says_what_to_load = matches!(read, Some(Ok(_)));
        let files = missing(FILES).filter(|_| !says_what_to_load);
        Self {
            route,
            store: store
                .filter(|_| programs.is_empty())
                .map(|read| read.shown()),
            faults: Faults {
                missing: programs.into_iter().chain(files).collect(),
                findings,
                left_out,
            },
        }
    }

    /// Whether the image can boot so.
    pub(super) fn can_boot(&self) -> bool {
        let Faults {
            missing, findings, ..
        } = &self.faults;
        missing.is_empty() && !findings.iter().any(|finding| finding.is_fatal)
    }

    /// Prints it; what was printed for one of the ways before is not said again.
    pub(super) fn print(&self, before: &[Self], secure_boot: SecureBoot) -> Result<(), Failure> {
        let able = match self.can_boot() {
            true => "can boot",
            false => "cannot boot",
        };
        let store = self.store.as_ref();
        let store = store.map_or_else(String::new, |store| format!(" with {store}"));
        let line = format!("  {}: {able}{store}", self.route);
        let mut before = before.iter();
        let same = before.find(|other| other.faults == self.faults);
        match same.filter(|_| !self.faults.is_none()) {
            Some(same) => say!("{line}, like {}", same.route),
            None => {
                say!("{line}")?;
                self.faults.print(secure_boot)
            }
        }
    }
}

impl Faults {
    fn is_none(&self) -> bool {
        self.missing.is_empty() && self.findings.is_empty() && self.left_out.is_empty()
    }

    fn print(&self, secure_boot: SecureBoot) -> Result<(), Failure> {
        for need in &self.missing {
            say!("    missing: {} ({})", need.what, need.any_of.join(", "))?;
            say!("      {}", need.next(secure_boot))?;
        }
        for finding in &self.findings {
            print(finding)?;
        }
        for left_out in &self.left_out {
            say!("    remark: {left_out}")?;
        }
        Ok(())
    }
}

fn print(finding: &Finding) -> Result<(), Failure> {
    let label = match finding.is_fatal {
        true => "wrong",
        false => "remark",
    };
    say!("    {label}: {}", finding.what)?;
    if let Some(status) = finding.status {
        say!("      on the screen: {status}")?;
    }
    say!("      {}", finding.next)
}

/// No store under any name; perhaps one where this boot manager does not look.
fn not_there(seen: &Seen<'_>, route: Route) -> Finding {
    let names = seen.stores(route).join(", ");
    let last = names.rsplit(", ").next().unwrap_or_default();
    let missing = format!("there is no boot configuration ({names})");
    match seen.nearest(last) {
        Some(other) => {
            let (name, stored) = (slashed(last), slashed(&other));
            let what = format!("{missing}; there is one at {other}, where nobody looks");
            let next = format!("name it with an alias: alias = {{ {name:?} = {stored:?} }}");
            bcd::judge_missing(route, what, next)
        }
        None => bcd::judge_missing(route, missing, no_store(route.firmware())),
    }
}

/// As a configuration has it.
fn slashed(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches('/').to_owned()
}
