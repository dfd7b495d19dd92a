//! rust-libp2p: a swarm of streams, over TCP with noise and yamux, or QUIC.
use crate::{measure, messages};
use futures::{AsyncReadExt, StreamExt};
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder, multiaddr::Protocol};
use libp2p::{noise, tcp, yamux};
use libp2p_stream::Behaviour;
use peers_harness::{Bench, COUNT, DIALERS, Run};
use std::sync::{Arc, atomic::Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/bench/1");
/// Connections without a stream are kept, too.
const IDLE: Duration = Duration::from_secs(100_000);
const DIALS_AT_A_TIME: usize = 16;

fn swarm(quic: bool) -> Swarm<Behaviour> {
    let builder = SwarmBuilder::with_new_identity().with_tokio();
    let keep = |config: Config| config.with_idle_connection_timeout(IDLE);
    if quic {
        let builder = builder.with_quic();
        builder.with_behaviour(|_| Behaviour::new()).unwrap().with_swarm_config(keep).build()
    } else {
        let options = tcp::Config::default().nodelay(true);
        let builder = builder.with_tcp(options, noise::Config::new, yamux::Config::default);
        let builder = builder.unwrap().with_behaviour(|_| Behaviour::new());
        builder.unwrap().with_swarm_config(keep).build()
    }
}

pub async fn listen(run: Run, quic: bool) {
    let mut swarm = swarm(quic);
    let any = if quic { "/ip4/127.0.0.1/udp/0/quic-v1" } else { "/ip4/127.0.0.1/tcp/0" };
    swarm.listen_on(any.parse().unwrap()).unwrap();
    let addr = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address.with(Protocol::P2p(*swarm.local_peer_id())).to_string();
        }
    };
    let mut incoming = swarm.behaviour().new_control().accept(PROTOCOL).unwrap();
    let of = run.clone();
    tokio::spawn(async move {
        while let Some((_, stream)) = incoming.next().await {
            let of = of.clone();
            tokio::spawn(async move {
                let (r, w) = stream.split();
                messages::receive(&of, r, w).await
            });
        }
    });
    let bench = run.bench;
    tokio::spawn(async move {
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } =
                swarm.select_next_some().await
            {
                COUNT.fetch_add(1, Ordering::Relaxed);
                // Protocols are negotiated lazily: the dialer does not learn when this side is done.
                if bench == Bench::Handshakes {
                    let _ = swarm.disconnect_peer_id(peer_id);
                }
            }
        }
    });
    measure(run, addr).await
}

pub async fn dial(run: Run, addr: String, quic: bool) {
    let addr: Multiaddr = addr.parse().unwrap();
    match run.bench {
        Bench::Handshakes => {
            for _ in 0..DIALERS {
                tokio::spawn(dial_for_ever(swarm(quic), addr.clone()));
            }
        }
        Bench::Idle => {
            let gate = Arc::new(Semaphore::new(DIALS_AT_A_TIME));
            for _ in 0..run.links {
                let permit = gate.clone().acquire_owned().await.unwrap();
                tokio::spawn(keep(swarm(quic), addr.clone(), permit));
            }
        }
        _ => send(run.bench, swarm(quic), addr).await,
    }
    std::future::pending().await
}

async fn dial_for_ever(mut swarm: Swarm<Behaviour>, addr: Multiaddr) {
    swarm.dial(addr.clone()).unwrap();
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionClosed { .. } => swarm.dial(addr.clone()).unwrap(),
            SwarmEvent::OutgoingConnectionError { error, .. } => {
                eprintln!("{error:?}");
                swarm.dial(addr.clone()).unwrap()
            }
            _ => {}
        }
    }
}

async fn keep(mut swarm: Swarm<Behaviour>, addr: Multiaddr, permit: OwnedSemaphorePermit) {
    let mut permit = Some(permit);
    swarm.dial(addr.clone()).unwrap();
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { .. } => drop(permit.take()),
            SwarmEvent::OutgoingConnectionError { .. } => swarm.dial(addr.clone()).unwrap(),
            SwarmEvent::ConnectionClosed { .. } => panic!("a link was lost"),
            _ => {}
        }
    }
}

async fn send(bench: Bench, mut swarm: Swarm<Behaviour>, addr: Multiaddr) {
    let Some(Protocol::P2p(peer)) = addr.iter().last() else { panic!("no peer in {addr}") };
    let mut control = swarm.behaviour().new_control();
    swarm.dial(addr).unwrap();
    while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionEstablished { .. }) {}
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    let (r, w) = control.open_stream(peer, PROTOCOL).await.unwrap().split();
    messages::send(bench, r, w).await
}
