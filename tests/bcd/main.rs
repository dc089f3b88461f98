//! Boot configuration stores: read beside libhivex, written beside the stores of Windows;
//! made, completed and judged without any files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/skip.rs"]
mod skip;

mod cells;
mod complete;
mod elements;
mod foreign;
mod judge;
mod laws;
mod layout;
mod made;
mod make;
mod menus;
mod oracle;
mod real;
mod refused;
mod server;
mod shown;
mod verdicts;
