// ./dev interop wallets: the libraries that wallets are made of, unmodified, against a node of ours.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bold, dim, red, table } from '../../demo/screen.mjs';
import { Checks } from '../checks.mjs';
import { castChecks, castVersion } from './cast.mjs';
import { ethersChecks } from './ethers.mjs';
import { RawChecks } from './raw.mjs';
import { viemChecks } from './viem.mjs';
import { web3jsChecks } from './web3js.mjs';
import { web3pyChecks, web3pyVersion } from './web3py.mjs';
import { World } from './world.mjs';

const titles = {
  connect: 'connect',
  reads: 'read blocks, accounts, calls, fees',
  bare: 'send bare: no fees, gas or nonce',
  legacy: 'send a legacy transaction',
  accessList: 'send one with an access list',
  fees: 'send one with fees of its own',
  replace: 'replace what waits',
  cancel: 'cancel what waits',
  heads: 'subscribe to heads (WebSocket)',
  pending: 'subscribe to the pool (WebSocket)',
  ipc: 'raw JSON (Unix socket)',
  filters: 'filters',
  proof: 'proof, verified by @ethereumjs/trie',
  nonceTooLow: 'error: nonce too low',
  insufficientFunds: 'error: insufficient funds',
  underpriced: 'error: replacement underpriced',
  alreadyKnown: 'error: already known',
  intrinsicGas: 'error: intrinsic gas too low',
  wrongChain: 'error: another chain id',
  tipAboveFee: 'error: tip above the fee',
  gasLimit: 'error: more gas than a block has',
  creation: 'error: a contract is created',
};

const versionOf = (name) => JSON.parse(readFileSync(
  join(import.meta.dirname, 'node_modules', name, 'package.json'), 'utf8')).version;

async function libraries() {
  return [
    { name: 'ethers', version: versionOf('ethers'), checks: ethersChecks },
    { name: 'viem', version: versionOf('viem'), checks: viemChecks },
    { name: 'web3js', title: 'web3.js', version: versionOf('web3'), checks: web3jsChecks },
    { name: 'web3py', title: 'web3.py', ...web3pyVersion(), checks: web3pyChecks },
    { name: 'cast', ...await castVersion(), checks: castChecks },
  ];
}

/** How each check went, by its name. */
async function tryOut(library, world, checks) {
  const results = {};
  console.log(`\n${bold(`${library.title ?? library.name} ${library.version ?? ''}`)}`);
  if (library.missing) {
    console.log(`  skipped: ${library.missing}`);
    return { results, skipped: true };
  }
  const names = Object.keys(titles);
  const its = library.checks(world, names);
  for (const name of names) {
    if (!its[name]) continue;
    const failed = checks.failed;
    await checks.check(titles[name], its[name]);
    results[name] = checks.failed === failed;
  }
  await its.end?.();
  return { results };
}

const wanted = process.argv.slice(2);
const all = await libraries();
const unknown = wanted.find((name) => !all.some((library) => library.name === name));
if (unknown) {
  console.error(`no such library: ${unknown}; there are ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const checks = new Checks();
let world;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => world?.node.stop('SIGKILL').finally(() => process.exit(130)));
}
process.on('uncaughtException', (error) => {
  console.error(red(`\n  ${error.stack}`));
  world?.node.stop('SIGKILL').finally(() => process.exit(1));
});
try {
  world = await World.start([...all.map(({ name }) => name), 'raw']);
  const columns = [];
  for (const library of chosen) columns.push(await tryOut(library, world, checks));
  console.log(`\n${bold('what they were told')}`);
  await new RawChecks(world).run(checks);
  table(['', ...chosen.map(({ name, title }) => title ?? name)], Object.keys(titles).map((name) =>
    [titles[name], ...columns.map(({ results, skipped }) => {
      if (skipped) return 'skipped';
      return { true: '✓', false: '✗' }[results[name]] ?? '–';
    })]));
} catch (error) {
  console.error(red(`  ${error.stack}`));
  ++checks.failed;
}
await world?.stop();
console.log(`wallets: ${checks.passed} passed, ${checks.failed} failed`);
if (checks.failed) console.error(dim(`    what the node logged is in ${world?.folder}`));
else world.forget();
process.exit(checks.failed || !checks.passed ? 1 : 0);
