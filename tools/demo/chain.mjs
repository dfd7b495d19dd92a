// The blocks of the demo: what waits is mined, ethers.js sends and waits as any application would,
// and a library of others verifies a proof.

import { Trie } from '@ethereumjs/trie';
import { decodeRlp, getBytes, JsonRpcProvider, keccak256 } from 'ethers';

const transfers = 10;

/** What waits comes into blocks, and every node has them. */
export async function mineWhatWaits({ nodes, raws, until, assert, Step, bar }) {
  const step = new Step('it makes blocks of what waits');
  await until(30, 'within 30 s every node has all waiting transactions in blocks', async () => {
    const all = await Promise.all(nodes.map((node) => node.status()));
    if (all.includes(null)) return false;
    const waiting = all.reduce((sum, s) => sum + s.pool.count, 0);
    const whole = raws.length * nodes.length;
    step.update(`${bar(whole - waiting, whole)} ${Math.max(...all.map((s) => s.head.number))} blocks`);
    return waiting === 0 && all.every((s) => s.head.number > 0);
  });
  for (const raw of raws.filter((_, i) => i % 100 === 0)) {
    const receipts = await Promise.all(
      nodes.map((node) => node.rpc('eth_getTransactionReceipt', [keccak256(raw)])));
    assert(receipts.every((r) => r?.status === '0x1'), 'every node has the receipts');
    assert(new Set(receipts.map((r) => r.blockHash)).size === 1, 'all have them in the same block');
  }
  const { head } = await nodes[0].status();
  step.done(`${bar(1, 1)} ${head.number} blocks`);
}

/** Transfers without nonce, gas or fees: ethers.js asks a node for all of it. */
export async function sendBare({ nodes, wallets, until, assert, Step, bar }) {
  const step = new Step(`ethers.js sends ${transfers} transfers and waits for receipts`);
  const provider = new JsonRpcProvider(nodes[1].url, undefined, { pollingInterval: 200 });
  const to = '0x00000000000000000000000000000000c0ffee00';
  try {
    let mined = 0;
    await Promise.all(wallets.slice(0, transfers).map(async (wallet, i) => {
      const sent = await wallet.connect(provider).sendTransaction({ to, value: 1000 + i });
      const receipt = await sent.wait();
      assert(receipt.status === 1, 'a transfer of ethers is mined');
      step.update(`${bar(++mined, transfers)} ${mined}`);
    }));
  } finally {
    provider.destroy();
  }
  const sum = transfers * 1000 + (transfers * (transfers - 1)) / 2;
  await until(10, 'within 10 s the balances are the same at every node', async () => {
    const balances = await Promise.all(nodes.map((n) => n.rpc('eth_getBalance', [to, 'latest'])));
    return balances.every((balance) => Number(balance) === sum);
  });
  step.done(`${bar(1, 1)} ${sum} wei at every node`);
  return { to, sum };
}

/** What one node says of an account is proven by the state root of a block of another. */
export async function verifyProof({ nodes, account, assert, Step }) {
  const step = new Step('a proof of that account is verified by @ethereumjs/trie');
  const block = await nodes[0].rpc('eth_getBlockByNumber', ['latest', false]);
  const proof = await nodes[2].rpc('eth_getProof', [account.to, [], block.number]);
  const value = await new Trie({ useKeyHashing: true }).verifyProof(
    getBytes(block.stateRoot), getBytes(account.to), proof.accountProof.map(getBytes));
  assert(value, 'the proof leads to the account');
  const [, balance] = decodeRlp(value);
  assert(BigInt(balance) === BigInt(account.sum), 'its balance is what the node said');
  step.done(`block ${Number(block.number)}, ${proof.accountProof.length} nodes of the trie`);
}

/** Wei of each account in the first block. */
export const funds = (wallets) => wallets.flatMap((w) => ['--fund', `${w.address}:10ether`]);
