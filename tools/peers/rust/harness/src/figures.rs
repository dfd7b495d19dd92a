use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const WARMING: Duration = Duration::from_millis(500);
const SPAN: Duration = Duration::from_secs(3);
const SETTLING: Duration = Duration::from_secs(20);
const GATHERING: Duration = Duration::from_secs(80);
const QUESTIONS: usize = 20_000;
/// With fewer questions, if they take long.
const RTT_TIME: Duration = Duration::from_secs(8);

/// The rate of messages in a span that begins once the connection is warm.
pub struct Meter {
    /// Messages between two looks at the clock.
    step: u64,
    count: u64,
    at_start: u64,
    first: Option<Instant>,
    start: Option<Instant>,
}

impl Meter {
    pub fn new(message_bytes: usize) -> Meter {
        let step = if message_bytes < 4096 { 512 } else { 1 };
        Meter { step, count: 0, at_start: 0, first: None, start: None }
    }

    /// A message came. Messages a second, once the span is over.
    #[inline]
    pub fn count(&mut self) -> Option<f64> {
        self.count += 1;
        if !self.count.is_multiple_of(self.step) { None } else { self.look() }
    }

    fn look(&mut self) -> Option<f64> {
        let now = Instant::now();
        let first = *self.first.get_or_insert(now);
        let Some(start) = self.start else {
            if now - first >= WARMING {
                self.start = Some(now);
                self.at_start = self.count;
            }
            return None;
        };
        let took = now - start;
        (took >= SPAN).then(|| (self.count - self.at_start) as f64 / took.as_secs_f64())
    }
}

/// Times from a question to its answer. The first answer is the other side's greeting.
#[derive(Default)]
pub struct Rtt {
    began: Option<Instant>,
    asked: Option<Instant>,
    times: Vec<Duration>,
}

impl Rtt {
    /// An answer came. True: ask again.
    pub fn answered(&mut self) -> bool {
        let now = Instant::now();
        self.times.extend(self.asked.map(|asked| now - asked));
        let began = *self.began.get_or_insert(now);
        self.asked = Some(Instant::now());
        self.times.len() < QUESTIONS && now - began < RTT_TIME
    }

    /// Microseconds: the median and the 99th percentile.
    pub fn result(mut self) -> (f64, f64) {
        self.times.sort();
        let last = (self.times.len() - 1) as f64;
        let at = |share: f64| self.times[(last * share) as usize].as_nanos() as f64 / 1e3;
        (at(0.5), at(0.99))
    }
}

/// Connections that came up on the listening side.
pub static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many of them come up a second. Blocks.
pub fn handshake_rate() -> f64 {
    while COUNT.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(1));
    }
    sleep(WARMING);
    let (before, start) = (COUNT.load(Ordering::Relaxed), Instant::now());
    sleep(SPAN);
    (COUNT.load(Ordering::Relaxed) - before) as f64 / start.elapsed().as_secs_f64()
}

/// Bytes of memory without pages of files, after what is free is given back.
pub fn resident() -> f64 {
    unsafe {
        libc::malloc_trim(0);
    }
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    (pages[1] - pages[2]) * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// KiB for each of the links, once all are up and idle. Blocks.
pub fn idle_memory(links: u64, before: f64) -> f64 {
    let began = Instant::now();
    while COUNT.load(Ordering::Relaxed) < links {
        sleep(Duration::from_millis(10));
        let up = COUNT.load(Ordering::Relaxed);
        assert!(began.elapsed() < GATHERING, "only {up} links came up");
    }
    sleep(SETTLING);
    (resident() - before) / links as f64 / 1024.0
}
