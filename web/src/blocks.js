// The last blocks: known by their notices, then asked who made and who sealed each.

export const blocksMax = 16;

const methodNotFound = -32601;
const number = (text) => Number(text);

const ofHeader = (header) => ({
  number: number(header.number), hash: header.hash, time: number(header.timestamp),
  gasUsed: number(header.gasUsed), gasLimit: number(header.gasLimit), proposer: header.miner,
});

export class Blocks {
  #byNumber = new Map(); // ascending
  #way = 'seals';        // how blocks are asked for; not every node has all

  clear() {
    this.#byNumber.clear();
    this.#way = 'seals';
  }

  /** A header of the main chain came. */
  onHeader(header) {
    this.#put(ofHeader(header));
  }

  /** The head may have moved on without a notice: its predecessors are asked for. */
  onHead(head) {
    if (!head || this.#way === 'none') return;
    for (let n = Math.max(0, head.number - blocksMax + 1); n <= head.number; ++n) {
      if (!this.#byNumber.has(n)) this.#put({ number: n, hash: null });
    }
    // Of a reorganisation, or of a node that was begun anew.
    for (const n of this.#byNumber.keys()) if (n > head.number) this.#byNumber.delete(n);
    const known = this.#byNumber.get(head.number);
    if (known?.hash && known.hash !== head.hash) {
      this.clear();
      this.onHead(head);
    }
  }

  /** Questions for the next batch, at most `room`. */
  questions(room) {
    const out = [];
    for (const block of [...this.#byNumber.values()].reverse()) {
      const more = block.asked ? [] : this.#questionsOf(block);
      if (out.length + more.length > room) break;
      block.asked ||= more.length > 0;
      out.push(...more);
    }
    return out;
  }

  /** Those of which more than the number is known, the newest first. */
  get newest() { return [...this.#byNumber.values()].reverse().filter(({ hash }) => hash); }

  #questionsOf(block) {
    const params = [`0x${block.number.toString(16)}`];
    const ways = {
      seals: () => [{
        method: 'parley_blockSeals', params,
        hear: (reply) => this.#hear(block, reply, 'headers',
          (result) => Object.assign(block, result, { number: block.number })),
      }, {
        method: 'eth_getBlockTransactionCountByNumber', params,
        hear: ({ result }) => { if (result) block.transactions = number(result); },
      }],
      // Of a light node, which has no more.
      headers: () => [{
        method: 'eth_getHeaderByNumber', params,
        hear: (reply) => this.#hear(block, reply, 'none',
          (result) => Object.assign(block, ofHeader(result))),
      }],
      none: () => [],
    };
    return ways[this.#way]();
  }

  #hear(block, { result, error }, otherWay, take) {
    if (error) block.asked = false;
    if (error?.code === methodNotFound) this.#way = otherWay;
    if (result) take(result);
  }

  #put(block) {
    const known = this.#byNumber.get(block.number);
    if (known && (known.hash === block.hash || block.hash === null)) return;
    this.#byNumber.set(block.number, block);
    const numbers = [...this.#byNumber.keys()].sort((a, b) => a - b);
    const kept = numbers.slice(-blocksMax);
    this.#byNumber = new Map(kept.map((n) => [n, this.#byNumber.get(n)]));
  }
}
