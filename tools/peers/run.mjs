// One run of a program in a network namespace of its own, bounded in time, and how many cores it and
// its child took while they were busy.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const namespace = fileURLToPath(new URL('ns.sh', import.meta.url));
const sampleMs = 50;
const ticksASecond = 100; // USER_HZ, on every Linux that has Node.js

/** What is in /proc may end at any time. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function childrenOf(pid) {
  let threads = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {}
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter((child) => child).map(Number));
}

/** Seconds, of all its threads, also of those that ended. */
function processorTime(pid) {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1).split(' ');
  return fields.length > 12 ? (Number(fields[11]) + Number(fields[12])) / ticksASecond : 0;
}

/** Seconds that all cores together were busy since the machine started. */
function machineTime() {
  const [user, nice, system, , , irq, softirq, stolen] =
    read('/proc/stat').split('\n', 1)[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + stolen) / ticksASecond;
}

/**
 * Cores by samples {at, used}, both in seconds: of the slices in which, and in whose neighbours, at
 * least a quarter of the busiest was used. What comes before and after the work does not count.
 */
export function coresWhileBusy(samples) {
  const slices = samples.slice(1).map(({ at, used }, i) =>
    ({ time: at - samples[i].at, used: used - samples[i].used }));
  const most = Math.max(...slices.map(({ time, used }) => used / time));
  const busy = slices.map(({ time, used }) => used / time >= most / 4);
  const counted = slices.filter((_, i) => busy[i - 1] && busy[i] && busy[i + 1]);
  const sum = (field) => counted.reduce((total, slice) => total + slice[field], 0);
  return counted.length ? sum('used') / sum('time') : NaN;
}

/** Samples a process and its child, which it starts by itself. */
class Sampler {
  samples = [];
  times = new Map();

  constructor(pid) {
    this.pid = pid;
    this.timer = setInterval(() => this.sample(), sampleMs);
  }

  sample() {
    if (this.times.size < 2) for (const child of childrenOf(this.pid)) this.times.set(child, 0);
    this.times.set(this.pid, this.times.get(this.pid) ?? 0);
    for (const [pid, before] of this.times) this.times.set(pid, Math.max(before, processorTime(pid)));
    this.samples.push({ at: performance.now() / 1e3, used: this.used() });
  }

  used() { return [...this.times.values()].reduce((a, b) => a + b, 0); }
  stop() { clearInterval(this.timer); }
}

let current; // the process that runs, which leads a group of its own

/** Ends what runs, and its child. */
export function endRun() {
  try {
    if (current) process.kill(-current.pid, 'SIGKILL');
  } catch {} // it just ended
}

/** What it printed, {output, cores, others, seconds}; {failed} if it did not end well within `seconds`. */
export async function run(command, seconds) {
  const machineBefore = machineTime();
  const began = performance.now();
  current = spawn(namespace, command,
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const sampler = new Sampler(current.pid);
  let [output, errors, late] = ['', '', false];
  current.stdout.on('data', (text) => { output += text; });
  current.stderr.on('data', (text) => { errors = (errors + text).slice(-4000); });
  const limit = setTimeout(() => { late = true; endRun(); }, seconds * 1000);
  const status = await new Promise((done) => {
    current.once('error', (error) => { errors = error.message; done(1); });
    current.once('exit', (code) => done(code));
  });
  clearTimeout(limit);
  sampler.stop();
  endRun(); // a child that it left behind
  current = undefined;
  const took = (performance.now() - began) / 1e3;
  if (late) return { failed: `not done after ${seconds} s` };
  if (status !== 0) return { failed: errors.trim().split('\n')[0] || `exit status ${status}` };
  return {
    output,
    cores: coresWhileBusy(sampler.samples),
    others: Math.max(0, (machineTime() - machineBefore - sampler.used()) / took),
    seconds: took,
  };
}
