//! What follows from what was seen. Pure.

use super::case::Case;
use super::finding::Finding;

mod firewall;
mod hidden;
mod kernel;
mod mount;
mod ports;
mod rights;
mod servers;

/// Everything that follows, in the order in which it is to be read.
pub fn all(case: &Case) -> Vec<Finding> {
    [
        mount::judge(case),
        hidden::judge(case),
        servers::judge(case),
        ports::judge(case),
        firewall::judge(case),
        kernel::judge(case),
        rights::judge(case),
    ]
    .concat()
}
