// What the page asks, and how often: its limit of work for the node. One batch every 2 seconds, of
// at most 32 requests, and never a second one before the first is answered; nothing while nobody
// looks at the page (docs/page.md).

export const tick = 2000;
const batchMax = 32;
const manyLinks = 100;

/** By name: the method, and seconds between two questions. */
const questions = {
  status: { method: 'parley_status', every: 2 },
  lanes: { method: 'parley_lanes', every: 2 },
  peers: { method: 'admin_peers', every: 2, everyIfMany: 10 },
  consensus: { method: 'parley_consensus', every: 2 },
  prices: { method: 'parley_poolPrices', every: 4 },
  bans: { method: 'admin_bans', every: 10 },
  dht: { method: 'parley_dhtTable', every: 30 },
  findings: { method: 'parley_findings', every: 60 },
  node: { method: 'admin_nodeInfo', every: 600 },
  place: { method: 'discv5_nodeInfo', every: 600 },
};

const methodNotFound = -32601;

export class Poller {
  #due = new Map();   // when each question is asked again
  #absent = new Set(); // what this node does not have
  #timer = null;

  /**
   * `hear(answers, errors)` gets what came, by name. `more()` gives questions of other modules,
   * [{method, params, hear}], at most as many as it is told.
   */
  constructor(connection, { hear, more }) {
    Object.assign(this, { connection, hear, more });
    this.links = 0;
  }

  /** All is asked anew. */
  begin() {
    this.#due.clear();
    this.#absent.clear();
    this.#go();
  }

  /** Somebody looks at the page again, or does not any more. */
  look() { if (!document.hidden) this.#go(); }

  end() { clearTimeout(this.#timer); }

  #go() {
    clearTimeout(this.#timer);
    if (document.hidden || !this.connection.isUp) return;
    this.#timer = setTimeout(() => this.#go(), tick);
    if (!this.connection.isBusy) this.#ask().catch(() => {});
  }

  async #ask() {
    const now = performance.now();
    const names = Object.keys(questions).filter((name) =>
      !this.#absent.has(name) && (this.#due.get(name) ?? 0) <= now);
    for (const name of names) {
      const { every, everyIfMany } = questions[name];
      const seconds = this.links > manyLinks ? everyIfMany ?? every : every;
      // A little less, so that a tick that comes early is not left out.
      this.#due.set(name, now + seconds * 1000 - tick / 4);
    }
    const others = this.more(batchMax - names.length);
    const batch = [...names.map((name) => ({ method: questions[name].method })), ...others];
    if (batch.length === 0) return;
    const replies = await this.connection.ask(batch);
    const answers = {};
    const errors = {};
    for (const [i, name] of names.entries()) {
      const { result, error } = replies[i];
      if (error) errors[name] = error.message;
      else answers[name] = result;
      if (error?.code === methodNotFound) this.#absent.add(name);
    }
    for (const [i, question] of others.entries()) question.hear(replies[names.length + i]);
    this.hear(answers, errors);
  }
}
