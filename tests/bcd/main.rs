//! Boot configuration stores: read beside libhivex, written beside the stores of Windows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/skip.rs"]
mod skip;

mod cells;
mod elements;
mod foreign;
mod laws;
mod layout;
mod made;
mod oracle;
mod real;
mod refused;
mod shown;
