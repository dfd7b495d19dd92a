// A node that answers whatever a test needs: the bundle's files, and JSON-RPC over a WebSocket whose
// other end is here.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bundle = join(dirname(fileURLToPath(import.meta.url)), '../bundle');
const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
const hex = (n, digits) => n.toString(16).padStart(digits, '0');
const quantity = (n) => `0x${n.toString(16)}`;
const hashOf = (n) => `0x${hex(n, 64)}`;

/** Numbers that are the same in each run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

export class FakeNode {
  host = 'node.test:8570';
  validators = Array.from({ length: 7 }, (_, i) => `0x${hex(0xa1b2c3 * (i + 1) * 7919, 40)}`);
  head = 1000;
  uptime = 3600;
  asked = [];     // methods of the last batch
  batches = 0;
  largest = 0;    // batch
  connections = 0;
  refuses = false;  // to be connected to
  #subscriptions = new Set();
  #sockets = new Set();
  #answers;

  /** `answers` replace those of the fake, by method. `seconds()` is the time of its blocks. */
  constructor({ links = 12, seconds = () => Math.floor(Date.now() / 1000), answers = {} } = {}) {
    this.seconds = seconds;
    this.#answers = answers;
    const next = random(7);
    this.peers = Array.from({ length: links }, (_, i) => this.#peer(i, next));
    this.table = Array.from({ length: 40 }, (_, i) => this.#node(i, next));
  }

  #peer(i, next) {
    const classes = ['ordinary', 'ordinary', 'ordinary', 'static', 'trusted', 'light'];
    return {
      id: `02${hex(Math.floor(next() * 2 ** 48), 12)}${hex(i, 52)}`, enr: 'enr:-x', name: 'parley/0.1.0/linux',
      nodeName: i % 3 === 0 ? '' : `node-${i}`,
      network: {
        remoteAddress: `203.0.${i % 250}.7:30770`, inbound: i % 5 < 2, class: classes[i % classes.length],
        group: `203.${i % 4}.0.0/16`,
      },
      roundTripMs: 10 ** (next() * 2.4), bytesIn: Math.floor(next() * 1e8), bytesOut: Math.floor(next() * 1e7),
      messagesIn: 1000, messagesOut: 900, age: 60 + i * 977, lastUseful: i % 4 === 0 ? null : i * 9,
      offences: i === 4 ? 3 : 0, score: i === 4 ? 42.4 : 0,
    };
  }

  #node(i, next) {
    return {
      nodeId: `0x${hex(Math.floor(next() * 2 ** 32), 8)}${hex(i, 56)}`, id: null, endpoint: `198.51.100.${i}:30770`,
      distance: 256 - Math.floor(-Math.log2(1 - next())), checked: i % 4 !== 0, failures: i % 13 === 0 ? 2 : 0,
      seen: 10, parley: true, enr: 'enr:-x',
    };
  }

  /** Serves the page: `page` of playwright asks here for all of it. */
  async serve(page) {
    await page.route(`http://${this.host}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      const file = path === '/' ? 'index.html' : path.slice(1);
      return route.fulfill({
        body: readFileSync(join(bundle, file)), contentType: types[file.split('.').at(-1)],
        headers: { 'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src data:" },
      });
    });
    await page.routeWebSocket(`ws://${this.host}/`, (socket) => {
      this.connections += 1;
      if (this.refuses) {
        socket.close();
        return;
      }
      this.#sockets.add(socket);
      socket.onMessage((text) => {
        const batch = JSON.parse(text);
        this.batches += 1;
        this.largest = Math.max(this.largest, batch.length);
        this.asked = batch.map(({ method }) => method);
        socket.send(JSON.stringify(batch.map((request) => this.#reply(request, socket))));
      });
      socket.onClose(() => this.#sockets.delete(socket));
    });
  }

  /** The node makes a block, and says so to those who want to hear it. */
  block() {
    this.head += 1;
    this.uptime += 1;
    for (const peer of this.peers) {
      peer.bytesIn += 900;
      peer.bytesOut += 300;
    }
    for (const { socket, id } of this.#subscriptions) {
      socket.send(JSON.stringify({
        jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: id, result: this.#header(this.head) },
      }));
    }
  }

  /** All its connections end. */
  async drop() {
    for (const socket of this.#sockets) await socket.close();
    this.#sockets.clear();
    this.#subscriptions.clear();
  }

  #header(n) {
    return {
      number: quantity(n), hash: hashOf(n), timestamp: quantity(this.seconds() - (this.head - n)),
      gasUsed: quantity(21_000 * (n * 37 % 900)), gasLimit: quantity(30_000_000), miner: this.validators[n % 7],
    };
  }

  #reply({ id, method, params }, socket) {
    const reply = { jsonrpc: '2.0', id };
    if (method === 'eth_subscribe') {
      this.#subscriptions.add({ socket, id: '0x1' });
      return { ...reply, result: '0x1' };
    }
    const answer = this.#answers[method] ?? this[`_${method}`];
    if (!answer) return { ...reply, error: { code: -32601, message: `the method ${method} does not exist` } };
    return { ...reply, result: answer.call(this, ...params) };
  }

  _parley_status() {
    const inbound = this.peers.filter((peer) => peer.network.inbound).length;
    const sum = (name) => this.peers.reduce((all, peer) => all + peer[name], 0);
    return {
      id: `03${'ab'.repeat(32)}`, client: 'parley/0.1.0/linux', network: 'meadow', networkId: 7700, endpoint: '203.0.113.9:30770',
      uptime: this.uptime, links: { inbound, outbound: this.peers.length - inbound }, knownAddresses: 4321, offline: false,
      dht: { nodes: 40, checked: 30 }, pool: { count: 1234, bytes: 1_345_678 },
      head: { number: this.head, hash: hashOf(this.head), time: this.seconds(), missing: 0 },
      bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut'),
    };
  }
  _admin_peers() { return this.peers; }
  _admin_bans() { return []; }
  _admin_nodeInfo() { return { nodeName: 'meadow-1' }; }
  _discv5_nodeInfo() { return { nodeId: `0x${'5a'.repeat(32)}` }; }
  _parley_dhtTable() { return this.table; }
  _parley_lanes() {
    const topics = ['tx', 'sync', 'qbft', 'pex', 'light'];
    return topics.map((topic, i) => ({
      topic, links: 12, messagesIn: 10, messagesOut: 10, bytesIn: this.head * 900 * (i + 1), bytesOut: this.head * 400,
      queuedBytes: i * 1200, stalled: i === 2 ? 1 : 0, stalls: i * 3,
    }));
  }
  _parley_poolPrices() {
    const buckets = [null, 0, 5e8, 1e9, 2e9, 5e9, 1e10, 2e10, 5e10].map((from, i) =>
      ({ from: from === null ? null : quantity(from), count: [12, 3, 40, 310, 420, 260, 120, 58, 11][i], gas: 21_000 }));
    return { pending: 1234, queued: 17, baseFee: quantity(875_000_000), buckets };
  }
  _parley_consensus() {
    const proposer = this.validators[(this.head + 1) % 7];
    return {
      head: { number: this.head, hash: hashOf(this.head), age: 1 }, missing: 0, self: this.validators[0], height: this.head + 1,
      round: 0, proposer, quorum: 5, faultyMax: 2, proposal: hashOf(this.head + 1), checked: true, speaksFrom: null, halted: null,
      timeoutIn: 3.41, waitsFor: 'commits: 3 of 5', evidence: [],
      validators: this.validators.map((address, i) => ({
        address, prepared: i < 6, committed: i < 3, changedTo: null, getsNoTime: i === 6, heardAgo: i === 6 ? 64 : 0.4,
      })),
    };
  }
  _parley_blockSeals(name) {
    const n = Number(name);
    if (n > this.head) return null;
    const header = this.#header(n);
    return {
      number: name, hash: header.hash, time: Number(header.timestamp), gasUsed: Number(header.gasUsed), gasLimit: 30_000_000,
      proposer: header.miner, round: n % 9 === 0 ? 1 : 0, validators: this.validators,
      signers: this.validators.filter((_, i) => i !== 6 && (i + n) % 11 !== 0),
    };
  }
  _eth_getBlockTransactionCountByNumber(name) { return quantity(Number(name) * 37 % 900); }
  _parley_findings() {
    return [
      { check: 'settings', grade: 'ok', what: '/var/lib/parley/parley.toml', hint: '' },
      { check: 'key', grade: 'ok', what: 'mode 600', hint: '' },
      { check: 'clock', grade: 'warn', what: 'not synchronised', hint: 'start systemd-timesyncd or chrony' },
      { check: 'disk', grade: 'fail', what: '41 MB are free', hint: 'make room: the node ends when the disk is full' },
      { check: 'links', grade: 'ok', what: '5 inbound, 7 outbound after 60 min', hint: '' },
    ];
  }
}
