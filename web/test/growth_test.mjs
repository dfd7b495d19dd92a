// A large node for a long time: 1,000 links and an hour of blocks, one a second. What the page has in
// memory and in its document does not grow, and what it asks stays within its limit.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage } from './browser.mjs';
import { FakeNode } from './fake_node.mjs';

const minutes = Number(process.env.MINUTES ?? 60);
const warm = Math.min(22, minutes / 2);  // until all that is remembered of the past is full

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test(`1,000 links and ${minutes} minutes of blocks`, async () => {
  let seconds = 1_800_000_000;
  const node = new FakeNode({ links: 1000, seconds: () => seconds });
  const { page, context, troubles, outside } = await openPage(browser);
  await page.clock.install({ time: seconds * 1000 });
  await node.serve(page);
  await page.goto(`http://${node.host}/`);
  const debug = await context.newCDPSession(page);

  async function measure() {
    await debug.send('HeapProfiler.collectGarbage');
    const { usedSize } = await debug.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await debug.send('Memory.getDOMCounters');
    return { heap: usedSize, nodes, listeners: jsEventListeners };
  }
  async function pass(count) {
    for (let i = 0; i < count; ++i) {
      seconds += 1;
      node.block();
      await page.clock.runFor(1000);
    }
  }

  await pass(10);
  const lit = await page.locator('.network .dot').count();
  assert.equal(lit, 1000);
  await pass(warm * 60 - 10);
  const early = await measure();
  const batches = node.batches;
  await pass((minutes - warm) * 60);
  const late = await measure();
  console.log(JSON.stringify({ early, late }));

  assert.ok(Math.abs(late.nodes - early.nodes) < 200, 'the document does not grow');
  assert.ok(late.listeners <= early.listeners + 5, 'nor do its listeners');
  assert.ok(late.heap < early.heap * 1.1 + 1e6, 'nor the heap');
  const shown = await page.locator('[data-of="parley_status/head/number"]').textContent();
  assert.ok(node.head - Number(shown.replaceAll(',', '')) <= 2, 'and it still shows the last block');
  const asked = node.batches - batches;
  assert.ok(asked <= (minutes - warm) * 30 + 1, `at most a batch in 2 seconds (${asked})`);
  assert.ok(asked >= (minutes - warm) * 25, `and not much less (${asked})`);
  assert.ok(node.largest <= 32, `of at most 32 requests (${node.largest})`);
  assert.deepEqual(troubles, []);
  assert.deepEqual(outside(node.host), []);
  await context.close();
});

test('nothing is asked while nobody looks', async () => {
  const node = new FakeNode();
  const { page, context } = await openPage(browser);
  await page.clock.install();
  await node.serve(page);
  await page.goto(`http://${node.host}/`);
  await page.clock.runFor(5000);
  assert.ok(node.batches > 1);
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await page.clock.runFor(2500);
  const before = node.batches;
  await page.clock.runFor(60_000);
  assert.equal(node.batches, before);
  await hide(false);
  await page.clock.runFor(100);
  assert.equal(node.batches, before + 1);
  await context.close();
});

test('what a node does not have is left out, and is not asked again', async () => {
  const node = new FakeNode();
  for (const method of ['parley_consensus', 'parley_poolPrices', 'parley_findings', 'parley_blockSeals']) {
    node[`_${method}`] = undefined;
  }
  const { page, context, troubles } = await openPage(browser);
  await page.clock.install();
  await node.serve(page);
  await page.goto(`http://${node.host}/`);
  await page.clock.runFor(6000);
  for (const name of ['round', 'pool', 'findings']) {
    assert.equal(await page.locator(`#${name}`).isVisible(), false, name);
  }
  assert.equal(await page.locator('#network').isVisible(), true);
  assert.ok(!node.asked.includes('parley_consensus'));
  assert.ok(!node.asked.includes('parley_blockSeals'));
  assert.deepEqual(troubles, []);
  await context.close();
});
