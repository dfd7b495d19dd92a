// web3.js 4.

import { Wallet } from 'ethers';
import { Web3 } from 'web3';
import { IpcProvider } from 'web3-providers-ipc';
import { assert, assertEqual, until } from '../checks.mjs';
import { ether, gwei, receiver } from './world.mjs';

/** The name of what it throws, and what the node said. */
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    const said = error.reason ?? error.innerError?.message ?? error.cause?.message ?? error.message;
    return { name: error.name, text: `${error.name}: ${said}` };
  }
  throw new Error('nothing is thrown');
}

export function web3jsChecks(world) {
  const web3 = new Web3(world.http);
  web3.eth.transactionPollingInterval = 100;
  const account = web3.eth.accounts.wallet.add(world.accounts.web3js.privateKey).get(0);
  const from = account.address;
  const fees = { maxFeePerGas: 20n * gwei, maxPriorityFeePerGas: gwei };
  const raised = { maxFeePerGas: 40n * gwei, maxPriorityFeePerGas: 2n * gwei };
  const plain = { from, to: receiver, value: 1n, gas: 21_000n };
  const nextNonce = () => web3.eth.getTransactionCount(from, 'pending');
  /** Its hash, once it is sent; nobody waits for its receipt. */
  const sent = (transaction) => new Promise((resolve, reject) => {
    const sending = web3.eth.sendTransaction(transaction, undefined, { checkRevertBeforeSending: false });
    sending.on('transactionHash', resolve);
    sending.catch(reject);
  });
  const raw = async (more) => (await account.signTransaction(
    { ...plain, ...fees, type: 2, chainId: world.chainId, ...more })).rawTransaction;
  const broadcast = (text) => web3.eth.requestManager.send({ method: 'eth_sendRawTransaction', params: [text] });

  async function replaced(other) {
    const nonce = await nextNonce();
    const first = await sent({ ...plain, ...fees, nonce: nonce + 1n });
    const second = await sent({ ...plain, ...raised, nonce: nonce + 1n, ...other });
    await sent({ ...plain, ...fees, nonce });
    const receipt = await world.mined(second);
    const gone = await thrown(web3.eth.getTransactionReceipt(first).then((found) => {
      if (!found) throw new Error('no receipt of the first');
    }));
    return `block ${Number(receipt.blockNumber)}, ${gone.text}`;
  }

  async function words(pattern, promise) {
    const { text } = await thrown(promise);
    assert(pattern.test(text), `its words are ${pattern}: ${text}`);
    return text;
  }

  async function heads(live) {
    const seen = [];
    const subscription = await live.eth.subscribe('newBlockHeaders');
    subscription.on('data', (header) => seen.push(header));
    subscription.on('error', (error) => seen.push(error));
    await until(10, 'three heads are told', () => seen.length >= 3);
    await subscription.unsubscribe();
    if (seen[0] instanceof Error) throw seen[0];
    assertEqual(seen[2].parentHash, seen[1].hash, 'the parent of the third');
    return `blocks ${seen.slice(0, 3).map((header) => header.number).join(', ')}`;
  }
  async function over(provider, use) {
    const live = new Web3(provider);
    try {
      return await use(live);
    } finally {
      live.provider.disconnect(1000);
    }
  }

  return {
    connect: async () => {
      assertEqual(Number(await web3.eth.getChainId()), world.chainId, 'the chain id');
      assertEqual(Number(await web3.eth.net.getId()), world.chainId, 'the id of the network');
      return `chain ${world.chainId}, ${await web3.eth.getNodeInfo()}`;
    },
    reads: async () => {
      const block = await web3.eth.getBlock('latest', true);
      assertEqual((await web3.eth.getBlock(block.hash)).number, block.number, 'the number by hash');
      assert(await web3.eth.getBalance(from, await world.recent()) > 9n * ether, 'a balance');
      assertEqual(await web3.eth.getCode(receiver), '0x', 'the code');
      assertEqual(BigInt(await web3.eth.getStorageAt(receiver, 0)), 0n, 'a slot');
      assertEqual((await web3.eth.getPastLogs({ fromBlock: 0 })).length, 0, 'the number of logs');
      assertEqual(await web3.eth.call({ from, to: receiver, value: 1n }), '0x', 'a call');
      assertEqual(await web3.eth.estimateGas({ from, to: receiver, value: 1n }), 21_000n, 'the gas');
      assertEqual(await web3.eth.isSyncing(), false, 'whether it syncs');
      const history = await web3.eth.getFeeHistory(4, 'latest', [25, 75]);
      assert(history.baseFeePerGas.length > 1, 'there is a fee history');
      return `gas price ${await web3.eth.getGasPrice()}`;
    },
    bare: async () => {
      const before = await world.balance();
      const receipt = await web3.eth.sendTransaction({ from, to: receiver, value: 1000n });
      assertEqual(receipt.status, 1n, 'the status');
      assertEqual(await world.balance(), before + 1000n, 'the balance of the receiver');
      return `type ${receipt.type}, gas ${receipt.gasUsed}, block ${receipt.blockNumber}`;
    },
    legacy: async () => {
      const gasPrice = await web3.eth.getGasPrice();
      const receipt = await web3.eth.sendTransaction({ ...plain, type: 0, gasPrice });
      assertEqual(await world.type(receipt.transactionHash), 0, 'the type');
      return `paid ${receipt.effectiveGasPrice} a gas`;
    },
    accessList: async () => {
      const accessList = [{ address: receiver, storageKeys: [`0x${'00'.repeat(32)}`] }];
      const gasPrice = await web3.eth.getGasPrice();
      // Without gas it takes 21,000, as if there were no list, and asks no node.
      const receipt = await web3.eth.sendTransaction(
        { from, to: receiver, value: 1n, type: 1, gas: 26_000n, gasPrice, accessList });
      assertEqual(await world.type(receipt.transactionHash), 1, 'the type');
      return `gas ${receipt.gasUsed}`;
    },
    fees: async () => {
      const receipt = await web3.eth.sendTransaction({ ...plain, ...fees });
      assertEqual(await world.type(receipt.transactionHash), 2, 'the type');
      return `paid ${receipt.effectiveGasPrice} a gas`;
    },
    replace: () => replaced({ value: 2n }),
    cancel: () => replaced({ to: from, value: 0n }),
    heads: () => over(world.webSocket, heads),
    pending: () => over(world.webSocket, async (live) => {
      const seen = [];
      const subscription = await live.eth.subscribe('pendingTransactions');
      subscription.on('data', (hash) => seen.push(hash));
      const hash = await sent({ ...plain, ...fees });
      await until(10, 'the transaction is told', () => seen.includes(hash));
      await world.mined(hash);
      const syncing = await live.eth.subscribe('syncing');
      await syncing.unsubscribe();
      const logs = await live.eth.subscribe('logs', { address: receiver });
      await logs.unsubscribe();
      return 'also syncing and logs are taken';
    }),
    ipc: () => over(new IpcProvider(world.socket), async (live) => {
      assertEqual(Number(await live.eth.getChainId()), world.chainId, 'the chain id');
      return heads(live);
    }),
    filters: async () => {
      const send = (method, params) => web3.eth.requestManager.send({ method, params });
      const blocks = await send('eth_newBlockFilter', []);
      const pending = await send('eth_newPendingTransactionFilter', []);
      const receipt = await web3.eth.sendTransaction({ ...plain, ...fees });
      assert((await send('eth_getFilterChanges', [blocks])).includes(receipt.blockHash), 'its block is told');
      assert((await send('eth_getFilterChanges', [pending])).includes(receipt.transactionHash), 'it is told');
      assertEqual(await send('eth_uninstallFilter', [blocks]), true, 'the end of the filter');
      return 'by requests of its own: it has no methods for them';
    },
    proof: async () => {
      const number = await web3.eth.getBlockNumber();
      // It leaves the address out of what the node gives.
      const proof = { address: from, ...await web3.eth.getProof(from, [], number) };
      return world.verify(proof, `0x${number.toString(16)}`);
    },
    nonceTooLow: () => words(/nonce too low/, sent({ ...plain, ...fees, nonce: 0n })),
    insufficientFunds: async () => {
      await words(/insufficient funds/, web3.eth.sendTransaction({ from, to: receiver, value: 100n * ether }));
      return words(/insufficient funds/, sent({ ...plain, ...fees, value: 100n * ether }));
    },
    underpriced: async () => {
      const nonce = await nextNonce();
      const waits = await sent({ ...plain, ...fees, nonce: nonce + 1n });
      const text = await words(/replacement transaction underpriced/,
        sent({ ...plain, ...fees, value: 2n, nonce: nonce + 1n }));
      await sent({ ...plain, ...fees, nonce });
      await world.mined(waits);
      return text;
    },
    alreadyKnown: async () => {
      const nonce = await nextNonce();
      const waits = await raw({ nonce: nonce + 1n });
      const hash = await broadcast(waits);
      const text = await words(/already known/, broadcast(waits));
      await sent({ ...plain, ...fees, nonce });
      await world.mined(hash);
      return text;
    },
    intrinsicGas: async () => {
      // It signs no such transaction itself.
      const signed = await new Wallet(account.privateKey).signTransaction({ type: 2, to: receiver,
        gasLimit: 20_999, nonce: Number(await nextNonce()), chainId: world.chainId, ...fees });
      return words(/intrinsic gas too low/, broadcast(signed));
    },
    wrongChain: async () => words(/chain id/i, broadcast(await raw({ nonce: 0n, chainId: 1 }))),
    gasLimit: () => words(/exceeds block gas limit/, sent({ ...plain, ...fees, gas: 40_000_000n })),
    creation: () => words(/creates no contracts/, sent({ from, data: '0x6001' })),
  };
}
