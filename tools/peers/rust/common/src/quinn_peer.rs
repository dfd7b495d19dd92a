//! quinn, with all that the loopback allows: packets of 64 KiB, windows and buffers of megabytes.
use crate::{measure, messages, tls};
use peers_harness::{Bench, COUNT, DIALERS, Run};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig};
use socket2::{Domain, Socket, Type};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

const PACKET_BYTES: u16 = 65_000;
const STREAM_WINDOW: u32 = 16 << 20;
const WINDOW: u32 = 32 << 20;
static SOCKET_BYTES: i32 = 8 << 20;

fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.stream_receive_window(STREAM_WINDOW.into());
    config.receive_window(WINDOW.into());
    config.send_window(WINDOW.into());
    config.max_idle_timeout(None);
    let mut discovery = quinn::MtuDiscoveryConfig::default();
    discovery.upper_bound(PACKET_BYTES);
    config.mtu_discovery_config(Some(discovery));
    Arc::new(config)
}

fn endpoint(server: bool) -> Endpoint {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    for option in [libc::SO_RCVBUFFORCE, libc::SO_SNDBUFFORCE] {
        // Root may have more than the system's limit, which socket2 keeps to.
        let value = (&raw const SOCKET_BYTES).cast();
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, 4) };
    }
    socket.set_nonblocking(true).unwrap();
    let server = server.then(|| {
        let crypto = QuicServerConfig::try_from(tls::server()).unwrap();
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config.transport_config(transport());
        config
    });
    let mut config = EndpointConfig::default();
    config.max_udp_payload_size(PACKET_BYTES).unwrap();
    Endpoint::new(config, server, socket.into(), Arc::new(TokioRuntime)).unwrap()
}

fn client() -> ClientConfig {
    let crypto = QuicClientConfig::try_from(tls::client()).unwrap();
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport());
    config
}

async fn connect(endpoint: &Endpoint, config: ClientConfig, to: SocketAddr) -> quinn::Connection {
    endpoint.connect_with(config, to, tls::NAME).unwrap().await.unwrap()
}

pub async fn listen(run: Run) {
    let endpoint = endpoint(true);
    let addr = endpoint.local_addr().unwrap().to_string();
    let of = run.clone();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(serve(of.clone(), incoming));
        }
    });
    measure(run, addr).await
}

async fn serve(run: Run, incoming: quinn::Incoming) {
    let Ok(connection) = incoming.await else { return };
    COUNT.fetch_add(1, Ordering::Relaxed);
    if run.bench.is_silent() {
        connection.closed().await;
        return;
    }
    let (w, r) = connection.accept_bi().await.unwrap();
    messages::receive(&run, r.compat(), w.compat_write()).await
}

pub async fn dial(run: Run, addr: String) {
    let to: SocketAddr = addr.parse().unwrap();
    match run.bench {
        Bench::Handshakes => {
            for _ in 0..DIALERS {
                tokio::spawn(async move {
                    let (endpoint, config) = (endpoint(false), client());
                    loop {
                        connect(&endpoint, config.clone(), to).await.close(0u32.into(), b"");
                    }
                });
            }
            std::future::pending().await
        }
        Bench::Idle => {
            let endpoint = endpoint(false);
            let mut kept = vec![];
            for _ in 0..run.links {
                kept.push(connect(&endpoint, client(), to).await);
            }
            std::future::pending().await
        }
        _ => {
            let endpoint = endpoint(false);
            let connection = connect(&endpoint, client(), to).await;
            let (w, r) = connection.open_bi().await.unwrap();
            messages::send(run.bench, r.compat(), w.compat_write()).await
        }
    }
}
