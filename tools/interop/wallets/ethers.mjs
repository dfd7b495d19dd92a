// ethers 6.

import { IpcSocketProvider, JsonRpcProvider, Wallet, WebSocketProvider } from 'ethers';
import { assert, assertEqual, until } from '../checks.mjs';
import { ether, gwei, receiver } from './world.mjs';

/** The code and the message of what it throws. */
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    const said = error.info?.error?.message ?? error.error?.message ?? error.shortMessage;
    return { code: error.code, text: `${error.code}: ${said}` };
  }
  throw new Error('nothing is thrown');
}

export function ethersChecks(world) {
  const { chainId } = world;
  const provider = new JsonRpcProvider(world.http, undefined, { pollingInterval: 100, cacheTimeout: -1 });
  const wallet = new Wallet(world.accounts.ethers.privateKey, provider);
  const nextNonce = () => wallet.getNonce('pending');
  const fees = { maxFeePerGas: 20n * gwei, maxPriorityFeePerGas: gwei };
  const raised = { maxFeePerGas: 40n * gwei, maxPriorityFeePerGas: 2n * gwei };
  const plain = { to: receiver, value: 1n, gasLimit: 21_000 };
  const raw = (more) => wallet.signTransaction({ ...plain, ...fees, type: 2, chainId, ...more });

  /** A transaction that waits for the one before it is replaced by `other`; what wait() says. */
  async function replaced(other) {
    const nonce = await nextNonce();
    const first = await wallet.sendTransaction({ ...plain, ...fees, nonce: nonce + 1 });
    const second = await wallet.sendTransaction({ gasLimit: 21_000, ...raised, nonce: nonce + 1, ...other });
    await wallet.sendTransaction({ ...plain, ...fees, nonce });
    const { code, text } = await thrown(first.wait(1, 20_000));
    assertEqual(code, 'TRANSACTION_REPLACED', 'what wait() throws');
    await world.mined(second.hash);
    assertEqual(await provider.getTransactionReceipt(first.hash), null, 'the receipt of the first');
    return text;
  }

  async function errorOf(code, promise) {
    const error = await thrown(promise);
    assertEqual(error.code, code, `the code of "${error.text}"`);
    return error.text;
  }

  /** `use(provider)` over WebSocket or the Unix socket. */
  async function over(live, use) {
    try {
      return await use(live);
    } finally {
      await live.destroy();
    }
  }
  async function heads(live) {
    const seen = [];
    await live.on('block', (number) => seen.push(number));
    await until(10, 'three heads are told', () => seen.length >= 3);
    assertEqual(seen[2], seen[0] + 2, 'the number of the third');
    return `blocks ${seen.slice(0, 3).join(', ')}`;
  }

  return {
    connect: async () => {
      const network = await provider.getNetwork();
      assertEqual(Number(network.chainId), chainId, 'the chain id');
      return `chain ${network.chainId}, ${await provider.send('web3_clientVersion', [])}`;
    },
    reads: async () => {
      const block = await provider.getBlock('latest', true);
      assertEqual((await provider.getBlock(block.hash)).number, block.number, 'the number by hash');
      assert(await provider.getBalance(wallet.address, await world.recent()) > 9n * ether, 'a balance');
      assertEqual(await provider.getCode(receiver), '0x', 'the code');
      assertEqual(BigInt(await provider.getStorage(receiver, 0)), 0n, 'a slot');
      assertEqual((await provider.getLogs({ fromBlock: 0 })).length, 0, 'the number of logs');
      assertEqual(await provider.call({ to: receiver, value: 1n, from: wallet.address }), '0x', 'a call');
      assertEqual(await wallet.estimateGas({ to: receiver, value: 1n }), 21_000n, 'the gas');
      const { gasPrice, maxFeePerGas } = await provider.getFeeData();
      return `gas price ${gasPrice}, fee ${maxFeePerGas}`;
    },
    bare: async () => {
      const before = await world.balance();
      const sent = await wallet.sendTransaction({ to: receiver, value: 1000n });
      const receipt = await sent.wait(1, 20_000);
      assertEqual(receipt.status, 1, 'the status');
      assertEqual(await world.balance(), before + 1000n, 'the balance of the receiver');
      return `type ${sent.type}, nonce ${sent.nonce}, gas ${receipt.gasUsed}, block ${receipt.blockNumber}`;
    },
    legacy: async () => {
      const sent = await wallet.sendTransaction({ ...plain, type: 0 });
      await sent.wait(1, 20_000);
      assertEqual(await world.type(sent.hash), 0, 'the type');
      return `gas price ${sent.gasPrice}`;
    },
    accessList: async () => {
      const accessList = [{ address: receiver, storageKeys: [`0x${'00'.repeat(32)}`] }];
      const sent = await wallet.sendTransaction({ to: receiver, value: 1n, type: 1, accessList });
      const receipt = await sent.wait(1, 20_000);
      assertEqual(await world.type(sent.hash), 1, 'the type');
      return `gas ${receipt.gasUsed}`;
    },
    fees: async () => {
      const sent = await wallet.sendTransaction({ ...plain, ...fees });
      const receipt = await sent.wait(1, 20_000);
      assertEqual(await world.type(sent.hash), 2, 'the type');
      return `paid ${receipt.gasPrice} a gas`;
    },
    replace: () => replaced({ to: receiver, value: 2n }),
    cancel: () => replaced({ to: wallet.address, value: 0n }),
    heads: () => over(new WebSocketProvider(world.webSocket), heads),
    pending: () => over(new WebSocketProvider(world.webSocket), async (live) => {
      const seen = [];
      await live.on('pending', (hash) => seen.push(hash));
      // Its subscription is made before this is answered, over the same connection.
      const sent = await wallet.connect(live).sendTransaction({ to: receiver, value: 1n });
      await until(10, 'the transaction is told', () => seen.includes(sent.hash));
      await world.mined(sent.hash);
      return `sent over the same socket, type ${sent.type}`;
    }),
    ipc: () => over(new IpcSocketProvider(world.socket), async (live) => {
      assertEqual(Number((await live.getNetwork()).chainId), chainId, 'the chain id');
      return heads(live);
    }),
    filters: async () => {
      const seen = [];
      await provider.on('pending', (hash) => seen.push(hash));
      const blocks = await provider.send('eth_newBlockFilter', []);
      await until(10, 'the filter of ethers is there', async () => {
        const sent = await wallet.sendTransaction({ ...plain, ...fees });
        await sent.wait(1, 20_000);
        return seen.includes(sent.hash);
      });
      await provider.off('pending');
      const hashes = await provider.send('eth_getFilterChanges', [blocks]);
      assert(hashes.length > 0, 'blocks came');
      assertEqual(await provider.send('eth_uninstallFilter', [blocks]), true, 'the end of the filter');
      return `${seen.length} transactions, ${hashes.length} blocks`;
    },
    proof: async () => {
      const number = `0x${(await provider.getBlockNumber()).toString(16)}`;
      return world.verify(await provider.send('eth_getProof', [wallet.address, [], number]), number);
    },
    nonceTooLow: () => errorOf('NONCE_EXPIRED', wallet.sendTransaction({ ...plain, ...fees, nonce: 0 })),
    insufficientFunds: async () => {
      await errorOf('INSUFFICIENT_FUNDS', wallet.sendTransaction({ to: receiver, value: 100n * ether }));
      return errorOf('INSUFFICIENT_FUNDS',
        wallet.sendTransaction({ ...plain, ...fees, value: 100n * ether }));
    },
    underpriced: async () => {
      const nonce = await nextNonce();
      const waits = await wallet.sendTransaction({ ...plain, ...fees, nonce: nonce + 1 });
      const text = await errorOf('REPLACEMENT_UNDERPRICED',
        wallet.sendTransaction({ ...plain, ...fees, value: 2n, nonce: nonce + 1 }));
      await wallet.sendTransaction({ ...plain, ...fees, nonce });
      await world.mined(waits.hash);
      return text;
    },
    alreadyKnown: async () => {
      const nonce = await nextNonce();
      const waits = await raw({ nonce: nonce + 1 });
      const { hash } = await provider.broadcastTransaction(waits);
      const { text } = await thrown(provider.broadcastTransaction(waits));
      assert(/already known/.test(text), `it is already known: ${text}`);
      await wallet.sendTransaction({ ...plain, ...fees, nonce });
      await world.mined(hash);
      return text;
    },
    intrinsicGas: async () => {
      const { text } = await thrown(wallet.sendTransaction({ ...plain, ...fees, gasLimit: 20_999 }));
      assert(/intrinsic gas too low/.test(text), `the gas is too low: ${text}`);
      return text;
    },
    wrongChain: async () => {
      const { text } = await thrown(provider.broadcastTransaction(await raw({ nonce: 0, chainId: 1 })));
      assert(/chain id/i.test(text), `the chain is another: ${text}`);
      return text;
    },
    gasLimit: async () => {
      const { text } = await thrown(wallet.sendTransaction({ ...plain, ...fees, gasLimit: 40_000_000 }));
      assert(/exceeds block gas limit/.test(text), `no block has so much: ${text}`);
      return text;
    },
    creation: async () => {
      const { text } = await thrown(wallet.sendTransaction({ data: '0x6001' }));
      assert(/creates no contracts/.test(text), `there are no contracts: ${text}`);
      return text;
    },
    end: () => provider.destroy(),
  };
}
