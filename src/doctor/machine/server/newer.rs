//! Whether a server was set up by a file that has changed since: it then does something else
//! than the file says.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::doctor::machine::view::{self, View};

/// Two clocks, one of which counts in hundredths of a second.
const CLOCKS: Duration = Duration::from_secs(1);

/// The first of these files that was changed, or moved there, since then.
pub(super) fn first(view: &View, files: &[PathBuf], since: SystemTime) -> Option<PathBuf> {
    let since = since.checked_add(CLOCKS)?;
    let since = since.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let since = (i64::try_from(since.as_secs()).ok()?, since.subsec_nanos());
    let changed = |file: &PathBuf| {
        let seen = view::seen(view.name(file).ok()?.as_fd()).ok()?;
        Some((seen.stx_ctime.tv_sec, seen.stx_ctime.tv_nsec))
    };
    // Devices have times of their own: `/dev/null` is written to all the time.
    let mut files = files.iter().filter(|file| !file.starts_with("/dev"));
    files
        .find(|file| changed(file).is_some_and(|changed| changed > since))
        .cloned()
}
