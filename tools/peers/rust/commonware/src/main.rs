//! peers-commonware: commonware-stream, and commonware-p2p on top of it.
mod network_peer;
mod stream_peer;

use commonware_cryptography::{ChaCha20Poly1305, Signer, ed25519::PrivateKey};
use commonware_runtime::{Clock, Runner as _, Spawner, Supervisor, tokio};
use commonware_stream::{cups, sake};
use peers_harness::{Bench, Peer, Run, allow_many_files, handshake_rate, idle_memory, resident};
use std::time::Duration;

pub type Upgrader = cups::Cups<sake::Sake<PrivateKey>, ChaCha20Poly1305>;

pub const NAMESPACE: &[u8] = b"bench";
/// Of a message.
pub const MAX_BYTES: u32 = (1 << 20) + 64;
const FOR_EVER: Duration = Duration::from_secs(100_000);

/// Of the peer with the key that the seed makes.
pub fn upgrader(seed: u64) -> Upgrader {
    let handshake = sake::Sake {
        signer: PrivateKey::from_seed(seed),
        synchrony_bound: Duration::from_secs(5),
        max_handshake_age: Duration::from_secs(10),
        version: sake::Version::V1,
    };
    cups::Cups::new(handshake, cups::Version::V1)
}

/// Starts the other side, and waits for what is counted here or reported by the tasks that receive.
pub async fn measure(context: &tokio::Context, run: Run, addr: String) {
    context.sleep(Duration::from_millis(300)).await;
    let before = resident();
    let _peer = Peer::start(&run, &addr);
    let links = run.links;
    let counting = context.child("count").shared(true); // may block
    let value = match run.bench {
        Bench::Handshakes => counting.spawn(|_| async { handshake_rate() }).await,
        Bench::Idle => counting.spawn(move |_| async move { idle_memory(links, before) }).await,
        _ => std::future::pending().await,
    };
    run.report(value.unwrap(), None)
}

fn main() {
    allow_many_files();
    let run = Run::of_arguments();
    let config = tokio::Config::new().with_worker_threads(2).with_read_write_timeout(FOR_EVER);
    tokio::Runner::new(config).start(|context| async move {
        match (run.system.starts_with("commonware-p2p"), run.addr.clone()) {
            (true, None) => network_peer::listen(context, run).await,
            (true, Some(addr)) => network_peer::dial(context, run, addr).await,
            (false, None) => stream_peer::listen(context, run).await,
            (false, Some(addr)) => stream_peer::dial(context, run, addr).await,
        }
    });
}
