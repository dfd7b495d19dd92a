// Tables of runs, a line of JSON each: medians and spread, and Parley's median divided by that of
// each other. `node tools/peers/summary.mjs FILE…` prints those of runs that are kept.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { benches } from './systems.mjs';

export const ours = 'parley';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

const short = (value) =>
  Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });

const succeeded = ({ skipped, failed }) => skipped === undefined && failed === undefined;

/** What a core does in a second; of times, how much of it is a core's. */
const costOf = (bench, { value, cores }) => (bench.more ? value / cores : value * cores);

function figureOf(values, reference, scale) {
  const middle = median(values);
  return {
    middle: short(middle * scale),
    spread: `${short(Math.min(...values) * scale)} to ${short(Math.max(...values) * scale)}`,
    ratio: reference ? short(reference / middle) : '',
  };
}

/** Cells of a system: its runs, or why there are none. */
function rowOf(bench, system, runs, parley) {
  const good = runs.filter(succeeded);
  const version = runs[0].version ?? '';
  if (!good.length) {
    const { skipped, failed } = runs[0];
    return [system, version, skipped ? `skipped: ${skipped}` : `failed: ${failed}`];
  }
  const figures = [(run) => run.value, ...(bench.cost ? [(run) => costOf(bench, run)] : [])]
    .flatMap((of) => {
      const reference = parley.length && system !== ours ? median(parley.map(of)) : 0;
      const { middle, spread, ratio } = figureOf(good.map(of), reference, bench.scale);
      return [middle, spread, ratio];
    });
  const count = good.length === runs.length ? `${good.length}` : `${good.length} of ${runs.length}`;
  return [system, version, ...figures, count];
}

/** A table of Markdown that can be read as it is. */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => head.map((_, i) => row[i] ?? ''));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) =>
    (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(cells[0]), line(rule), ...cells.slice(1).map(line)].join('\n');
}

/** The table of one bench, by its runs. */
export function summary(name, runs) {
  const bench = benches[name];
  const bySystem = new Map();
  for (const run of runs) bySystem.set(run.system, [...(bySystem.get(run.system) ?? []), run]);
  const parley = (bySystem.get(ours) ?? []).filter(succeeded);
  const ratio = 'Parley ÷ it';
  const head = ['', 'version', bench.unit, 'spread', ratio,
    ...(bench.cost ? [bench.cost, 'spread', ratio] : []), 'runs'];
  const rows = [...bySystem].map(([system, of]) => rowOf(bench, system, of, parley));
  const others = runs.map((run) => run.others).filter((value) => value !== undefined);
  const better = bench.more ? 'more is better' : 'less is better';
  return `${name}: ${bench.title}; ${better}\n\n${table(head, rows)}\n` +
    (others.length ? `\nOther programs took ${short(median(others))} cores meanwhile.\n` : '');
}

/** Tables of all benches that the lines have runs of. */
export function summaries(lines) {
  const runs = lines.filter((line) => line.trim()).map((line) => JSON.parse(line));
  return Object.keys(benches)
    .map((name) => [name, runs.filter(({ bench }) => bench === name)])
    .filter(([, of]) => of.length).map(([name, of]) => summary(name, of)).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(summaries(process.argv.slice(2).flatMap((file) => readFileSync(file, 'utf8').split('\n'))));
}
