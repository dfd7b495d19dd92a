// viem 2.

import { createPublicClient, createWalletClient, http, webSocket } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { ipc } from 'viem/node';
import { assert, assertEqual, until } from '../checks.mjs';
import { ether, gwei, receiver } from './world.mjs';

/** The innermost class that viem has for it, and what the node said. */
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    const names = [];
    let details = '';
    for (let at = error; at; at = at.cause) {
      if (at.name) names.push(at.name);
      if (at.details) details = at.details;
    }
    return { names, text: `${names.find((name) => known.has(name)) ?? names.at(-1)}: ${details}` };
  }
  throw new Error('nothing is thrown');
}
const known = new Set(['NonceTooLowError', 'InsufficientFundsError', 'IntrinsicGasTooLowError',
  'TipAboveFeeCapError', 'IntrinsicGasTooHighError', 'UnknownNodeError']);

export function viemChecks(world) {
  const chain = { id: world.chainId, name: 'parley',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [world.http] } } };
  const transport = http(world.http, { retryCount: 0 });
  const account = privateKeyToAccount(world.accounts.viem.privateKey);
  const reader = createPublicClient({ chain, transport, pollingInterval: 100, cacheTime: 0 });
  const wallet = createWalletClient({ account, chain, transport });
  const fees = { maxFeePerGas: 20n * gwei, maxPriorityFeePerGas: gwei };
  const raised = { maxFeePerGas: 40n * gwei, maxPriorityFeePerGas: 2n * gwei };
  const plain = { to: receiver, value: 1n, gas: 21_000n };
  const nextNonce = () => reader.getTransactionCount({ address: account.address, blockTag: 'pending' });
  const wait = (hash, more) =>
    reader.waitForTransactionReceipt({ hash, timeout: 20_000, retryCount: 50, ...more });
  const raw = (more) => account.signTransaction(
    { ...plain, ...fees, type: 'eip1559', chainId: world.chainId, ...more });

  async function replaced(other, reason) {
    const nonce = await nextNonce();
    const first = await wallet.sendTransaction({ ...plain, ...fees, nonce: nonce + 1 });
    let said;
    const asked = () => world.proxy.replies.get('eth_getTransactionByHash') ?? 0;
    const before = asked();
    const waiting = wait(first, { onReplaced: (what) => { said = what; } });
    // Only of a transaction that it has seen can viem tell that another took its place.
    await until(10, 'viem looks at the first', () => asked() > before);
    const second = await wallet.sendTransaction({ gas: 21_000n, ...raised, nonce: nonce + 1, ...other });
    await wallet.sendTransaction({ ...plain, ...fees, nonce });
    const receipt = await waiting;
    assertEqual(receipt.transactionHash, second, 'the hash of what was mined');
    assertEqual(said?.reason, reason, 'why the first was replaced');
    return `onReplaced: ${said.reason}`;
  }

  async function errorOf(name, promise) {
    const { names, text } = await thrown(promise);
    assert(names.includes(name), `it is a ${name}: ${text}`);
    return text;
  }
  async function words(pattern, promise) {
    const { text } = await thrown(promise);
    assert(pattern.test(text), `its words are ${pattern}: ${text}`);
    return text;
  }

  /** `use(client)` over a transport with a connection. */
  async function over(live, use) {
    const client = createPublicClient({ chain, transport: live });
    try {
      return await use(client);
    } finally {
      (await client.transport.getRpcClient()).close();
    }
  }
  async function heads(client) {
    const seen = [];
    const end = client.watchBlocks({ onBlock: (block) => seen.push(block), onError: (e) => seen.push(e) });
    await until(10, 'three heads are told', () => seen.length >= 3);
    end();
    if (seen[0] instanceof Error) throw seen[0];
    assertEqual(seen[2].parentHash, seen[1].hash, 'the parent of the third');
    return `blocks ${seen.slice(0, 3).map((block) => block.number).join(', ')}`;
  }

  return {
    connect: async () => {
      assertEqual(await reader.getChainId(), world.chainId, 'the chain id');
      return `chain ${world.chainId}`;
    },
    reads: async () => {
      const block = await reader.getBlock({ includeTransactions: true });
      assertEqual((await reader.getBlock({ blockHash: block.hash })).number, block.number, 'the number');
      const blockNumber = BigInt(await world.recent());
      assert(await reader.getBalance({ address: account.address, blockNumber }) > 9n * ether, 'a balance');
      assertEqual(await reader.getCode({ address: receiver }), undefined, 'the code');
      assertEqual(BigInt(await reader.getStorageAt({ address: receiver, slot: '0x0' })), 0n, 'a slot');
      assertEqual((await reader.getLogs({ fromBlock: 0n })).length, 0, 'the number of logs');
      assertEqual((await reader.call({ account, to: receiver, value: 1n })).data, undefined, 'a call');
      assertEqual(await reader.estimateGas({ account, to: receiver, value: 1n }), 21_000n, 'the gas');
      const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
      assert(history.baseFeePerGas.length === history.gasUsedRatio.length + 1, 'the fee history is whole');
      const { maxFeePerGas } = await reader.estimateFeesPerGas();
      return `gas price ${await reader.getGasPrice()}, fee ${maxFeePerGas}`;
    },
    bare: async () => {
      const before = await world.balance();
      const receipt = await wait(await wallet.sendTransaction({ to: receiver, value: 1000n }));
      assertEqual(receipt.status, 'success', 'the status');
      assertEqual(await world.balance(), before + 1000n, 'the balance of the receiver');
      return `type ${receipt.type}, gas ${receipt.gasUsed}, block ${receipt.blockNumber}`;
    },
    legacy: async () => {
      const receipt = await wait(await wallet.sendTransaction({ ...plain, type: 'legacy' }));
      assertEqual(await world.type(receipt.transactionHash), 0, 'the type');
      return `paid ${receipt.effectiveGasPrice} a gas`;
    },
    accessList: async () => {
      const accessList = [{ address: receiver, storageKeys: [`0x${'00'.repeat(32)}`] }];
      const receipt = await wait(await wallet.sendTransaction(
        { to: receiver, value: 1n, type: 'eip2930', accessList }));
      assertEqual(await world.type(receipt.transactionHash), 1, 'the type');
      return `gas ${receipt.gasUsed}`;
    },
    fees: async () => {
      const receipt = await wait(await wallet.sendTransaction({ ...plain, ...fees }));
      assertEqual(await world.type(receipt.transactionHash), 2, 'the type');
      return `paid ${receipt.effectiveGasPrice} a gas`;
    },
    replace: () => replaced({ to: receiver, value: 1n }, 'repriced'),
    cancel: () => replaced({ to: account.address, value: 0n }, 'cancelled'),
    heads: () => over(webSocket(world.webSocket), heads),
    pending: () => over(webSocket(world.webSocket), async (client) => {
      const seen = [];
      const end = client.watchPendingTransactions({ onTransactions: (hashes) => seen.push(...hashes) });
      await until(10, 'a transaction is told', async () => {
        const hash = await wallet.sendTransaction({ ...plain, ...fees });
        await wait(hash);
        return seen.includes(hash);
      });
      end();
      return `${seen.length} told`;
    }),
    ipc: () => over(ipc(world.socket), async (client) => {
      assertEqual(await client.getChainId(), world.chainId, 'the chain id');
      return heads(client);
    }),
    filters: async () => {
      const blocks = await reader.createBlockFilter();
      const pending = await reader.createPendingTransactionFilter();
      const events = await reader.createEventFilter();
      const hash = await wallet.sendTransaction({ ...plain, ...fees });
      const receipt = await wait(hash);
      const hashes = await reader.getFilterChanges({ filter: blocks });
      assert(hashes.includes(receipt.blockHash), 'its block is told');
      assert((await reader.getFilterChanges({ filter: pending })).includes(hash), 'it is told');
      assertEqual((await reader.getFilterChanges({ filter: events })).length, 0, 'the number of logs');
      for (const filter of [blocks, pending, events]) {
        assertEqual(await reader.uninstallFilter({ filter }), true, 'the end of a filter');
      }
      return `${hashes.length} blocks`;
    },
    proof: async () => {
      const blockNumber = await reader.getBlockNumber();
      const proof = await reader.getProof({ address: account.address, storageKeys: [], blockNumber });
      return world.verify(proof, `0x${blockNumber.toString(16)}`);
    },
    nonceTooLow: () => errorOf('NonceTooLowError', wallet.sendTransaction({ ...plain, ...fees, nonce: 0 })),
    insufficientFunds: async () => {
      await errorOf('InsufficientFundsError', wallet.sendTransaction({ to: receiver, value: 100n * ether }));
      return errorOf('InsufficientFundsError',
        wallet.sendTransaction({ ...plain, ...fees, value: 100n * ether }));
    },
    underpriced: async () => {
      const nonce = await nextNonce();
      const waits = await wallet.sendTransaction({ ...plain, ...fees, nonce: nonce + 1 });
      const text = await words(/replacement transaction underpriced/,
        wallet.sendTransaction({ ...plain, ...fees, value: 2n, nonce: nonce + 1 }));
      await wallet.sendTransaction({ ...plain, ...fees, nonce });
      await world.mined(waits);
      return text;
    },
    alreadyKnown: async () => {
      const nonce = await nextNonce();
      const waits = await raw({ nonce: nonce + 1 });
      const hash = await reader.sendRawTransaction({ serializedTransaction: waits });
      const text = await words(/already known/, reader.sendRawTransaction({ serializedTransaction: waits }));
      await wallet.sendTransaction({ ...plain, ...fees, nonce });
      await world.mined(hash);
      return text;
    },
    intrinsicGas: () => errorOf('IntrinsicGasTooLowError',
      wallet.sendTransaction({ ...plain, ...fees, gas: 20_999n })),
    wrongChain: async () => words(/chain id/i,
      reader.sendRawTransaction({ serializedTransaction: await raw({ nonce: 0, chainId: 1 }) })),
    gasLimit: () => words(/exceeds block gas limit/,
      wallet.sendTransaction({ ...plain, ...fees, gas: 40_000_000n })),
    creation: () => words(/creates no contracts/, wallet.sendTransaction({ data: '0x6001' })),
  };
}
