// A parley node on the loopback that is asked over its Unix socket, for the DHT.

import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { ENR } from '@chainsafe/enr';
import { NodeProcess } from '../demo/node_process.mjs';

/** In hexadecimal without 0x. */
const bare = (hex) => hex.replace(/^0x/, '');

export class ParleyNode extends NodeProcess {
  constructor(binary, folder, number) {
    super(binary, folder, number, 0, 0);
    this.kind = 'ours';
    this.name = `parley ${number}`;
  }

  /** Knows nobody, and dials nobody: what it finds, it finds in the DHT. */
  init() {
    execFileSync(this.binary, ['init', this.folder, '--private', '--listen', '127.0.0.1:0',
      '--http', 'off', '--outbound-max', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  rpc(method, params = []) {
    return new Promise((resolve, reject) => {
      const failed = (why) => reject(new Error(`${this.name}: ${method}: ${why}`));
      const asked = request({
        socketPath: join(this.folder, 'parley.sock'),
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        timeout: 15_000,
      }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => { text += part; });
        response.on('error', failed);
        response.on('end', () => {
          try {
            const { result, error } = JSON.parse(text);
            if (error) failed(error.message);
            else resolve(result);
          } catch {
            failed(`not JSON: ${text}`);
          }
        });
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer within 15 s')));
      asked.on('error', (error) => failed(error.message));
      asked.end(JSON.stringify({ jsonrpc: '2.0', id: ++this.requests, method, params }));
    });
  }

  /** What others are told of it: after its start, once it answers. */
  async learnItself() {
    const { enr, nodeId } = await this.rpc('discv5_nodeInfo');
    this.enr = enr;
    this.id = bare(nodeId);
    this.port = Number((await this.rpc('parley_status')).endpoint.split(':').at(-1));
  }
  get sequence() { return Number(ENR.decodeTxt(this.enr).seq); }
  record() { return this.enr; }

  addRecord(record) { return this.rpc('discv5_addEnr', [record]); }
  async ping(record) {
    const { enrSeq, recipientIP, recipientPort } = await this.rpc('discv5_ping', [record]);
    return { sequence: enrSeq, address: recipientIP, port: recipientPort };
  }
  /** Records of the answer. */
  findNode(record, distances) { return this.rpc('discv5_findNode', [record, distances]); }
  async talk(record, protocol, payload) {
    const answer = await this.rpc('discv5_talkReq',
      [record, `0x${protocol.toString('hex')}`, `0x${payload.toString('hex')}`]);
    return Buffer.from(bare(answer), 'hex');
  }
  /** The IDs that a lookup ends with, the closest to `target` first. */
  async lookup(target) {
    const found = await this.rpc('discv5_recursiveFindNodes', [`0x${target}`]);
    return found.map((record) => ENR.decodeTxt(record).nodeId);
  }
  /** The IDs in its table. */
  async table() {
    const { buckets } = await this.rpc('discv5_routingTableInfo');
    return buckets.flat().map(bare);
  }
}
