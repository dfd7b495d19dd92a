// A process with one node of @chainsafe/discv5: does what its parent tells it (chainsafe_process.mjs).

import { ChainsafeNode } from './chainsafe_node.mjs';

const node = await ChainsafeNode.start('');
process.on('message', async ({ number, method, args }) => {
  try {
    process.send({ number, result: await node[method](...args) });
  } catch (error) {
    process.send({ number, error: error.message });
  }
});
process.on('disconnect', () => process.exit());
process.send({ id: node.id, record: node.record() });
