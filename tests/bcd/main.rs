//! Boot configuration stores: judged, completed and made, without any files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod complete;
mod judge;
mod make;
mod menus;
mod server;
