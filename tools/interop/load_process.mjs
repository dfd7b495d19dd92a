// discv5-load as a process: many clients of one node (load/main.cpp).

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const binary = resolve(process.env.DISCV5_LOAD ?? 'build/release/bin/discv5-load');

export class LoadProcess {
  constructor(node) {
    this.child = spawn(binary, [node.record()], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** `what`: "pings" or "handshakes". What came of `count` of them: {answered, lost, seconds}. */
  async run(what, count) {
    this.child.stdin.write(`${what} ${count}\n`);
    const { value } = await this.lines.next();
    if (!value) throw new Error('discv5-load has ended');
    const outcome = JSON.parse(value);
    if (outcome.answered < count) throw new Error(`${outcome.answered} of ${count} ${what} answered`);
    return outcome;
  }

  /** Its input ends, and so does it. */
  stop() { this.child.stdin.end(); }
}
