// A node of @chainsafe/discv5 on the loopback, in this process, with a new key.

import { createSocket } from 'node:dgram';
import { randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { Discv5 } from '@chainsafe/discv5';
import { ENR, SignableENR } from '@chainsafe/enr';

// A library of theirs asks for it here, where Node has it from version 19 on.
globalThis.crypto ??= webcrypto;

/** A loopback UDP port that is free now, chosen by the system. */
function freePort() {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

export class ChainsafeNode {
  /** Answers TALKREQ with what `talk(protocol, request)` returns: Buffers. */
  static async start(name, talk = () => Buffer.alloc(0)) {
    const raw = randomBytes(32);
    const enr = SignableENR.createV4(raw);
    enr.ip = '127.0.0.1';
    enr.udp = await freePort();
    const node = new ChainsafeNode(name, Discv5.create({
      enr,
      privateKey: { type: 'secp256k1', raw },
      bindAddrs: { ip4: enr.getLocationMultiaddr('udp4') },
    }));
    node.discv5.on('talkReqReceived', (from, _, { id, protocol, request }) =>
      node.discv5.sendTalkResp(from, id, talk(Buffer.from(protocol), Buffer.from(request))));
    await node.discv5.start();
    return node;
  }

  constructor(name, discv5) { Object.assign(this, { kind: 'theirs', name, discv5 }); }

  get id() { return this.discv5.enr.nodeId; }
  get port() { return this.discv5.enr.udp; }
  get sequence() { return Number(this.discv5.enr.seq); }
  record() { return this.discv5.enr.encodeTxt(); }

  addRecord(record) { this.discv5.addEnr(record); }
  async ping(record) {
    const { enrSeq, addr } = await this.discv5.sendPing(ENR.decodeTxt(record));
    return { sequence: Number(enrSeq), address: Buffer.from(addr.ip.octets).join('.'), port: addr.port };
  }
  /** Records of the answer. */
  async findNode(record, distances) {
    const records = await this.discv5.sendFindNode(ENR.decodeTxt(record), distances);
    return records.map((found) => found.encodeTxt());
  }
  async talk(record, protocol, request) {
    return Buffer.from(await this.discv5.sendTalkReq(ENR.decodeTxt(record), request, protocol));
  }
  /**
   * The IDs that a lookup ends with, the closest to `target` first. Waits until it knows somebody
   * to ask: otherwise theirs takes a minute to find that it does not.
   */
  async lookup(target) {
    if (this.discv5.kadValues().length === 0) {
      await once(this.discv5, 'enrAdded', { signal: AbortSignal.timeout(30_000) });
    }
    return (await this.discv5.findNode(target)).map(({ nodeId }) => nodeId);
  }

  /** Forgets all: table and sessions. */
  async restart() {
    await this.discv5.stop();
    await this.discv5.start();
  }
  stop() { return this.discv5.stop(); }
}
