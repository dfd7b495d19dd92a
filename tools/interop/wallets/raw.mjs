// What no library asks: every method against its schema, and the connections by hand.

import { createConnection } from 'node:net';
import { Wallet } from 'ethers';
import WebSocket from 'ws';
import { assert, assertEqual, until } from '../checks.mjs';
import { notices, results } from './schemas.mjs';
import { gwei, receiver } from './world.mjs';

export class RawChecks {
  constructor(world) { this.world = world; }

  async run(checks) {
    await checks.check('every method against its schema', () => this.everyMethod());
    await checks.check('subscriptions against their schemas', () => this.subscriptions());
    await checks.check('subscriptions over plain HTTP', () => this.overHttp());
    await checks.check('raw JSON, value after value (Unix socket)', () => this.rawJson());
    await checks.check('all replies fit the schemas', () => this.fits());
  }

  async ask(method, params = []) {
    const response = await fetch(this.world.http, { method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
    const { result, error } = await response.json();
    if (error) throw new Error(`${method}: ${error.code}: ${error.message}`);
    return result;
  }

  /** A transfer with that nonce, counted from the next one, in the pool. */
  async transfer(ahead = 0) {
    const wallet = new Wallet(this.world.accounts.raw.privateKey);
    const next = Number(await this.world.rpc('eth_getTransactionCount', [wallet.address, 'pending']));
    return this.ask('eth_sendRawTransaction', [await wallet.signTransaction({ type: 2, to: receiver,
      value: 1n, gasLimit: 21_000, nonce: next + ahead, chainId: this.world.chainId,
      maxFeePerGas: 20n * gwei, maxPriorityFeePerGas: gwei })]);
  }

  async everyMethod() {
    const { address } = this.world.accounts.raw;
    const hash = await this.transfer();
    const { blockHash, blockNumber } = await this.world.mined(hash);
    await this.transfer(5);  // stays in the pool
    const call = { from: address, to: receiver, value: '0x1' };
    const filter = await this.ask('eth_newFilter', [{ address: receiver }]);
    await this.ask('eth_getFilterLogs', [filter]);
    await this.ask('eth_getFilterChanges', [filter]);
    const asks = {
      eth_accounts: [], eth_blobBaseFee: [], eth_blockNumber: [], eth_call: [call],
      eth_config: [], eth_estimateGas: [call], eth_feeHistory: ['0x4', 'latest', [0, 50, 100]],
      eth_fillTransaction: [call], eth_gasPrice: [], eth_getAccountInfo: [address, 'latest'],
      eth_getBalance: [address, 'latest'], eth_getBlockByHash: [blockHash, true],
      eth_getBlockByNumber: [blockNumber, false], eth_getBlockReceipts: [blockNumber],
      eth_getBlockTransactionCountByHash: [blockHash],
      eth_getBlockTransactionCountByNumber: [blockNumber], eth_getCode: [address, 'latest'],
      eth_getLogs: [{}], eth_getProof: [address, ['0x0'], 'latest'],
      eth_getStorageAt: [address, '0x0', 'latest'],
      eth_getTransactionByBlockHashAndIndex: [blockHash, '0x0'],
      eth_getTransactionByBlockNumberAndIndex: [blockNumber, '0x0'],
      eth_getTransactionByHash: [hash], eth_getTransactionCount: [address, 'pending'],
      eth_getTransactionReceipt: [hash], eth_getUncleByBlockHashAndIndex: [blockHash, '0x0'],
      eth_getUncleByBlockNumberAndIndex: [blockNumber, '0x0'],
      eth_getUncleCountByBlockHash: [blockHash], eth_getUncleCountByBlockNumber: [blockNumber],
      eth_maxPriorityFeePerGas: [], eth_newBlockFilter: [], eth_newPendingTransactionFilter: [],
      eth_syncing: [], eth_uninstallFilter: [filter], net_listening: [], net_peerCount: [],
      net_version: [], txpool_content: [], txpool_status: [], web3_clientVersion: [], eth_chainId: [],
    };
    for (const [method, params] of Object.entries(asks)) await this.ask(method, params);
    const overSockets = ['eth_subscribe', 'eth_unsubscribe'];
    const missing = Object.keys(results).filter((method) =>
      !overSockets.includes(method) && !this.world.proxy.replies.has(method));
    assertEqual(missing.join(), '', 'methods that nobody asked');
    return `${this.world.proxy.replies.size} methods`;
  }

  async subscriptions() {
    const socket = new WebSocket(this.world.webSocket);
    const messages = [];
    socket.on('message', (text) => messages.push(JSON.parse(text)));
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    const kinds = [['newHeads'], ['newPendingTransactions'], ['newPendingTransactions', true],
      ['logs', { address: receiver }], ['syncing']];
    kinds.forEach((params, id) =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_subscribe', params })));
    const reply = (id) => messages.find((message) => message.id === id);
    await until(10, 'all subscriptions are there', () => kinds.every((_, id) => reply(id)?.result));
    const hash = await this.transfer();
    const told = (id) => messages.filter((message) => message.params?.subscription === reply(id).result)
      .map((message) => message.params.result);
    await until(10, 'all are told', () =>
      told(0).length >= 2 && told(1).length && told(2).length && told(4).length);
    kinds.forEach(([name], id) => {
      for (const notice of told(id)) {
        assertEqual(notices[name](notice, 'result'), undefined, `what ${name} tells`);
      }
    });
    assertEqual(told(1)[0], hash, 'the hash that is told');
    assertEqual(told(2)[0].hash, hash, 'the transaction that is told');
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'eth_unsubscribe', params: [reply(0).result] }));
    await until(10, 'the subscription ends', () => reply(9)?.result === true);
    socket.close();
    await this.world.mined(hash);
    return `${told(0).length} heads, the pool by hash and whole, syncing ${told(4)[0]}`;
  }

  async overHttp() {
    const error = await this.ask('eth_subscribe', ['newHeads']).catch(({ message }) => message);
    assertEqual(error, 'eth_subscribe: -32601: notifications not supported', 'the error');
    return error;
  }

  async rawJson() {
    const socket = createConnection(this.world.socket);
    let text = '';
    socket.on('data', (part) => { text += part; });
    const request = (id, method) => JSON.stringify({ jsonrpc: '2.0', id, method });
    socket.write(`${request(1, 'eth_chainId')}\n[${request(2, 'net_version')}]${request(3, 'nope')}`);
    const lines = await until(10, 'three replies come', () => text.split('\n').length > 3 && text.split('\n'));
    socket.end();
    assertEqual(Number(JSON.parse(lines[0]).result), this.world.chainId, 'the first reply');
    assertEqual(JSON.parse(lines[1])[0].id, 2, 'the second reply');
    assert(JSON.parse(lines[2]).error.code === -32601, 'the third is an error');
    return `chain ${this.world.chainId}`;
  }

  fits() {
    const { faults, replies, errors } = this.world.proxy;
    const unlike = [...new Set(faults)];
    assertEqual(unlike.slice(0, 5).join('\n      '), '', `${unlike.length} that do not fit`);
    const count = [...replies.values()].reduce((sum, one) => sum + one, 0);
    return `${count} replies and ${errors} errors`;
  }
}
