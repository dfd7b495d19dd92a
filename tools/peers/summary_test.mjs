// What ./dev bench --peers makes of its runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coresWhileBusy } from './run.mjs';
import { summaries } from './summary.mjs';
import { benches, families, systemsOf, versionOf } from './systems.mjs';

const line = (bench, system, more) => JSON.stringify({ bench, system, ...more });

/** Cells of the row of a system. */
function row(text, system) {
  const found = text.split('\n').map((each) => each.split('|').map((cell) => cell.trim()))
    .find((cells) => cells[1] === system);
  return found?.slice(2, -1);
}

test('medians, spread and ratios, by time and by processor time', () => {
  const text = summaries([
    ...[[4e9, 1.5], [3e9, 2], [2e9, 2]].map(([value, cores]) =>
      line('bulk', 'parley', { version: '1a2b3c4d', value, cores, others: 0.1 })),
    ...[[5e8, 1], [1e9, 2]].map(([value, cores]) =>
      line('bulk', 'quinn', { version: 'quinn 0.11.12', value, cores, others: 0.3 })),
    '',
  ]);
  assert.deepEqual(row(text, 'parley'),
    ['1a2b3c4d', '3', '2 to 4', '', '1.5', '1 to 2.67', '', '3']);
  assert.deepEqual(row(text, 'quinn'),
    ['quinn 0.11.12', '0.75', '0.5 to 1', '4', '0.5', '0.5 to 0.5', '3', '2']);
  assert.match(text, /^bulk: .*; more is better/);
  assert.match(text, /Other programs took 0.1 cores meanwhile/);
});

test('of times, a core spends the part of them in which it is busy', () => {
  const text = summaries([
    line('rtt', 'parley', { value: 80, cores: 0.5 }),
    line('rtt', 'rlpx', { version: 'go-ethereum 1.17.10', value: 160, cores: 1.5 }),
  ]);
  assert.deepEqual(row(text, 'rlpx'),
    ['go-ethereum 1.17.10', '160', '160 to 160', '0.5', '240', '240 to 240', '0.167', '1']);
});

test('memory has no processor time', () => {
  const text = summaries([
    line('idle', 'parley', { value: 5.7, cores: 0.1 }),
    line('idle', 'rustls', { version: 'rustls 0.23.46', value: 57, cores: 0.1 }),
  ]);
  assert.deepEqual(row(text, 'rustls'), ['rustls 0.23.46', '57', '57 to 57', '0.1', '1']);
});

test('what is missing is skipped, and what failed is said', () => {
  const text = summaries([
    line('small', 'parley', { value: 6e6, cores: 2 }),
    line('small', 'rustls', { version: 'rustls 0.23.46', skipped: 'needs Rust' }),
    line('small', 'rlpx', { version: 'go-ethereum 1.17.10', failed: 'not done after 30 s' }),
    line('small', 'comet-secret', { version: 'cometbft 1.0.1', failed: 'a panic' }),
    line('small', 'comet-secret', { version: 'cometbft 1.0.1', value: 3e6, cores: 2 }),
  ]);
  assert.deepEqual(row(text, 'rustls').slice(0, 3), ['rustls 0.23.46', 'skipped: needs Rust', '']);
  assert.equal(row(text, 'rlpx')[1], 'failed: not done after 30 s');
  assert.equal(row(text, 'comet-secret').at(-1), '1 of 2');
  assert.doesNotMatch(text, /passed/);
});

test('without a run of Parley there is no ratio', () => {
  const text = summaries([line('bulk', 'quinn', { version: 'quinn 0.11.12', value: 1e9, cores: 1 })]);
  assert.equal(row(text, 'quinn')[3], '');
});

test('every system has a version that is pinned', () => {
  for (const bench of Object.keys(benches)) {
    const systems = systemsOf(bench);
    assert.ok(systems.length > 3);
    for (const { family, version } of systems) {
      assert.ok(families[family]);
      assert.match(version, /^[a-z0-9-]+ \d+\.\d+\.\d+/);
    }
  }
  assert.throws(() => versionOf('no-such', 'name = "other"\nversion = "1.0.0"'));
});

test('cores are those of the work, not of what comes before and after', () => {
  const samples = [{ at: 0, used: 0 }];
  const during = (slices, cores) => {
    for (let i = 0; i < slices; ++i) {
      const { at, used } = samples.at(-1);
      samples.push({ at: at + 0.05, used: used + 0.05 * cores });
    }
  };
  during(20, 0.01); // connects
  during(1, 0.7); // begins within the slice
  during(20, 1.5);
  during(1, 0.9);
  during(5, 0);
  assert.ok(Math.abs(coresWhileBusy(samples) - 1.5) < 0.01);
});
