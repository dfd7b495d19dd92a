// What is measured beside Parley (./dev bench --peers): which program runs a system, which library's
// version stands for it, and in which benches it says something.

import { readFileSync } from 'node:fs';

/**
 * `ours`: the name in parley-bench. `seconds`: a run that takes longer is ended. `more`: is more
 * better? A value times `scale` is in the unit; `cost` is that of what a core does or spends.
 */
export const benches = {
  bulk: { title: 'messages of 1 MiB', ours: 'transport.bulk', more: true, scale: 1e-9,
    unit: 'GB a second', cost: 'GB a core-second', seconds: 30 },
  small: { title: 'messages of 200 bytes', ours: 'transport.small', more: true, scale: 1e-6,
    unit: 'million a second', cost: 'million a core-second', seconds: 30 },
  handshakes: { title: 'connections that come up, of 32 that dial at a time', ours: 'transport.handshakes', more: true, scale: 1,
    unit: 'a second', cost: 'a core-second', seconds: 30 },
  rtt: { title: 'a question of 100 bytes and its answer', ours: 'transport.rtt', more: false, scale: 1,
    unit: 'µs', cost: 'µs of a core', seconds: 30 },
  idle: { title: 'memory of an idle link, on the listening side', ours: 'transport.idle', more: false,
    scale: 1, unit: 'KiB a link', seconds: 300 },
};

const all = ['bulk', 'small', 'handshakes', 'rtt', 'idle'];
const streams = ['bulk', 'small', 'rtt'];

const go = {
  needs: 'Go',
  versions: 'go/go.mod',
  libraries: {
    'libp2p-noise': ['github.com/libp2p/go-libp2p', [...streams, 'handshakes', 'idle']],
    'libp2p-noise-transport': ['github.com/libp2p/go-libp2p', ['handshakes']],
    'libp2p-tls': ['github.com/libp2p/go-libp2p', ['bulk', 'small']],
    'libp2p-tls-transport': ['github.com/libp2p/go-libp2p', ['handshakes']],
    'libp2p-quic': ['github.com/libp2p/go-libp2p', streams],
    'libp2p-quic-transport': ['github.com/libp2p/go-libp2p', ['handshakes']],
    'comet-secret': ['github.com/cometbft/cometbft', all],
    'comet-mconn': ['github.com/cometbft/cometbft', [...streams, 'idle']],
    'comet-mconn-tuned': ['github.com/cometbft/cometbft', streams],
    rlpx: ['github.com/ethereum/go-ethereum', [...streams, 'handshakes']],
    'rlpx-buffered': ['github.com/ethereum/go-ethereum', ['small']],
    'devp2p-server': ['github.com/ethereum/go-ethereum', ['idle']],
  },
};

const rust = {
  needs: 'Rust',
  versions: 'rust/Cargo.lock',
  libraries: {
    'rust-libp2p-noise': ['libp2p', all],
    'rust-libp2p-quic': ['libp2p', all],
    quinn: ['quinn', all],
    rustls: ['rustls', all],
  },
};

const commonware = {
  needs: 'Rust',
  versions: 'rust/Cargo.lock',
  libraries: {
    'commonware-stream': ['commonware-stream', all],
    'commonware-stream-batch': ['commonware-stream', ['small']],
    'commonware-p2p': ['commonware-p2p', streams],
  },
};

/** By the name of their program. */
export const families = { go, rust, commonware };

/** "go-libp2p 0.51.0": of a library in the text of a go.mod or Cargo.lock. */
export function versionOf(library, text) {
  const name = library.split('/').at(-1);
  const found = library.includes('/')
    ? text.match(new RegExp(`^\\s*${library} v(\\S+)`, 'm'))
    : text.match(new RegExp(`^name = "${library}"\\nversion = "(.+)"`, 'm'));
  if (!found) throw new Error(`no version of ${library}`);
  return `${name} ${found[1]}`;
}

/** Systems of a bench in the order in which they run: [{ system, family, needs, version }]. */
export function systemsOf(bench) {
  return Object.entries(families).flatMap(([family, { needs, versions, libraries }]) => {
    const text = readFileSync(new URL(versions, import.meta.url), 'utf8');
    return Object.entries(libraries)
      .filter(([, [, measured]]) => measured.includes(bench))
      .map(([system, [library]]) => ({ system, family, needs, version: versionOf(library, text) }));
  });
}
