// What was measured lately: a fixed number of points, the oldest of which give way.

export const pointsMax = 600;

export class History {
  /** `names` of the series beside the time. */
  constructor(names) {
    this.times = [];
    this.series = new Map(names.map((name) => [name, []]));
  }

  /** `values`: by name; what has none at this time gets a gap. */
  add(time, values) {
    for (const name of Object.keys(values)) {
      if (!this.series.has(name)) this.series.set(name, this.times.map(() => null));
    }
    this.times.push(time);
    for (const [name, points] of this.series) points.push(values[name] ?? null);
    if (this.times.length <= pointsMax) return;
    this.times.shift();
    for (const points of this.series.values()) points.shift();
  }

  get names() { return [...this.series.keys()]; }
  /** As uPlot takes it. */
  get columns() { return [this.times, ...this.series.values()]; }
}

/** Counters that only grow become rates; after a restart of the node they begin anew. */
export class Rates {
  constructor() { this.last = null; }

  /** Per second since the last time; null for what is new or began anew. */
  of(seconds, counters) {
    const before = this.last;
    this.last = { seconds, counters };
    const out = {};
    for (const [name, count] of Object.entries(counters)) {
      const old = before?.counters[name];
      const passed = seconds - (before?.seconds ?? seconds);
      out[name] = old === undefined || count < old || passed <= 0 ? null : (count - old) / passed;
    }
    return out;
  }
}
