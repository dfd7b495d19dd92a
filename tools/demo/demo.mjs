// ./dev demo: a network of 7 parley processes and a light one on the loopback, from one known
// address to a thousand transactions everywhere, through the loss of its first node, to the blocks
// of four of them, and to what those do without one and without two. Balances are read from the
// light node all the while.
// With --check every statement is asserted, all is stopped, and the exit code says how it went.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { keccak256 } from 'ethers';
import { funds, mineWhatWaits, sendBare, verifyProof } from './chain.mjs';
import { endWatch, LightWatch, useLight } from './light.mjs';
import { freePort, NodeProcess } from './node_process.mjs';
import { bar, bold, bytes, dim, green, red, Step, table } from './screen.mjs';
import { makeTransactions, makeWallets } from './transactions.mjs';
import { agree, haveBoth, loseOne, loseTwo } from './votes.mjs';

const count = 7;
const validatorCount = 4;
const transactionCount = 1000;
const check = process.argv.includes('--check');
const binary = resolve(process.env.PARLEY ?? 'build/release/bin/parley');
const folder = mkdtempSync(join(tmpdir(), 'parley-demo-'));
const genesis = join(folder, 'genesis.json');
const wallets = makeWallets(20);
const nodes = [];
const everyone = [];  // the nodes, and the light one

class Failed extends Error {}

/** Fails the demo with the statement that does not hold. */
function assert(holds, statement) {
  if (!holds) throw new Failed(statement);
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** Asks until `condition` gives a value; `statement` is what fails after `seconds`. */
async function until(seconds, statement, condition) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert(Date.now() < end, statement);
    await sleep(100);
  }
}

async function statuses(of = nodes) {
  return Promise.all(of.map((node) => node.status()));
}

async function makeFolders() {
  const step = new Step(`${count} folders with a key and settings each`);
  for (let i = 0; i < count; ++i) {
    nodes.push(new NodeProcess(binary, join(folder, `node-${i + 1}`), i + 1,
      await freePort(), await freePort()));
  }
  // The first ones will be validators, once they are told so.
  const keys = nodes.slice(0, validatorCount).flatMap((node) => ['--validator-key', node.makeKey()]);
  writeFileSync(genesis, nodes[0].command('genesis', ...keys, ...funds(wallets)));
  nodes[0].init(genesis, null);
  step.done(folder);
}

async function startAll() {
  const step = new Step(`${count} nodes start, each knows only the first`);
  nodes[0].start();
  await until(10, 'the first node answers within 10 s', () => nodes[0].status());
  const boot = await nodes[0].target();
  for (const node of nodes.slice(1)) {
    node.init(genesis, boot);
    node.start();
  }
  step.done(dim(`boot ${boot.slice(0, 12)}…@127.0.0.1:${nodes[0].p2pPort}`));
}

async function startLight() {
  const step = new Step('a light node joins them');
  const light = new NodeProcess(binary, join(folder, 'light'), count + 1, await freePort(),
    await freePort());
  light.name = 'light node';
  everyone.push(...nodes, light);
  light.init(genesis, await nodes[0].target(), '--light');
  light.start();
  await until(30, 'within 30 s it has links with full nodes that serve it', async () => {
    const status = await light.status();
    return status && status.light.fullNodes >= 2;
  });
  step.done();
  return { light, watch: new LightWatch(light, nodes, wallets, sleep) };
}

const links = (status) => status.links.inbound + status.links.outbound;

