// web3.py 8: its checks run in a Python of their own, and come here line by line.

import { execFileSync, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { assert } from '../checks.mjs';

const python = resolve(process.env.WALLETS_PYTHON ?? 'build/interop/wallets/venv/bin/python');

/** Why there is none on this machine, or its version. */
export function web3pyVersion() {
  try {
    const said = execFileSync(python, ['-c', 'import importlib.metadata as m; print(m.version("web3"))'],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    return { version: said.toString().trim() };
  } catch (error) {
    return { missing: error.stderr?.toString().trim().split('\n').at(-1) || error.message };
  }
}

export function web3pyChecks(world, names) {
  const child = spawn(python, [join(import.meta.dirname, 'wallets_check.py'), world.http, world.webSocket,
    world.socket, world.accounts.web3py.privateKey], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** Python's checks are in the order of ours; each is the next line. */
  const next = (name) => async () => {
    const { value, done } = await lines.next();
    assert(!done, 'Python has ended');
    const line = JSON.parse(value);
    assert(line.check === name, `Python is at ${line.check}, not at ${name}`);
    assert(!line.error, line.error);
    return line.proof ? world.verify(line.proof, line.block) : line.detail;
  };
  return { ...Object.fromEntries(names.map((name) => [name, next(name)])), end: () => child.kill() };
}
