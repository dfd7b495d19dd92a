// What the libraries are tried against: one node that makes a block a second, accounts with money,
// and the means to see what the node itself says.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Trie } from '@ethereumjs/trie';
import { decodeRlp, getBytes, hexlify, id, Wallet } from 'ethers';
import { freePort, NodeProcess } from '../../demo/node_process.mjs';
import { assert, assertEqual, until } from '../checks.mjs';
import { WatchingProxy } from './watching_proxy.mjs';

const binary = resolve(process.env.PARLEY ?? 'build/release/bin/parley');

export const ether = 10n ** 18n;
export const gwei = 10n ** 9n;
/** Nobody's: what is sent there stays. */
export const receiver = '0x00000000000000000000000000000000C0FfeE00';

export class World {
  folder = mkdtempSync(join(tmpdir(), 'parley-wallets-'));

  /** With an account of 10 ether for each name. */
  static async start(names) {
    const world = new World();
    const node = new NodeProcess(binary, join(world.folder, 'node'), 1, 0, await freePort());
    world.node = node;
    node.makeKey();
    world.accounts = Object.fromEntries(names.map((name) => {
      const { privateKey, address } = new Wallet(id(`interop wallets ${name}`));
      return [name, { privateKey, address }];
    }));
    const genesis = join(world.folder, 'genesis.json');
    writeFileSync(genesis, node.command('genesis', '--signer-key', join(node.folder, 'node.key'),
      ...names.flatMap((name) => ['--fund', `${world.accounts[name].address}:10ether`])));
    node.init(genesis, null, { keepKey: true });
    node.set('signer_key', '"node.key"');
    node.set('block_interval', 1);
    node.start();
    await until(10, 'the node answers', () => node.status());
    await until(10, 'it makes a block', async () => (await node.status()).head.number > 0);
    world.chainId = Number(await node.rpc('eth_chainId'));
    world.proxy = await WatchingProxy.start(node.url);
    return world;
  }

  /** Over HTTP, where all replies are checked against the schemas. */
  get http() { return this.proxy.url; }
  get webSocket() { return this.node.url.replace('http', 'ws'); }
  get socket() { return join(this.node.folder, 'parley.sock'); }

  rpc(method, params) { return this.node.rpc(method, params); }

  /** The number of a block whose state is there. */
  async recent() { return Number(await this.rpc('eth_blockNumber')) - 1; }

  async balance(address = receiver) { return BigInt(await this.rpc('eth_getBalance', [address])); }

  /** The receipt, which must say that it worked. */
  async mined(hash) {
    const receipt = await until(20, `${hash} is mined`, () =>
      this.rpc('eth_getTransactionReceipt', [hash]));
    assertEqual(receipt.status, '0x1', 'the status');
    return receipt;
  }

  async type(hash) { return Number((await this.rpc('eth_getTransactionByHash', [hash])).type); }

  /** Of what eth_getProof gave for an account: led to by the root of the state of that block. */
  async verify(proof, blockNumber) {
    const block = await this.rpc('eth_getBlockByNumber', [blockNumber, false]);
    const value = await new Trie({ useKeyHashing: true }).verifyProof(
      getBytes(block.stateRoot), getBytes(proof.address), proof.accountProof.map((node) => getBytes(node)));
    assert(value, 'the proof leads to the account');
    const [nonce, balance, storageRoot, codeHash] = decodeRlp(hexlify(value));
    const asNumber = (bytes) => (bytes === '0x' ? 0n : BigInt(bytes));
    assertEqual(asNumber(nonce), BigInt(proof.nonce), 'the proven nonce');
    assertEqual(asNumber(balance), BigInt(proof.balance), 'the proven balance');
    assertEqual(storageRoot, proof.storageHash, 'the proven root of the storage');
    assertEqual(codeHash, proof.codeHash, 'the proven hash of the code');
    return `${proof.accountProof.length} nodes of the trie`;
  }

  async stop() {
    this.proxy?.stop();
    await this.node?.stop('SIGTERM');
  }
  forget() { rmSync(this.folder, { recursive: true, force: true }); }
}
