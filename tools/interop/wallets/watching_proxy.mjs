// Stands between a library and the node, over HTTP, and checks each reply against the schemas.

import { createServer } from 'node:http';
import { faultOfReply } from './schemas.mjs';

export class WatchingProxy {
  replies = new Map();  // method -> how many fit
  errors = 0;           // replies that are errors, as they should be
  faults = [];

  /** `url`: of the node. */
  static async start(url) {
    const proxy = new WatchingProxy();
    proxy.server = createServer((request, response) => {
      proxy.pass(url, request, response).catch((failure) => {
        proxy.faults.push(`${failure.message}`);
        response.destroy();
      });
    });
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  async pass(url, request, response) {
    let body = '';
    for await (const part of request) body += part;
    const answer = await fetch(url, { method: request.method, body,
      headers: { 'content-type': 'application/json' } });
    const text = await answer.text();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(text);
    if (answer.status === 200) this.watch(JSON.parse(body), JSON.parse(text));
    else this.faults.push(`HTTP status ${answer.status} for ${body.slice(0, 200)}`);
  }

  watch(asked, answered) {
    const requests = [asked].flat();
    const replies = [answered].flat();
    if (requests.length !== replies.length) {
      this.faults.push(`${requests.length} requests, ${replies.length} replies`);
      return;
    }
    for (const [i, request] of requests.entries()) {
      const fault = faultOfReply(request, replies[i]);
      if (fault) this.faults.push(`${request.method} ${JSON.stringify(request.params)}: ${fault}`);
      else if (replies[i].error) ++this.errors;
      else this.replies.set(request.method, (this.replies.get(request.method) ?? 0) + 1);
    }
  }

  stop() { this.server.closeAllConnections(); this.server.close(); }
}
