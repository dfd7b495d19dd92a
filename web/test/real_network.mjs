// parley processes on the loopback: four validators, three or more that follow, and wallets that send.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Wallet } from 'ethers';

const binary = resolve(process.env.PARLEY ?? 'build/release/bin/parley');
const validators = ['validator-1', 'validator-2', 'validator-3', 'validator-4'];

/** Printable ASCII of 32 characters at most is all that a name may be: enough to try. */
export const hostileName = '<img src=x onerror=alert(1)>';

export class RealNetwork {
  #children = new Map();
  #ids = 0;

  /**
   * The whole of 127.0.0.0/8 is this machine: each test has an address of its own. With more `nodes` than
   * three, each is linked with the validators alone, which have a link with everybody.
   */
  constructor({ isHostile = true, nodes = 3 } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'parley-page-'));
    this.address = `127.${1 + process.pid % 250}.${1 + (process.pid >> 8) % 250}.1`;
    const net = join(this.folder, 'net');
    execFileSync(binary, ['network', 'new', net, '--address', this.address, '--nodes', String(nodes)]);
    this.net = net;
    const followers = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
    this.members = [...validators, ...followers];
    if (nodes > 3) {
      for (const name of validators) {
        this.set(name, 'p2p', 'inbound_max', nodes + validators.length);
        this.set(name, 'p2p', 'receive_bytes_max', 2 ** 30);
      }
      for (const name of followers) this.set(name, 'p2p', 'outbound_max', 0);
    }
    this.wallets = JSON.parse(readFileSync(join(net, 'accounts.json'), 'utf8'))
      .map(({ secretKey }) => new Wallet(secretKey));
    if (isHostile) this.set('node-3', 'p2p', 'name', JSON.stringify(hostileName));
  }

  #file(name) { return join(this.net, name, 'parley.toml'); }

  set(name, table, key, value) {
    const text = readFileSync(this.#file(name), 'utf8');
    const from = text.indexOf(`[${table}]`);
    const after = text.slice(0, from) +
      text.slice(from).replace(new RegExp(`^(# )?${key} = .*$`, 'm'), `${key} = ${value}`);
    if (after === text) throw new Error(`${this.#file(name)}: no ${table}.${key}`);
    writeFileSync(this.#file(name), after);
  }

  url(name) {
    const [, http] = /^http = "(.+)"$/m.exec(readFileSync(this.#file(name), 'utf8'));
    return `http://${http}`;
  }

  start(names = this.members, ...more) {
    for (const name of names) {
      const log = openSync(join(this.net, name, 'log'), 'a');
      const child = spawn(binary, ['run', join(this.net, name), ...more], { stdio: ['ignore', log, log] });
      this.#children.set(name, child);
      child.ended = new Promise((end) => child.once('exit', end));
    }
  }

  pid(name) { return this.#children.get(name).pid; }

  /** As its owner, over the Unix socket. */
  ownerRpc(name, method, params = []) {
    return new Promise((resolve, reject) => {
      const asking = request({
        socketPath: join(this.net, name, 'parley.sock'), method: 'POST', headers: { 'content-type': 'application/json' },
      }, async (response) => {
        const { result, error } = await new Response(response).json();
        if (error) reject(new Error(`${name}: ${method}: ${error.message}`));
        else resolve(result);
      });
      asking.on('error', reject);
      asking.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    });
  }

  log(name) { return readFileSync(join(this.net, name, 'log'), 'utf8'); }

  async stop(name) {
    const child = this.#children.get(name);
    child.kill('SIGTERM');
    await child.ended;
    this.#children.delete(name);
  }

  async end() {
    clearInterval(this.sender);
    await Promise.all([...this.#children.keys()].map((name) => this.stop(name)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async rpc(name, method, params = []) {
    const response = await fetch(this.url(name), {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#ids, method, params }),
    });
    const { result, error } = await response.json();
    if (error) throw new Error(`${name}: ${method}: ${error.message}`);
    return result;
  }

  /** Asks until `condition` gives something. */
  async until(what, condition, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const value = await condition().catch(() => null);
      if (value) return value;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }

  /** Transactions at many prices, some of which wait: for a nonce that is missing, or a lower base fee. */
  async send(perSecond) {
    const chainId = Number(await this.rpc('node-1', 'eth_chainId'));
    const nonces = this.wallets.map(() => 0);
    const one = async (w, nonce, gwei, isCapped = false) => {
      const tip = BigInt(Math.round(gwei * 1e9));
      const raw = await this.wallets[w].signTransaction({
        chainId, nonce, gasLimit: 21_000, to: this.wallets[0].address, value: 1n, type: 2,
        maxFeePerGas: isCapped ? 1n + tip : 100_000_000_000n + tip, maxPriorityFeePerGas: isCapped ? 1n : tip,
      });
      await this.rpc(this.members[nonce % this.members.length], 'eth_sendRawTransaction', [raw]).catch(() => {});
    };
    for (let i = 0; i < 12; ++i) await one(8, 5 + i, 1 + i);  // nonces 0 to 4 never come
    this.sender = setInterval(async () => {
      for (let i = 0; i < perSecond / 5; ++i) {
        const w = Math.floor(Math.random() * 8);
        await one(w, nonces[w]++, 10 ** (Math.random() * 2 - 0.7));
      }
    }, 200);
  }
}