async function findOneAnother() {
  const step = new Step('they find one another by peer exchange');
  await until(30, `each of ${count} nodes knows ${count - 1} others and is linked within 30 s`,
    async () => {
      const all = await statuses();
      if (all.includes(null)) return false;
      const known = all.reduce((sum, s) => sum + Math.min(s.knownAddresses, count - 1), 0);
      const whole = count * (count - 1);
      step.update(`${bar(known, whole)} ${known}/${whole} addresses`);
      return known === whole && all.every((s) => links(s) >= 3);
    });
  assert(step.seconds() <= 30, 'they find one another within 30 s');
  for (const [i, status] of (await statuses()).entries()) {
    assert(status.links.inbound <= status.slots.inbound,
      `node ${i + 1} stays within its inbound slots`);
    assert(status.links.outbound <= status.slots.outbound,
      `node ${i + 1} stays within its outbound slots`);
    const peers = await nodes[i].rpc('admin_peers');
    const ids = new Set(peers.map((p) => p.id));
    assert(ids.size === peers.length, `node ${i + 1} has one link to each peer`);
    assert(!ids.has(status.id), `node ${i + 1} is not its own peer`);
    assert(peers.length === 0 || peers.every((p) => p.enr?.startsWith('enr:')),
      `node ${i + 1} has authenticated peers only`);
  }
  step.done(`${bar(1, 1)} all addresses known`);
}

async function sendTransactions() {
  const signing = new Step(`ethers.js signs ${transactionCount} transactions`);
  const chainId = Number(await nodes[0].rpc('eth_chainId'));
  const raws = await makeTransactions(wallets, transactionCount, chainId,
    (n) => signing.update(bar(n, transactionCount)));
  signing.done(bar(1, 1));

  const sending = new Step('submitted over JSON-RPC to nodes at random');
  let sent = 0;
  const next = raws.values();
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const raw of next) {
      const node = nodes[Math.floor(Math.random() * count)];
      const hash = await node.rpc('eth_sendRawTransaction', [raw]);
      assert(hash === keccak256(raw), `${node.name} answers with the hash that ethers computes`);
      sending.update(`${bar(++sent, transactionCount)} ${sent}`);
    }
  }));
  sending.done(bar(1, 1));

  const spreading = new Step(`they reach all ${count} nodes`);
  await everywhere(spreading, nodes, 30);
  for (const raw of raws.filter((_, i) => i % 100 === 0)) {
    for (const node of nodes) {
      const tx = await node.rpc('eth_getTransactionByHash', [keccak256(raw)]);
      assert(tx?.hash === keccak256(raw), `${node.name} gives back a transaction by its hash`);
    }
  }
  spreading.done(`${bar(1, 1)} ${transactionCount} at every node`);
  return raws;
}

async function everywhere(step, of, seconds) {
  await until(seconds, `all ${transactionCount} transactions reach every node in ${seconds} s`,
    async () => {
      const all = await statuses(of);
      if (all.includes(null)) return false;
      const have = all.reduce((sum, s) => sum + s.pool.count, 0);
      step.update(`${bar(have, transactionCount * of.length)} ${have}`);
      return all.every((s) => s.pool.count === transactionCount);
    });
}

async function loseTheFirst() {
  const step = new Step('the first node is killed (SIGKILL)');
  const { id } = await nodes[0].status();
  await nodes[0].stop('SIGKILL');
  const rest = nodes.slice(1);
  await until(30, 'the others release their link to the first node and stay linked', async () => {
    const lists = await Promise.all(rest.map((node) => node.rpc('admin_peers')));
    return lists.every((peers) => peers.length > 0 && !peers.some((p) => p.id === id));
  });
  step.done('the others go on');
}

async function comeBack() {
  const node = nodes[count - 1];
  const step = new Step(`${node.name} is killed and restarted`);
  const before = await node.status();
  await node.stop('SIGKILL');
  node.start();
  const after = await until(10, `${node.name} answers within 10 s of its restart`,
    () => node.status());
  assert(after.id === before.id, `${node.name} keeps its ID`);
  assert(after.knownAddresses >= count - 2,
    `${node.name} reads its address book (${after.knownAddresses} addresses)`);
  await until(30, `${node.name} comes back from its own address book, without the first node`,
    async () => {
      const status = await node.status();
      if (status) step.update(`${links(status)} links`);
      return status && links(status) >= 2;
    });
  step.done('back from its own address book, without the first');

  const again = new Step(`${node.name} hears of the transactions again`);
  await everywhere(again, [node], 30);
  again.done(`${bar(1, 1)} ${transactionCount}`);
}

