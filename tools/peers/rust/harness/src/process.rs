use crate::Bench;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// What this process is to do.
#[derive(Clone, Debug)]
pub struct Run {
    pub bench: Bench,
    pub system: String,
    /// Where the other side listens; nothing: this side does.
    pub addr: Option<String>,
    pub links: u64,
}

impl Run {
    pub fn of_arguments() -> Run {
        let mut all: Vec<String> = std::env::args().skip(1).collect();
        let is_peer = all.first().is_some_and(|first| first == "--peer");
        if is_peer {
            all.remove(0);
        }
        let bench = all.first().and_then(|name| Bench::named(name));
        let (Some(bench), Some(system)) = (bench, all.get(1).cloned()) else {
            eprintln!("usage: PROGRAM bulk|small|handshakes|rtt|idle SYSTEM [LINKS]");
            std::process::exit(2);
        };
        Run {
            bench,
            system,
            links: all.get(2).map_or(2000, |text| text.parse().unwrap()),
            addr: is_peer.then(|| all[3].clone()),
        }
    }

    /// Prints the outcome and ends this process, and with it the other side.
    pub fn report(&self, value: f64, p99: Option<f64>) -> ! {
        let (bench, unit, system) = (self.bench.name(), self.bench.unit(), &self.system);
        let p99 = p99.map_or(String::new(), |p99| format!(r#","p99":{p99}"#));
        println!(
            r#"{{"bench":"{bench}","system":"{system}","value":{value},"unit":"{unit}"{p99}}}"#
        );
        std::io::stdout().flush().unwrap();
        unsafe { libc::_exit(0) }
    }
}

/// The other side, which ends with this process.
pub struct Peer(Child);

impl Peer {
    pub fn start(run: &Run, addr: &str) -> Peer {
        let mut command = Command::new("/proc/self/exe");
        command.args(["--peer", run.bench.name(), &run.system, &run.links.to_string(), addr]);
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        Peer(command.spawn().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn allow_many_files() {
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}
