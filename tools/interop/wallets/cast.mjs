// cast of Foundry 1.7: a program that is run for each question.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { assert, assertEqual, until } from '../checks.mjs';
import { ether, receiver } from './world.mjs';

const program = join(import.meta.dirname, 'node_modules/@foundry-rs/cast-linux-amd64/bin/cast');

function run(...args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env: { ...process.env, NO_COLOR: '1' }, timeout: 30_000 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout.trim());
        const said = stderr.split('\n').map((line) => line.trim()).filter((line) => line)
          .map((line) => line.replace(/^Error: /, '')).join(' | ');
        return reject(new Error(said.slice(0, 300) || error.message));
      });
  });
}

/** Why there is none on this machine, or its version. */
export async function castVersion() {
  try {
    return { version: (await run('--version')).split('\n')[0].replace(/^cast Version: /, '') };
  } catch (error) {
    return { missing: error.message };
  }
}

export function castChecks(world) {
  const { privateKey, address } = world.accounts.cast;
  const cast = (command, ...args) => run(command, '--rpc-url', world.http, ...args);
  const plain = [receiver, '--value', '1', '--gas-limit', '21000'];
  const fees = ['--gas-price', '20gwei', '--priority-gas-price', '1gwei'];
  const raised = ['--gas-price', '40gwei', '--priority-gas-price', '2gwei'];
  /** Its receipt. */
  const send = async (...args) =>
    JSON.parse(await cast('send', '--private-key', privateKey, '--json', ...args));
  const sendAsync = (...args) => cast('send', '--private-key', privateKey, '--async', ...args);
  const raw = (...args) => cast('mktx', '--private-key', privateKey, ...args);
  const nextNonce = async () => Number(await cast('nonce', address, '--block', 'pending'));
  const atNonce = (nonce) => ['--nonce', String(nonce)];

  async function words(pattern, promise) {
    const text = await promise.then((said) => { throw new Error(`it does not fail: ${said}`); },
      (error) => error.message);
    assert(pattern.test(text), `its words are ${pattern}: ${text}`);
    return text;
  }
  async function replaced(...other) {
    const nonce = await nextNonce();
    const first = await sendAsync(...plain, ...fees, ...atNonce(nonce + 1));
    const second = await sendAsync(...other, ...raised, ...atNonce(nonce + 1));
    await sendAsync(...plain, ...fees, ...atNonce(nonce));
    await world.mined(second);
    assertEqual(await world.rpc('eth_getTransactionReceipt', [first]), null, 'the receipt of the first');
    return '';
  }

  return {
    connect: async () => {
      assertEqual(Number(await cast('chain-id')), world.chainId, 'the chain id');
      return `chain ${world.chainId}, ${await cast('client')}`;
    },
    reads: async () => {
      assert(JSON.parse(await cast('block', 'latest', '--json', '--full')).hash, 'there is a block');
      const block = String(await world.recent());
      assert(BigInt(await cast('balance', address, '--block', block)) > 9n * ether, 'a balance');
      assertEqual(await cast('code', receiver), '0x', 'the code');
      assertEqual(BigInt(await cast('storage', receiver, '0')), 0n, 'a slot');
      assertEqual(await cast('call', receiver, '--value', '1', '--from', address), '0x', 'a call');
      assertEqual(Number(await cast('estimate', receiver, '--value', '1', '--from', address)), 21_000, 'the gas');
      assertEqual((await cast('logs', '--from-block', '0', '--json')), '[]', 'logs');
      return `gas price ${await cast('gas-price')}, base fee ${await cast('base-fee')}`;
    },
    bare: async () => {
      const before = await world.balance();
      const receipt = await send(receiver, '--value', '1000');
      assertEqual(receipt.status, '0x1', 'the status');
      assertEqual(await world.balance(), before + 1000n, 'the balance of the receiver');
      return `type ${Number(receipt.type)}, gas ${Number(receipt.gasUsed)}, block ${Number(receipt.blockNumber)}`;
    },
    legacy: async () => {
      const receipt = await send(...plain, '--legacy');
      assertEqual(await world.type(receipt.transactionHash), 0, 'the type');
      return `paid ${Number(receipt.effectiveGasPrice)} a gas`;
    },
    accessList: async () => {
      const list = JSON.stringify([{ address: receiver, storageKeys: [`0x${'00'.repeat(32)}`] }]);
      const receipt = await send(receiver, '--value', '1', '--legacy', '--access-list', list);
      return `type ${await world.type(receipt.transactionHash)}, gas ${Number(receipt.gasUsed)}`;
    },
    fees: async () => {
      const receipt = await send(...plain, ...fees);
      assertEqual(await world.type(receipt.transactionHash), 2, 'the type');
      return `paid ${Number(receipt.effectiveGasPrice)} a gas`;
    },
    replace: () => replaced(receiver, '--value', '2', '--gas-limit', '21000'),
    cancel: () => replaced(address, '--gas-limit', '21000'),
    heads: async () => {
      const number = Number(await run('block-number', '--rpc-url', world.webSocket));
      const id = JSON.parse(await run('rpc', '--rpc-url', world.webSocket, 'eth_subscribe', 'newHeads'));
      assert(/^0x[0-9a-f]+$/.test(id), 'the subscription has an id');
      return `asks over WebSocket, block ${number}; it has no command that shows heads`;
    },
    ipc: async () => `block ${Number(await run('block-number', '--rpc-url', world.socket))}`,
    filters: async () => {
      const id = JSON.parse(await cast('rpc', 'eth_newBlockFilter'));
      const hashes = await until(10, 'a block is told', async () => {
        const changes = JSON.parse(await cast('rpc', 'eth_getFilterChanges', id));
        return changes.length > 0 && changes;
      });
      assertEqual(await cast('rpc', 'eth_uninstallFilter', id), 'true', 'the end of the filter');
      return `${hashes.length} blocks`;
    },
    proof: async () => {
      const number = await cast('block-number');
      const proof = JSON.parse(await cast('proof', address, '--block', number));
      return world.verify(proof, `0x${Number(number).toString(16)}`);
    },
    nonceTooLow: () => words(/nonce too low/, sendAsync(...plain, ...fees, ...atNonce(0))),
    insufficientFunds: async () => {
      await words(/insufficient funds/, send(receiver, '--value', '100ether'));
      return words(/insufficient funds/,
        sendAsync(receiver, '--value', '100ether', '--gas-limit', '21000', ...fees));
    },
    underpriced: async () => {
      const nonce = await nextNonce();
      const waits = await sendAsync(...plain, ...fees, ...atNonce(nonce + 1));
      const text = await words(/replacement transaction underpriced/,
        sendAsync(receiver, '--value', '2', '--gas-limit', '21000', ...fees, ...atNonce(nonce + 1)));
      await sendAsync(...plain, ...fees, ...atNonce(nonce));
      await world.mined(waits);
      return text;
    },
    alreadyKnown: async () => {
      const nonce = await nextNonce();
      const waits = await raw(...plain, ...fees, ...atNonce(nonce + 1));
      const hash = await cast('publish', '--async', waits);
      const text = await words(/already known/, cast('publish', '--async', waits));
      await sendAsync(...plain, ...fees, ...atNonce(nonce));
      await world.mined(hash);
      return text;
    },
    intrinsicGas: () => words(/intrinsic gas too low/,
      sendAsync(receiver, '--value', '1', '--gas-limit', '20999', ...fees)),
    wrongChain: async () => words(/chain id/i, cast('publish', '--async', await run('mktx',
      '--private-key', privateKey, '--chain', '1', '--rpc-url', world.http, ...plain, ...fees, ...atNonce(0)))),
    gasLimit: () => words(/exceeds block gas limit/,
      sendAsync(receiver, '--value', '1', '--gas-limit', '40000000', ...fees)),
    creation: () => words(/creates no contracts/, sendAsync('--create', '0x6001')),
  };
}