/** The first node returns, and it and three others make blocks. */
async function makeBlocks(raws, light) {
  const validators = nodes.slice(0, validatorCount);
  const step = new Step(`the first node returns; it and ${validatorCount - 1} others are validators`);
  for (const node of validators) {
    await node.stop('SIGTERM');
    node.voteWithKey();
    node.start();
  }
  await until(10, 'the validators answer within 10 s',
    async () => !(await statuses(validators)).includes(null));
  step.done();
  const tools = { nodes, light, validators, raws, wallets, until, assert, sleep, Step, bar };
  await mineWhatWaits(tools);
  const account = await sendBare(tools);
  await verifyProof({ ...tools, account });
  await useLight(tools);
  const normal = await agree(tools);
  await loseOne({ ...tools, normal });
  await loseTwo(tools);
  await haveBoth(tools);
}

async function showTable() {
  const rows = [];
  for (const node of everyone) {
    const s = await node.status();
    rows.push(s
      ? [node.name, s.links.inbound, s.links.outbound, s.knownAddresses, s.head.number,
        bytes(s.bytesIn), bytes(s.bytesOut)]
      : [node.name, '-', '-', '-', '-', '-', 'killed']);
  }
  table(['', 'links in', 'links out', 'known', 'block', 'bytes in', 'bytes out'], rows);
}

/** A browser gets the page at the same address as programs get JSON-RPC. */
async function showPage() {
  const step = new Step('every node shows a page');
  for (const node of everyone) {
    const answer = await fetch(`${node.url}/`);
    assert(answer.ok && (await answer.text()).includes('<html'), `${node.name} shows its page`);
  }
  step.done(`${nodes[0].url}/`);
}

async function stopAll() {
  const step = new Step('all nodes are told to end (SIGTERM)');
  const began = Date.now();
  await Promise.all(everyone.map(async (node) => {
    if (!node.running) return;
    const { ended } = node;
    await node.stop('SIGTERM');
    const { code } = await ended;
    assert(code === 0, `${node.name} ends with exit code 0 (it was ${code})`);
  }));
  assert(Date.now() - began < 2000, 'every node ends within 2 s of SIGTERM');
  step.done();
}

function showLogs() {
  for (const node of everyone) {
    try {
      const lines = readFileSync(join(node.folder, 'log'), 'utf8').trimEnd().split('\n');
      console.error(dim(`\n${node.name}, the end of its log:\n${lines.slice(-6).join('\n')}`));
    } catch {
      // It never ran.
    }
  }
}

async function killAll() {
  const all = everyone.length > 0 ? everyone : nodes;
  await Promise.all(all.map((node) => node.stop('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  console.log(bold('\nParley: a network on this machine\n'));
  await makeFolders();
  await startAll();
  await findOneAnother();
  const { light, watch } = await startLight();
  const raws = await sendTransactions();
  await loseTheFirst();
  await comeBack();
  await makeBlocks(raws, light);
  await endWatch({ watch, assert, Step });
  await showPage();
  await showTable();
  if (!check) {
    console.log(`  The network stays up. Its page, as ${nodes[0].name} sees it: ${nodes[0].url}/\n`);
    console.log('  Or try:\n');
    console.log(`    ${binary} peers ${nodes[1].folder}`);
    console.log(`    curl -s -H 'content-type: application/json' ${nodes[1].url} ` +
      `-d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}'\n`);
    console.log(dim('  Ctrl-C ends it.'));
    await new Promise((ended) => process.once('SIGINT', ended));
    console.log();
  }
  await stopAll();
  console.log(green(check ? '\n  every statement holds\n' : '\n  bye\n'));
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    if (!check && signal === 'SIGINT' && process.listenerCount('SIGINT') > 0) return;
    await killAll();
    process.exit(130);
  });
}

try {
  await main();
  await killAll();
} catch (error) {
  console.error(red(`\n\n  failed: ${error.message}`));
  if (!(error instanceof Failed)) console.error(error.stack);
  showLogs();
  await killAll();
  process.exit(1);
}
