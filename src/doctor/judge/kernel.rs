//! What the kernel can do for the mount.

use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::kernel::Kernel;

const ABOUT: &str = "kernel";

/// `openat2` and `pidfd_getfd`: without them nothing works.
const OLDEST: (u32, u32) = (5, 6);

/// Since then it can read files itself.
const PASSES_THROUGH: (u32, u32) = (6, 9);

/// Since then it drops all it believes when it is told to.
const FORGETS: (u32, u32) = (6, 16);

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let kernel = &case.kernel;
    let release = &kernel.release;
    let Some(version) = kernel.version() else {
        return vec![Finding::note(
            ABOUT,
            format!("which version it is, is not known: {release:?}"),
            "see yourself whether it is Linux 6.9 or newer: uname -r",
        )];
    };
    let mut findings = lacks(case, version);
    findings.push(reading(case, version));
    if version < FORGETS {
        findings.push(Finding::note(
            ABOUT,
            format!("Linux {release} may believe an old answer for up to one second"),
            "from Linux 6.16 on, changes show at once",
        ));
    }
    findings
}

/// Without these nothing can be mounted.
fn lacks(case: &Case, version: (u32, u32)) -> Vec<Finding> {
    let release = &case.kernel.release;
    let is_old = (version < OLDEST).then(|| {
        Finding::problem(
            ABOUT,
            format!("Linux {release} is older than 5.6, which winbootfs needs"),
            "install a newer kernel",
        )
    });
    let has_none = (!case.kernel.has_fuse).then(|| {
        Finding::problem(
            ABOUT,
            "/dev/fuse is missing",
            "load the module: modprobe fuse",
        )
    });
    is_old.into_iter().chain(has_none).collect()
}

/// The daemon knows once it has opened a file; before, what the kernel can do is told.
fn reading(case: &Case, version: (u32, u32)) -> Finding {
    let release = &case.kernel.release;
    let said = case.daemon.as_ref().and_then(|daemon| daemon.as_ref().ok());
    let said = said.map(|daemon| (daemon.reading.passthrough, daemon.reading.why.as_str()));
    let through = |why: &str| {
        Finding::note(
            ABOUT,
            format!("files are read through the daemon, which is slower: {why}"),
            "it needs Linux 6.9 or newer, root, and files on a disk or on one overlay over disks",
        )
    };
    match (said, can(&case.kernel, version)) {
        (Some((Some(true), _)), _) => {
            Finding::ok(ABOUT, format!("Linux {release} reads the files itself"))
        }
        (Some((Some(false), why)), _) => through(why),
        (_, Err(why)) => through(why),
        (_, Ok(())) => Finding::ok(ABOUT, format!("Linux {release} can read the files itself")),
    }
}

/// Whether it can read files itself, as far as its version and its options tell.
fn can(kernel: &Kernel, version: (u32, u32)) -> Result<(), &'static str> {
    match kernel.passthrough {
        _ if version < PASSES_THROUGH => Err("passthrough needs Linux 6.9"),
        Some(false) => Err("this kernel is built without CONFIG_FUSE_PASSTHROUGH"),
        Some(true) | None => Ok(()),
    }
}
