//! Why a command ended badly, and the code with which the program then ends.

use crate::config::Problems;

/// Why a command ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error("{0}")]
    Configuration(#[from] Problems),
    /// The command line is wrong in a way that only its meaning tells.
    #[error("{0}")]
    Usage(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
    /// `check` found something, and has said so already.
    #[error("")]
    Found,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Found => 1,
            Self::Configuration(_) | Self::Usage(_) => 2,
        }
    }
}
