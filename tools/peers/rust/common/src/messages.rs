//! Messages on a stream of bytes: a length of 4 bytes before each.
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use peers_harness::{BULK_BYTES, Bench, Meter, QUESTION_BYTES, Rtt, Run, SMALL_BYTES};

const HEADER_BYTES: usize = 4;
/// Small messages are written together up to here.
const WRITE_BYTES: usize = 64 << 10;
const READ_BYTES: usize = 2 * BULK_BYTES;

fn frame_onto(out: &mut Vec<u8>, message: &[u8]) {
    out.extend_from_slice(&(message.len() as u32).to_be_bytes());
    out.extend_from_slice(message);
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + message.len());
    frame_onto(&mut out, message);
    out
}

struct Reader<R> {
    stream: R,
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    fn new(stream: R) -> Self {
        Reader { stream, bytes: vec![0; READ_BYTES], begin: 0, end: 0 }
    }

    /// The next message that has wholly come.
    #[inline]
    fn ready(&mut self) -> Option<&[u8]> {
        let have = &self.bytes[self.begin..self.end];
        let size = u32::from_be_bytes(*have.first_chunk()?) as usize;
        let message = have.get(HEADER_BYTES..)?.get(..size)?;
        self.begin += HEADER_BYTES + size;
        Some(message)
    }

    /// Reads more. False: the stream ended.
    async fn more(&mut self) -> bool {
        if self.begin == self.end || self.bytes.len() - self.end < WRITE_BYTES {
            self.bytes.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        let n = self.stream.read(&mut self.bytes[self.end..]).await.unwrap_or(0);
        self.end += n;
        n > 0
    }
}

/// The listening side of a stream; reports when it is done.
pub async fn receive(run: &Run, stream: impl AsyncRead + Unpin, mut out: impl AsyncWrite + Unpin) {
    let mut reader = Reader::new(stream);
    let size = run.bench.message_bytes();
    let mut meter = Meter::new(size);
    let mut rtt = Rtt::default();
    let question = framed(&[0; QUESTION_BYTES]);
    loop {
        while let Some(message) = reader.ready() {
            assert_eq!(message.len(), size);
            if run.bench == Bench::Rtt {
                if !rtt.answered() {
                    let (median, p99) = rtt.result();
                    run.report(median, Some(p99));
                }
                out.write_all(&question).await.unwrap();
                out.flush().await.unwrap();
            } else if let Some(rate) = meter.count() {
                run.report(if run.bench == Bench::Bulk { rate * size as f64 } else { rate }, None);
            }
        }
        if !reader.more().await {
            return;
        }
    }
}

/// The dialing side of a stream.
pub async fn send(bench: Bench, stream: impl AsyncRead + Unpin, out: impl AsyncWrite + Unpin) {
    match bench {
        Bench::Bulk => send_bulk(out).await,
        Bench::Small => send_small(out).await,
        _ => echo(stream, out).await,
    }
}

async fn send_bulk(mut out: impl AsyncWrite + Unpin) {
    let message = framed(&[7; BULK_BYTES]);
    while out.write_all(&message).await.is_ok() {}
}

/// Each message is made anew, as parley-bench does.
async fn send_small(mut out: impl AsyncWrite + Unpin) {
    let plain = vec![7; SMALL_BYTES];
    let mut together = Vec::with_capacity(WRITE_BYTES);
    loop {
        while together.len() + HEADER_BYTES + SMALL_BYTES <= WRITE_BYTES {
            let message = std::hint::black_box(plain.clone());
            frame_onto(&mut together, &message);
        }
        if out.write_all(&together).await.is_err() {
            return;
        }
        together.clear();
    }
}

async fn echo(stream: impl AsyncRead + Unpin, mut out: impl AsyncWrite + Unpin) {
    let mut reader = Reader::new(stream);
    let mut answer = framed(&[0; QUESTION_BYTES]);
    loop {
        if out.write_all(&answer).await.is_err() || out.flush().await.is_err() {
            return;
        }
        answer = loop {
            if let Some(message) = reader.ready() {
                break framed(message);
            }
            if !reader.more().await {
                return;
            }
        };
    }
}
