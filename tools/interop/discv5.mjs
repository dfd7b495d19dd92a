// ./dev interop discv5: parley and @chainsafe/discv5 on the loopback. What one asks, the other
// answers; and in a network of both, each node finds all others.

import { randomBytes } from 'node:crypto';
import { bar, red } from '../demo/screen.mjs';
import { ChainsafeNode } from './chainsafe_node.mjs';
import { assert, assertEqual, Checks, until } from './checks.mjs';
import { Nodes } from './nodes.mjs';

const ofEach = 5;
const nodes = new Nodes();
const checks = new Checks();

const startOurs = () => nodes.startOurs();
const startTheirs = (talk) => nodes.startTheirs((name) => ChainsafeNode.start(name, talk));

/** Of two IDs in hexadecimal: 1 to 256, 0 if they are equal. */
function logDistance(a, b) {
  const difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  return difference === 0n ? 0 : difference.toString(2).length;
}

/** The protocol whose answer is the request, twice. */
const twice = Buffer.from('twice');

/** `asker` asks `asked`, which knows `third`. */
async function askAll(asker, asked, third) {
  const who = `${asker.kind} → ${asked.kind}`;
  await checks.check(`${who}: PING`, async () => {
    const pong = await asker.ping(asked.record());
    assertEqual(pong.sequence, asked.sequence, 'the sequence of the record in PONG');
    assertEqual(`${pong.address}:${pong.port}`, `127.0.0.1:${asker.port}`, 'the asker in PONG');
  });
  await checks.check(`${who}: FINDNODE, its own record`, async () => {
    const records = await asker.findNode(asked.record(), [0]);
    assertEqual(records.join(), asked.record(), 'the records of the answer');
  });
  await checks.check(`${who}: FINDNODE, a node it knows`, async () => {
    const distance = logDistance(asked.id, third.id);
    await until(15, `${asked.name} tells of ${third.name}`, async () =>
      (await asker.findNode(asked.record(), [distance])).includes(third.record()));
  });
}

async function askOneAnother() {
  const ours = await startOurs();
  const theirs = await startTheirs((protocol, request) =>
    (protocol.equals(twice) ? Buffer.concat([request, request]) : Buffer.alloc(0)));
  const third = await startTheirs();
  // Who shakes hands is heard of; who then answers a check is told to others.
  await third.ping(ours.record());
  await third.ping(theirs.record());

  await askAll(theirs, ours, third);
  await checks.check('theirs → ours: TALKREQ, an unknown protocol', async () => {
    const answer = await theirs.talk(ours.record(), twice, randomBytes(100));
    assertEqual(answer.length, 0, 'bytes of the answer');
  });
  await askAll(ours, theirs, third);
  await checks.check('ours → theirs: TALKREQ', async () => {
    const request = randomBytes(100);
    const answer = await ours.talk(theirs.record(), twice, request);
    assertEqual(answer.toString('hex'), request.toString('hex').repeat(2), 'the answer');
  });
  await checks.check('theirs → ours, whose session theirs has lost', async () => {
    await theirs.restart();
    await theirs.ping(ours.record());
  });
  await checks.check('ours → theirs, which has lost its session', async () => {
    await theirs.restart();
    await ours.ping(theirs.record());
  });
  await checks.check('the table of ours has theirs', async () => {
    const table = await ours.table();
    for (const node of [theirs, third]) assert(table.includes(node.id), `${node.name} is in it`);
    assertEqual(await ours.rpc('discv5_getEnr', [`0x${theirs.id}`]), theirs.record(),
      'the record of theirs');
  });
  await nodes.stop();
}

/** Lookups until all of `others` were found. */
async function findAll(node, others, onProgress) {
  const found = new Set();
  await until(60, '', async () => {
    for (const id of await node.lookup(randomBytes(32).toString('hex'))) found.add(id);
    const missing = others.filter(({ id }) => !found.has(id)).map(({ name }) => name);
    onProgress(others.length - missing.length);
    assert(missing.length === 0, `${node.name} does not find ${missing.join(', ')}`);
    return true;
  });
}

async function findOneAnother(bootKind) {
  const title = `${ofEach} of each; all know one of ${bootKind}`;
  await checks.check(title, async (step) => {
    const all = [];
    for (let i = 0; i < ofEach; ++i) all.push(await startOurs(), await startTheirs());
    const boot = all.find(({ kind }) => kind === bootKind);
    const others = (of) => all.filter((node) => node !== of);
    for (const node of others(boot)) await node.addRecord(boot.record());
    const whole = all.length * (all.length - 1);
    const counts = new Map();
    await Promise.all(all.map((node) => findAll(node, others(node), (count) => {
      counts.set(node, count);
      const sum = [...counts.values()].reduce((a, b) => a + b, 0);
      step.update(`${bar(sum, whole)} ${sum}/${whole} found`);
    })));
    return `each finds the ${all.length - 1} others`;
  });
  await nodes.stop();
}

try {
  await askOneAnother();
  await findOneAnother('ours');
  await findOneAnother('theirs');
} catch (error) {
  console.error(red(`  ${error.stack}`));
  ++checks.failed;
}
console.log(`@chainsafe/discv5: ${checks.passed} passed, ${checks.failed} failed`);
await nodes.end(checks.failed || !checks.passed ? 1 : 0);
