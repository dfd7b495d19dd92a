// The light node of the demo: it holds headers alone, and all the while somebody reads balances from
// it, each proven to it by a full node and here compared with what full nodes say.

import { JsonRpcProvider } from 'ethers';

const askEach = 300;

/** Asks the light node for balances until stop(); every answer must be the full nodes'. */
export class LightWatch {
  constructor(light, nodes, wallets, sleep) {
    Object.assign(this, { light, nodes, wallets, sleep, proven: 0, unanswered: 0, wrong: null });
    this.going = true;
    this.ended = this.run();
  }

  async run() {
    for (let i = 0; this.going; ++i) {
      await this.sleep(askEach);
      const { address } = this.wallets[i % this.wallets.length];
      try {
        const block = await this.light.rpc('eth_blockNumber');
        const proven = await this.light.rpc('eth_getBalance', [address, block]);
        const said = await this.atFullNode(address, block);
        if (said === null) continue;  // none of them runs, or has it yet
        ++this.proven;
        if (said !== proven) {
          this.wrong = `${address} has ${said} after block ${Number(block)}, not ${proven}`;
        }
      } catch {
        ++this.unanswered;
      }
    }
  }

  async atFullNode(address, block) {
    for (const node of this.nodes.filter((one) => one.running)) {
      try {
        return await node.rpc('eth_getBalance', [address, block]);
      } catch {
        // The next one.
      }
    }
    return null;
  }

  async stop() {
    this.going = false;
    await this.ended;
  }
}

/** It follows the chain, shows its blocks, and sends what ethers.js signs. */
export async function useLight({ light, nodes, wallets, until, assert, Step }) {
  const step = new Step('the light node follows, and sends a transfer of ethers.js');
  await until(30, 'within 30 s the light node has the head', async () => {
    const [ours, theirs] = await Promise.all([light.status(), nodes[0].status()]);
    return ours && theirs && theirs.head.number > 0 && ours.head.number >= theirs.head.number - 1;
  });
  const provider = new JsonRpcProvider(light.url, undefined, { pollingInterval: 200 });
  const to = '0x000000000000000000000000000000000000cafe';
  try {
    const sent = await wallets[0].connect(provider)
      .sendTransaction({ to, value: 7, gasLimit: 21000 });
    const receipt = await sent.wait();
    assert(receipt.status === 1, 'a transfer sent through the light node is in a block');
    const number = `0x${receipt.blockNumber.toString(16)}`;
    const [ours, theirs] = await Promise.all([light, nodes[1]].map((node) =>
      node.rpc('eth_getBlockByNumber', [number, true])));
    // Two nodes may hold other seals of one block; its hash does not cover them.
    const sealless = ({ extraData, size, ...rest }) => JSON.stringify(rest);
    assert(sealless(ours) === sealless(theirs),
      'the light node shows a block as a full node does');
    assert(Number(await light.rpc('eth_getBalance', [to, number])) === 7,
      'the light node proves the balance');
    step.done(`block ${receipt.blockNumber}`);
  } finally {
    provider.destroy();
  }
}

/** What came of it. */
export async function endWatch({ watch, assert, Step }) {
  const step = new Step('balances were read from the light node all the while');
  await watch.stop();
  assert(watch.wrong === null, `every balance is the full nodes': ${watch.wrong}`);
  assert(watch.proven > 0 && watch.unanswered * 10 <= watch.proven,
    `nearly all were answered (${watch.proven} were, ${watch.unanswered} were not)`);
  step.done(`${watch.proven} proven, none wrong`);
}
