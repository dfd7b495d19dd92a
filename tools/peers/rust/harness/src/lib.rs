//! What the peers in Rust share: `PROGRAM BENCH SYSTEM [LINKS]` listens and receives, and prints one
//! JSON line; its child, this program with --peer, dials and sends. Runs take 4 s, idle 30.
mod figures;
mod process;

pub use figures::{COUNT, Meter, Rtt, handshake_rate, idle_memory, resident};
pub use process::{Peer, Run, allow_many_files};

/// As many as parley-bench's, each with an identity of its own.
pub const DIALERS: usize = 32;
pub const BULK_BYTES: usize = 1 << 20;
pub const SMALL_BYTES: usize = 200;
pub const QUESTION_BYTES: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bench {
    Bulk,
    Small,
    Handshakes,
    Rtt,
    Idle,
}

impl Bench {
    pub fn named(name: &str) -> Option<Bench> {
        Some(match name {
            "bulk" => Bench::Bulk,
            "small" => Bench::Small,
            "handshakes" => Bench::Handshakes,
            "rtt" => Bench::Rtt,
            "idle" => Bench::Idle,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Bench::Bulk => "bulk",
            Bench::Small => "small",
            Bench::Handshakes => "handshakes",
            Bench::Rtt => "rtt",
            Bench::Idle => "idle",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Bench::Bulk => "bytes/s",
            Bench::Small => "messages/s",
            Bench::Handshakes => "handshakes/s",
            Bench::Rtt => "us",
            Bench::Idle => "KiB/link",
        }
    }

    /// Connections only come up: no message goes.
    pub fn is_silent(self) -> bool {
        matches!(self, Bench::Handshakes | Bench::Idle)
    }

    pub fn message_bytes(self) -> usize {
        match self {
            Bench::Bulk => BULK_BYTES,
            Bench::Rtt => QUESTION_BYTES,
            _ => SMALL_BYTES,
        }
    }
}
