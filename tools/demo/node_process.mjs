// One parley process of the demo: its folder, its settings, its life and its RPC.

import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** A loopback port that is free now, chosen by the system. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class NodeProcess {
  constructor(binary, folder, number, p2pPort, httpPort) {
    Object.assign(this, { binary, folder, number, p2pPort, httpPort });
    this.name = `node ${number}`;
    this.url = `http://127.0.0.1:${httpPort}`;
    this.child = null;
    this.requests = 0;
  }

  /** A command of the binary; gives what it prints. */
  command(...args) {
    return execFileSync(this.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  }

  /** Makes a validator's key, in a folder of its own; gives its file. */
  makeKey() {
    this.keyFolder = `${this.folder}-validator`;
    this.command('key', 'new', this.keyFolder);
    return join(this.keyFolder, 'node.key');
  }

  /** From its next start on it is a validator. */
  voteWithKey() {
    copyFileSync(join(this.keyFolder, 'node.key'), join(this.folder, 'validator.key'));
    this.set('signer_key', '"validator.key"');
  }

  /** Makes the folder with a key and settings; `boot` is the one target it knows, or null. */
  init(genesis, boot, ...more) {
    const args = ['init', this.folder, '--private', '--chain', genesis, '--engine', 'qbft',
      '--listen', `127.0.0.1:${this.p2pPort}`, '--http', `127.0.0.1:${this.httpPort}`, ...more];
    if (boot) args.push('--boot', boot);
    this.command(...args);
  }

  /** From its next start on. */
  set(key, value) {
    const path = join(this.folder, 'parley.toml');
    const before = readFileSync(path, 'utf8');
    const after = before.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);
    if (after === before) throw new Error(`${path} has no ${key}`);
    writeFileSync(path, after);
  }

  start() {
    const log = openSync(join(this.folder, 'log'), 'a');
    this.child = spawn(this.binary, ['run', this.folder], { stdio: ['ignore', log, log] });
    const child = this.child;
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => {
      if (this.child === child) this.child = null;
      resolve({ code, signal });
    }));
  }

  get running() { return this.child !== null; }

  /** Sends the signal to the process that was started here, and waits for its end. */
  async stop(signal) {
    if (!this.child) return;
    this.child.kill(signal);
    await this.ended;
  }

  async rpc(method, params = []) {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.requests, method, params }),
      signal: AbortSignal.timeout(5000),
    });
    const { result, error } = await response.json();
    if (error) throw new Error(`${this.name}: ${method}: ${error.message}`);
    return result;
  }

  /** The summary, or null while it does not answer. */
  async status() {
    if (!this.running) return null;
    try {
      return await this.rpc('parley_status');
    } catch {
      return null;
    }
  }

  async target() {
    const { id } = await this.rpc('parley_status');
    return `${id}@127.0.0.1:${this.p2pPort}`;
  }
}
