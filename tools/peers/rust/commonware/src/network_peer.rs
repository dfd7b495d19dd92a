//! commonware-p2p: its network of known addresses (authenticated::lookup), of two.
//!
//! A full queue drops what is sent, so that the receiver says how far it is and the sender keeps a
//! window of messages under way.
use crate::{MAX_BYTES, NAMESPACE, measure, upgrader};
use bytes::Bytes;
use commonware_cryptography::Signer;
use commonware_cryptography::ed25519::{PrivateKey, PublicKey};
use commonware_p2p::authenticated::lookup;
use commonware_p2p::{Address, AddressableManager, Receiver, Recipients, Sender};
use commonware_runtime::{Clock, IoBuf, Quota, Spawner, Supervisor, tokio::Context};
use commonware_utils::{NZU32, NZUsize, ordered::Map};
use peers_harness::{Bench, Meter, QUESTION_BYTES, Rtt, Run};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Until the two are connected nothing is accepted for the other.
const CONNECTING: Duration = Duration::from_secs(3);

fn window(bench: Bench) -> u64 {
    if bench == Bench::Bulk { 4 } else { 4096 }
}

fn key(seed: u64) -> PublicKey {
    PrivateKey::from_seed(seed).public_key()
}

/// The network as the peer `me` of 0 and 1 has it, with a channel.
fn join(
    context: &Context,
    me: u64,
    ports: [u16; 2],
) -> (impl Sender<PublicKey = PublicKey>, impl Receiver<PublicKey = PublicKey>) {
    let at = |i: u64| SocketAddr::from(([127, 0, 0, 1], ports[i as usize]));
    let (peers, mailbox) = (NZUsize!(2), NZUsize!(32_768));
    let us = upgrader(me);
    let mut config = lookup::Config::local(us, NAMESPACE, at(me), peers, MAX_BYTES, mailbox);
    config.tracked_peer_sets = NZUsize!(1);
    config.send_batch_size = NZUsize!(64);
    let (mut network, mut oracle) = lookup::Network::new(context.child("network"), config);
    let both: Map<_, Address> =
        [(key(0), at(0).into()), (key(1), at(1).into())].try_into().unwrap();
    let _ = oracle.track(0, both);
    // Queues have room for a burst from the start, so that it is no larger than the window needs.
    let quota = Quota::per_second(NZU32!(10_000_000)).allow_burst(NZU32!(32_768));
    let channel = network.register(0, quota);
    network.start();
    channel
}

pub async fn listen(context: Context, run: Run) {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ports = [free(), free()];
    let (tx, rx) = join(&context, 0, ports);
    let of = run.clone();
    context.child("receive").spawn(move |_| async move { receive(of, tx, rx).await });
    measure(&context, run, format!("{},{}", ports[0], ports[1])).await
}

async fn receive(
    run: Run,
    mut tx: impl Sender<PublicKey = PublicKey>,
    mut rx: impl Receiver<PublicKey = PublicKey>,
) {
    let size = run.bench.message_bytes();
    let (mut meter, mut rtt, mut count) = (Meter::new(size), Rtt::default(), 0u64);
    let other = key(1);
    let to = || Recipients::One(other.clone());
    while let Ok((_, message)) = rx.recv().await {
        assert_eq!(message.as_ref().len(), size);
        if run.bench == Bench::Rtt {
            if !rtt.answered() {
                let (median, p99) = rtt.result();
                run.report(median, Some(p99));
            }
            tx.send(to(), IoBuf::from(vec![0; QUESTION_BYTES]), false);
            continue;
        }
        count += 1;
        if count.is_multiple_of(window(run.bench) / 4) {
            tx.send(to(), IoBuf::from(count.to_be_bytes().to_vec()), true);
        }
        if let Some(rate) = meter.count() {
            run.report(if run.bench == Bench::Bulk { rate * size as f64 } else { rate }, None);
        }
    }
}

pub async fn dial(context: Context, run: Run, addr: String) {
    let ports: Vec<u16> = addr.split(',').map(|port| port.parse().unwrap()).collect();
    let (tx, rx) = join(&context, 1, [ports[0], ports[1]]);
    context.sleep(CONNECTING).await;
    match run.bench {
        Bench::Rtt => echo(tx, rx).await,
        bench => send(bench, tx, rx).await,
    }
    std::future::pending().await
}

async fn echo(
    mut tx: impl Sender<PublicKey = PublicKey>,
    mut rx: impl Receiver<PublicKey = PublicKey>,
) {
    let other = key(0);
    let to = || Recipients::One(other.clone());
    tx.send(to(), IoBuf::from(vec![0; QUESTION_BYTES]), false);
    while let Ok((_, message)) = rx.recv().await {
        tx.send(to(), message, false);
    }
}

async fn send(
    bench: Bench,
    mut tx: impl Sender<PublicKey = PublicKey>,
    mut rx: impl Receiver<PublicKey = PublicKey>,
) {
    let plain = Bytes::from(vec![7; bench.message_bytes()]);
    let other = key(0);
    let (mut sent, mut received) = (0, 0);
    loop {
        while sent - received < window(bench) {
            let message = match bench {
                Bench::Bulk => IoBuf::from(plain.clone()),
                _ => IoBuf::from(plain.to_vec()), // made anew, as parley-bench does
            };
            if tx.send(Recipients::One(other.clone()), message, false).is_empty() {
                break;
            }
            sent += 1;
        }
        let Ok((_, message)) = rx.recv().await else { return };
        received = u64::from_be_bytes(message.as_ref().try_into().unwrap());
    }
}
