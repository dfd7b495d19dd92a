// The nodes of a run: they are started here, and none of them stays behind.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { dim, red } from '../demo/screen.mjs';
import { assert, until } from './checks.mjs';
import { ParleyNode } from './parley_node.mjs';

const binary = resolve(process.env.PARLEY ?? 'build/release/bin/parley');

export class Nodes {
  folder = mkdtempSync(join(tmpdir(), 'parley-interop-'));
  ours = [];
  theirs = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => this.end(130));
    process.once('uncaughtException', (error) => {
      console.error(red(`\n  ${error.stack}`));
      this.end(1);
    });
  }

  async startOurs() {
    const number = this.ours.length + 1;
    const node = new ParleyNode(binary, join(this.folder, `node-${number}`), number);
    node.init();
    node.start();
    this.ours.push(node);
    await until(10, `${node.name} answers`, async () => {
      assert(node.running, `${node.name} has ended`);
      await node.learnItself();
      return true;
    });
    return node;
  }

  /** `start` is given its name. */
  async startTheirs(start) {
    const node = await start(`chainsafe ${this.theirs.length + 1}`);
    this.theirs.push(node);
    return node;
  }

  async stop() {
    await Promise.all([...this.ours.map((node) => node.stop('SIGTERM')),
      ...this.theirs.map((node) => node.stop())]);
  }

  /** Ends the process. What ours logged stays if something failed (code 1). */
  async end(code) {
    await Promise.all(this.ours.map((node) => node.stop('SIGKILL')));
    if (code === 1) console.error(dim(`    what the nodes logged is in ${this.folder}`));
    else rmSync(this.folder, { recursive: true, force: true });
    process.exit(code);
  }
}
