//! peers-rust: rust-libp2p, quinn, and rustls on tokio.
mod libp2p_peer;
mod messages;
mod quinn_peer;
mod rustls_peer;
mod tls;

use peers_harness::{Bench, Peer, Run, allow_many_files, handshake_rate, idle_memory, resident};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A stream in one direction is quickest on one thread; all else on as many as there are cores.
fn runtime(bench: Bench) -> Runtime {
    let mut builder = match bench {
        Bench::Bulk | Bench::Small => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build().unwrap()
}

/// Starts the other side, and waits for what is counted here or reported by the tasks that receive.
async fn measure(run: Run, addr: String) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = resident();
    let _peer = Peer::start(&run, &addr);
    let of = run.clone();
    let value = match run.bench {
        Bench::Handshakes => tokio::task::spawn_blocking(handshake_rate).await,
        Bench::Idle => tokio::task::spawn_blocking(move || idle_memory(of.links, before)).await,
        _ => std::future::pending().await,
    };
    run.report(value.unwrap(), None)
}

async fn act(run: Run) {
    let quic = run.system.ends_with("quic");
    match (run.system.clone().as_str(), run.addr.clone()) {
        ("rust-libp2p-noise" | "rust-libp2p-quic", None) => libp2p_peer::listen(run, quic).await,
        ("rust-libp2p-noise" | "rust-libp2p-quic", Some(at)) => {
            libp2p_peer::dial(run, at, quic).await
        }
        ("rustls", None) => rustls_peer::listen(run).await,
        ("rustls", Some(at)) => rustls_peer::dial(run, at).await,
        ("quinn", None) => quinn_peer::listen(run).await,
        ("quinn", Some(at)) => quinn_peer::dial(run, at).await,
        (system, _) => panic!("no such system: {system}"),
    }
}

fn main() {
    allow_many_files();
    let run = Run::of_arguments();
    runtime(run.bench).block_on(async { tokio::spawn(act(run)).await.unwrap() });
}
