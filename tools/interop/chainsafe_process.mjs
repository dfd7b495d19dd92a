// A node of @chainsafe/discv5 in a process of its own.

import { fork } from 'node:child_process';
import { once } from 'node:events';

export class ChainsafeProcess {
  static async start(name) {
    const child = fork(new URL('chainsafe_child.mjs', import.meta.url));
    const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (!first?.record) throw new Error(`${name} does not start`);
    return new ChainsafeProcess(name, child, first);
  }

  constructor(name, child, { id, record }) {
    Object.assign(this, { kind: 'theirs', name, child, id, enr: record });
    this.asked = new Map();
    this.count = 0;
    child.on('message', ({ number, result, error }) => {
      const { resolve, reject } = this.asked.get(number);
      this.asked.delete(number);
      if (error) reject(new Error(`${name}: ${error}`));
      else resolve(result);
    });
    child.on('exit', () => {
      for (const { reject } of this.asked.values()) reject(new Error(`${name} has ended`));
    });
  }

  ask(method, ...args) {
    const number = ++this.count;
    return new Promise((resolve, reject) => {
      this.asked.set(number, { resolve, reject });
      this.child.send({ number, method, args });
    });
  }

  record() { return this.enr; }
  addRecord(record) { return this.ask('addRecord', record); }
  lookup(target) { return this.ask('lookup', target); }

  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}
