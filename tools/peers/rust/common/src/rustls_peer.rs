//! rustls on tokio.
use crate::{measure, messages, tls};
use peers_harness::{Bench, COUNT, DIALERS, Run};
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// rustls asks the socket for 4 KiB at a time.
const SOCKET_BYTES: usize = 256 << 10;

fn buffered(bench: Bench, socket: TcpStream) -> BufReader<TcpStream> {
    socket.set_nodelay(true).unwrap();
    BufReader::with_capacity(if bench.is_silent() { 4096 } else { SOCKET_BYTES }, socket)
}

pub async fn listen(run: Run) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(tls::server());
    let of = run.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(of.clone(), acceptor.clone(), socket));
        }
    });
    measure(run, addr).await
}

async fn serve(run: Run, acceptor: TlsAcceptor, socket: TcpStream) {
    let Ok(mut stream) = acceptor.accept(buffered(run.bench, socket)).await else { return };
    COUNT.fetch_add(1, Ordering::Relaxed);
    if run.bench.is_silent() {
        let _ = stream.read(&mut [0]).await; // until the dialer closes
        return;
    }
    let (r, w) = tokio::io::split(stream);
    messages::receive(&run, r.compat(), w.compat_write()).await
}

async fn connect(
    bench: Bench,
    connector: &TlsConnector,
    addr: &str,
) -> client::TlsStream<BufReader<TcpStream>> {
    let socket = TcpStream::connect(addr).await.unwrap();
    connector.connect(tls::NAME.try_into().unwrap(), buffered(bench, socket)).await.unwrap()
}

pub async fn dial(run: Run, addr: String) {
    let bench = run.bench;
    match bench {
        Bench::Handshakes => {
            for _ in 0..DIALERS {
                let (connector, addr) = (TlsConnector::from(tls::client()), addr.clone());
                tokio::spawn(async move {
                    loop {
                        let _ = connect(bench, &connector, &addr).await.shutdown().await;
                    }
                });
            }
            std::future::pending().await
        }
        Bench::Idle => {
            let mut kept = vec![];
            for _ in 0..run.links {
                kept.push(connect(bench, &TlsConnector::from(tls::client()), &addr).await);
            }
            std::future::pending().await
        }
        _ => {
            let stream = connect(bench, &TlsConnector::from(tls::client()), &addr).await;
            let (r, w) = tokio::io::split(stream);
            messages::send(bench, r.compat(), w.compat_write()).await
        }
    }
}
