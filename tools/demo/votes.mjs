// Validators of the demo: they agree on a block each second, go on without one of four, stop without
// two, and go on when those are back; `parley consensus` says why at each moment.

/** Blocks a second over some seconds, at one node. */
async function rate(node, seconds, sleep) {
  const before = (await node.status()).head.number;
  await sleep(seconds * 1000);
  return ((await node.status()).head.number - before) / seconds;
}

/** What `parley consensus` shows of a node, as one object. */
const consensus = (node) => JSON.parse(node.command('consensus', node.folder, '--json'));

const silent = (shown) => shown.validators.filter((one) => one.getsNoTime);

/** All validators begin to speak. */
export async function agree({ validators, until, assert, sleep, Step }) {
  const step = new Step(`${validators.length} validators agree on blocks`);
  await until(30, 'within 30 s the validators have made 3 blocks', async () => {
    const { head } = await validators[0].status() ?? { head: { number: 0 } };
    step.update(`block ${head.number}`);
    return head.number >= 3;
  });
  const normal = await rate(validators[0], 10, sleep);
  assert(normal >= 0.9, `a block each second (it was ${normal} a second)`);
  const shown = consensus(validators[0]);
  assert(shown.validators.length === validators.length, '`parley consensus` lists the validators');
  step.done(`${normal.toFixed(1)} blocks a second`);
  return normal;
}

/** Without one of four nobody waits for it, once it was silent in its turn. */
export async function loseOne({ validators, normal, until, assert, sleep, Step }) {
  const lost = validators[3];
  const step = new Step(`${lost.name}, a validator, is killed`);
  await lost.stop('SIGKILL');
  await until(30, '`parley consensus` names the validator that is silent',
    () => silent(consensus(validators[0])).length === 1);
  const without = await rate(validators[0], 10, sleep);
  assert(without >= 0.9 * normal, `blocks go on at 0.9 of the rate (it was ${without} a second)`);
  step.done(`${without.toFixed(1)} blocks a second without it`);
}

/** Without two there is no quorum: nothing is final, and nothing parts. */
export async function loseTwo({ validators, nodes, assert, sleep, Step }) {
  const step = new Step(`${validators[2].name}, a second one, is killed`);
  await validators[2].stop('SIGKILL');
  await sleep(2000);  // what was under way becomes final, or not
  const rest = nodes.filter((node) => node.running);
  const heads = async () => (await Promise.all(rest.map((node) => node.status())))
    .map(({ head }) => head.hash);
  const before = await heads();
  assert(new Set(before).size === 1, 'all have the same last block');
  await sleep(4000);
  const after = await heads();
  assert(after.every((hash, i) => hash === before[i]), 'there is no block without a quorum');
  const text = validators[0].command('consensus', validators[0].folder);
  assert(/waits? for/i.test(text), `\`parley consensus\` says what is missing:\n${text}`);
  step.done('no block, and no fork');
  console.log(text.trimEnd().split('\n').map((line) => `      ${line}`).join('\n'));
}

/** They are back. */
export async function haveBoth({ validators, nodes, until, assert, Step }) {
  const step = new Step('both are started again');
  const before = (await validators[0].status()).head.number;
  for (const one of validators.slice(2)) one.start();
  await until(10, 'within 10 s blocks go on', async () => {
    const status = await validators[0].status();
    return status && status.head.number > before + 1;
  });
  const seconds = step.seconds();
  await until(30, 'all nodes have the same chain', async () => {
    const blocks = await Promise.all(nodes.map((node) =>
      node.rpc('eth_getBlockByNumber', [`0x${(before + 1).toString(16)}`, false])
        .catch(() => null)));
    return blocks.every((block) => block && block.hash === blocks[0].hash);
  });
  const shown = consensus(validators[0]);
  assert(!shown.halted, 'no validator is halted');
  step.done(`blocks after ${seconds.toFixed(1)} s, the same at all ${nodes.length} nodes`);
}
