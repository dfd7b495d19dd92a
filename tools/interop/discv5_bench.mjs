// ./dev interop discv5 --bench: parley and @chainsafe/discv5 side by side on this machine, each node
// a process of its own. Runs of the two alternate; a figure is the median of runs.

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { bar, red, Step, table } from '../demo/screen.mjs';
import { ChainsafeProcess } from './chainsafe_process.mjs';
import { LoadProcess } from './load_process.mjs';
import { Nodes } from './nodes.mjs';

const runs = 5;
// A run takes a second or less. A parley takes 2,000 handshakes at once, and then as many a second,
// however many it could: a run stays below that.
const counts = {
  pings: { ours: 60_000, theirs: 12_000 },
  handshakes: { ours: 500, theirs: 150 },
};
const networkSize = 50;
const lookupsOfRun = 10;
const closestCount = 16;

const kinds = ['theirs', 'ours'];
const nodes = new Nodes();
const figures = [];

const startOurs = () => nodes.startOurs();
const startTheirs = () => nodes.startTheirs((name) => ChainsafeProcess.start(name));

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Adds a figure. `samples`: {ours: [...], theirs: [...]}; the ratio says how much better ours is. */
function figure(bench, title, unit, samples, more = true) {
  const [ours, theirs] = [median(samples.ours), median(samples.theirs)];
  const ratio = more ? ours / theirs : theirs / ours;
  figures.push({ bench, title, unit, ours, theirs, ratio, runs: samples.ours.length });
}

/** Of all its threads, in seconds. */
function processorTime({ child: { pid } }) {
  const times = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
  return times.reduce((a, b) => a + b) / 1e9;
}

/** Requests and handshakes that one node of each kind answers. */
async function rates() {
  const step = new Step('clients ask one node of each');
  const targets = { ours: await startOurs(), theirs: await startTheirs() };
  const loads = {};
  for (const kind of kinds) {
    const [pings, handshakes] = [new LoadProcess(targets[kind]), new LoadProcess(targets[kind])];
    loads[kind] = { pings, handshakes };
    await pings.run('pings', 1); // makes the sessions
  }
  const rate = { pings: { ours: [], theirs: [] }, handshakes: { ours: [], theirs: [] } };
  const cost = structuredClone(rate);
  for (let i = 0; i < runs; ++i) {
    for (const what of Object.keys(counts)) {
      for (const kind of kinds) {
        const before = processorTime(targets[kind]);
        const { answered, seconds } = await loads[kind][what].run(what, counts[what][kind]);
        rate[what][kind].push(answered / seconds);
        cost[what][kind].push(((processorTime(targets[kind]) - before) / answered) * 1e6);
      }
    }
    step.update(`${bar(i + 1, runs)} ${i + 1}/${runs} runs`);
  }
  figure('discv5.pings', 'PING answered, a second', 'pings/s', rate.pings);
  figure('discv5.pings.cpu', '  processor time of one, µs', 'us', cost.pings, false);
  figure('discv5.handshakes', 'handshakes, a second', 'handshakes/s', rate.handshakes);
  figure('discv5.handshakes.cpu', '  processor time of one, µs', 'us', cost.handshakes, false);
  for (const { pings, handshakes } of Object.values(loads)) {
    pings.stop();
    handshakes.stop();
  }
  await nodes.stop();
  step.done(`${runs} runs`);
}

const randomId = () => randomBytes(32).toString('hex');
const any = (list) => list[Math.floor(Math.random() * list.length)];
const distance = (a, b) => BigInt(`0x${a}`) ^ BigInt(`0x${b}`);

/** How many of those closest to the target are among the first that were found. */
function hits(found, others, target) {
  const first = new Set(found.slice(0, closestCount));
  const closest = others.map(({ id }) => ({ id, far: distance(id, target) }))
    .sort((a, b) => (a.far < b.far ? -1 : 1)).slice(0, closestCount);
  return closest.filter(({ id }) => first.has(id)).length;
}

/**
 * All have looked something up. The first, which the others were told of, does so last: it hears of
 * them by that.
 */
async function network(start, step, name) {
  const all = [];
  while (all.length < networkSize) {
    all.push(await start());
    step.update(`${bar(all.length, networkSize)} ${all.length} ${name} run`);
  }
  const [boot, ...others] = all;
  for (const node of others) await node.addRecord(boot.record());
  for (const [i, node] of [...others, boot].entries()) {
    await node.lookup(randomId());
    step.update(`${bar(i + 1, networkSize)} ${i + 1} ${name} meet`);
  }
  return all;
}

async function lookups() {
  const meeting = new Step(`${networkSize} of each meet`);
  const networks = {
    ours: await network(startOurs, meeting, 'of ours'),
    theirs: await network(startTheirs, meeting, 'of theirs'),
  };
  meeting.done();
  const step = new Step('they look up random targets');
  const times = { ours: [], theirs: [] };
  const found = { ours: [], theirs: [] };
  for (let i = 0; i < runs; ++i) {
    for (const kind of kinds) {
      const run = [];
      let hit = 0;
      for (let j = 0; j < lookupsOfRun; ++j) {
        const asker = any(networks[kind]);
        const target = randomId();
        const began = performance.now();
        const ids = await asker.lookup(target);
        run.push(performance.now() - began);
        hit += hits(ids, networks[kind].filter((node) => node !== asker), target);
      }
      times[kind].push(median(run));
      found[kind].push((hit / (lookupsOfRun * closestCount)) * 100);
    }
    step.update(`${bar(i + 1, runs)} ${i + 1}/${runs} runs`);
  }
  figure('discv5.lookup', `lookup among ${networkSize} nodes, ms`, 'ms', times, false);
  figure('discv5.lookup.found', `  of the ${closestCount} closest, found, %`, '%', found);
  await nodes.stop();
  step.done(`${runs} runs of ${lookupsOfRun}`);
}

function show() {
  const short = (value) =>
    Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
  table([`median of ${runs} runs`, 'parley', '@chainsafe/discv5', 'ratio'],
    figures.map(({ title, ours, theirs, ratio }) =>
      [title, short(ours), short(theirs), short(ratio)]));
  for (const { title: _, ...row } of figures) {
    console.log(JSON.stringify(row, (_key, value) =>
      (typeof value === 'number' ? Number(value.toPrecision(5)) : value)));
  }
}

try {
  await rates();
  await lookups();
  show();
  await nodes.end(0);
} catch (error) {
  console.error(red(`\n  ${error.stack}`));
  await nodes.end(1);
}
