// ./dev bench --peers: what a user would pick instead of Parley, each a small program of ours on
// public libraries, beside parley-bench on this machine. Runs alternate; Parley and its limit run
// once for each family. The argument of a family is its program, or "skipped: why" there is none.
//
// usage: bench.mjs PARLEY_BENCH VERSION FAMILY=PROGRAM… ROUNDS [BENCH…]

import { appendFileSync, mkdirSync } from 'node:fs';
import { dim, red, Step } from '../demo/screen.mjs';
import { endRun, run } from './run.mjs';
import { ours, summaries } from './summary.mjs';
import { benches, families, systemsOf } from './systems.mjs';

const [parleyBench, version, ...rest] = process.argv.slice(2);
const programs = Object.fromEntries(rest.filter((word) => word.includes('='))
  .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
const [rounds, ...wanted] = rest.filter((word) => !word.includes('='));

function usage(wrong) {
  console.error(`bench --peers: no ${wrong}; ROUNDS is a number, and benches are: ` +
    Object.keys(benches).join(', '));
  process.exit(2);
}
if (!(Number(rounds) > 0)) usage(`rounds: ${rounds}`);
for (const name of wanted) if (!benches[name]) usage(`bench: ${name}`);

const folder = 'build/peers';
const file = `${folder}/${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jsonl`;
const lines = [];

function keep(line) {
  lines.push(JSON.stringify(line, (_key, value) =>
    (typeof value === 'number' ? Number(value.toPrecision(5)) : value)));
  appendFileSync(file, `${lines.at(-1)}\n`);
}

/** Ours and its limits: what parley-bench is asked, and how its answer is read. */
function oursOf(bench) {
  const name = benches[bench].ours;
  const first = (output) => Number(output.split(' ')[0]);
  if (bench === 'idle') {
    return [{ system: ours, command: [parleyBench, name], value: (output) => JSON.parse(output).listening }];
  }
  const half = (system, which, of = name) => ({ system, command: [parleyBench, which, of], value: first });
  return [half('limit', '--limit'), half(ours, '--ours'),
    ...(bench === 'rtt' ? [half('parley-io-thread', '--ours', 'transport.rtt_io_thread')] : [])];
}

/** What is run in a round of a bench: {system, version, command, value}, or {system, skipped}. */
function planOf(bench) {
  const systems = systemsOf(bench);
  return Object.keys(families).flatMap((family, i) => {
    const program = programs[family] ?? `skipped: needs ${families[family].needs}`;
    const missing = program.match(/^skipped: (.*)/s)?.[1];
    const theirs = systems.filter((one) => one.family === family).map(({ system, version: of }) => ({
      system, version: of, skipped: missing, command: [program, bench, system],
      value: (output) => JSON.parse(output).value,
    }));
    // Idle links are memory, which does not drift: once is enough.
    const again = i === 0 || (!missing && bench !== 'idle');
    return [...(again ? oursOf(bench).map((one) => ({ ...one, version })) : []), ...theirs];
  });
}

async function measure(bench, { system, version: of, skipped, command, value }) {
  const line = { bench, system, version: of };
  const step = new Step(`${bench}, ${system}`, false);
  if (skipped) {
    step.settle(dim('–'), `skipped: ${skipped}`);
    return keep({ ...line, skipped });
  }
  const { output, ...outcome } = await run(command, benches[bench].seconds);
  if (output !== undefined) outcome.value = value(output);
  if (outcome.failed === undefined && !(outcome.value > 0)) outcome.failed = `it said: ${output}`;
  if (outcome.failed === undefined && benches[bench].cost && !(outcome.cores > 0)) {
    outcome.failed = 'it used no processor time';
  }
  keep({ ...line, at: new Date().toISOString(), ...outcome });
  if (outcome.failed) step.failed(outcome.failed);
  else step.done(`${outcome.value.toPrecision(4)}, ${outcome.cores.toFixed(2)} cores`);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    endRun();
    process.exit(130);
  });
}

mkdirSync(folder, { recursive: true });
for (let round = 1; round <= Number(rounds); ++round) {
  console.log(`round ${round} of ${rounds}`);
  for (const bench of wanted.length ? wanted : Object.keys(benches)) {
    for (const one of planOf(bench)) {
      if (one.skipped && round > 1) continue;
      await measure(bench, one);
    }
  }
}
console.log(`\n${summaries(lines)}\nEach run is a line of ${file}.`);
if (lines.some((line) => JSON.parse(line).failed)) {
  console.error(red('Some runs failed.'));
  process.exit(1);
}
