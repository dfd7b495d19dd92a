// One WebSocket to the node that served this page, which carries JSON-RPC. After an end it is made
// again: at once, then after 1, 2, 4, ... at most 15 seconds.

const waitMax = 15_000;
const patience = 20_000; // for a reply

export class Connection {
  #socket = null;
  #tries = 0;
  #last = 0;
  #timer = null;
  #waiting = null; // the batch under way: {ids, resolve, reject, timer}

  /** `up()` and `down()` are told of each change, `notice(params)` of each notification. */
  constructor(url, { up, down, notice }) {
    Object.assign(this, { url, up, down, notice });
  }

  open() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => this.up();
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle('reject', new Error('the connection ended'));
      const wait = this.#tries === 0 ? 250 : Math.min(waitMax, 500 * 2 ** this.#tries);
      this.#tries += 1;
      this.down(wait);
      this.#timer = setTimeout(() => this.open(), wait);
    };
  }

  get isUp() { return this.#socket?.readyState === WebSocket.OPEN; }
  get isBusy() { return this.#waiting !== null; }

  /**
   * Sends `questions` ([{method, params}]) as one batch; gives their replies in the same order:
   * {result} or {error}. One batch at a time.
   */
  ask(questions) {
    const batch = questions.map(({ method, params }) =>
      ({ jsonrpc: '2.0', id: ++this.#last, method, params: params ?? [] }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#socket?.close(), patience);
      this.#waiting = { ids: batch.map(({ id }) => id), resolve, reject, timer };
      this.#socket.send(JSON.stringify(batch));
    });
  }

  #hear(message) {
    this.#tries = 0;  // not before: a node that takes calls and ends them is as good as away
    if (!Array.isArray(message)) {
      if (message.method === 'eth_subscription') this.notice(message.params);
      return;
    }
    if (!this.#waiting) return;
    const byId = new Map(message.map((reply) => [reply.id, reply]));
    this.#settle('resolve', this.#waiting.ids.map((id) =>
      byId.get(id) ?? { error: { code: 0, message: 'no reply' } }));
  }

  #settle(how, what) {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = null;
    clearTimeout(waiting.timer);
    waiting[how](what);
  }
}
