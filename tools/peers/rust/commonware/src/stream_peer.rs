//! commonware-stream alone. The system with "-batch" hands over small messages 256 at a time.
use crate::{MAX_BYTES, NAMESPACE, measure, upgrader};
use bytes::Bytes;
use commonware_cryptography::{Signer, ed25519::PrivateKey};
use commonware_runtime::{IoBufs, Listener as _, Network, Spawner, Supervisor, tokio::Context};
use commonware_stream::{Receiver, Sender, Upgrader as _};
use peers_harness::{
    BULK_BYTES, Bench, COUNT, DIALERS, Meter, QUESTION_BYTES, Rtt, Run, SMALL_BYTES,
};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

const BATCH: usize = 256;

pub async fn listen(context: Context, run: Run) {
    let mut listener = context.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let of = run.clone();
    context.child("accept").spawn(move |context| async move {
        loop {
            let (_, sink, stream) = listener.accept().await.unwrap();
            let of = of.clone();
            context.child("connection").spawn(move |context| async move {
                let accepts = |_| async { true };
                let us = upgrader(0);
                let upgraded = us.listen(context, NAMESPACE, MAX_BYTES, accepts, stream, sink);
                let Ok((_, tx, mut rx)) = upgraded.await else { return };
                COUNT.fetch_add(1, Ordering::Relaxed);
                if of.bench.is_silent() {
                    let _tx = tx;
                    let _ = rx.recv().await; // until the dialer closes
                } else {
                    receive(&of, tx, rx).await;
                }
            });
        }
    });
    measure(&context, run, addr).await
}

async fn receive(run: &Run, mut tx: impl Sender, mut rx: impl Receiver) {
    let size = run.bench.message_bytes();
    let mut meter = Meter::new(size);
    let mut rtt = Rtt::default();
    let question = Bytes::from(vec![0; QUESTION_BYTES]);
    while let Ok(message) = rx.recv().await {
        assert_eq!(message.len(), size);
        if run.bench == Bench::Rtt {
            if !rtt.answered() {
                let (median, p99) = rtt.result();
                run.report(median, Some(p99));
            }
            tx.send(IoBufs::from(question.clone())).await.unwrap();
        } else if let Some(rate) = meter.count() {
            run.report(if run.bench == Bench::Bulk { rate * size as f64 } else { rate }, None);
        }
    }
}

pub async fn dial(context: Context, run: Run, addr: String) {
    let to: SocketAddr = addr.parse().unwrap();
    match run.bench {
        Bench::Handshakes => {
            for seed in 1..=DIALERS as u64 {
                context.child("dialer").spawn(move |context| async move {
                    loop {
                        connect(&context, to, seed).await;
                    }
                });
            }
        }
        Bench::Idle => {
            let mut kept = vec![];
            for seed in 1..=run.links {
                kept.push(connect(&context, to, seed).await);
            }
            std::future::pending::<()>().await
        }
        bench => {
            let batch = if run.system.ends_with("-batch") { BATCH } else { 1 };
            let (tx, rx) = connect(&context, to, 1).await;
            let task = context.child("send");
            task.spawn(move |_| async move { send(bench, batch, tx, rx).await }).await.unwrap();
        }
    }
    std::future::pending().await
}

async fn connect(context: &Context, to: SocketAddr, seed: u64) -> (impl Sender, impl Receiver) {
    let listener = PrivateKey::from_seed(0).public_key();
    let (sink, stream) = context.dial(to).await.unwrap();
    let of = context.child("handshake");
    upgrader(seed).dial(of, NAMESPACE, MAX_BYTES, listener, stream, sink).await.unwrap()
}

async fn send(bench: Bench, batch: usize, mut tx: impl Sender, mut rx: impl Receiver) {
    match bench {
        Bench::Bulk => {
            let message = Bytes::from(vec![7; BULK_BYTES]);
            while tx.send(IoBufs::from(message.clone())).await.is_ok() {}
        }
        Bench::Small => {
            let plain = vec![7; SMALL_BYTES];
            if batch == 1 {
                while tx.send(IoBufs::from(plain.clone())).await.is_ok() {}
            }
            let together = || (0..batch).map(|_| IoBufs::from(plain.clone())).collect::<Vec<_>>();
            while tx.send_many(together()).await.is_ok() {}
        }
        _ => {
            tx.send(IoBufs::from(vec![0; QUESTION_BYTES])).await.unwrap();
            while let Ok(message) = rx.recv().await {
                tx.send(message).await.unwrap();
            }
        }
    }
}
