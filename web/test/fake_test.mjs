// The page of a node that is made up. A large one for a long time: 1,000 links and an hour of blocks, one
// a second; what the page has in memory and in its document does not grow, and what it asks stays within
// its limit. One whose peers say whatever they like; one that has little; one that nobody looks at.
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

  /** The least of a few moments: an answer that has just come is no growth. */
  async function measure() {
    const all = [];
    for (let i = 0; i < 6; ++i) {
      await pass(2);
      await debug.send('HeapProfiler.collectGarbage');
      const { usedSize } = await debug.send('Runtime.getHeapUsage');
      const { nodes, jsEventListeners } = await debug.send('Memory.getDOMCounters');
      all.push({ heap: usedSize, nodes, listeners: jsEventListeners });
    }
    const least = (name) => Math.min(...all.map((one) => one[name]));
    return { heap: least('heap'), nodes: least('nodes'), listeners: least('listeners') };
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
  const elapsed = () => page.evaluate(() => performance.now() / 1000);  // as the page sees it
  const begun = await elapsed();
  const batches = node.batches;
  await pass((minutes - warm) * 60 - 12);
  const late = await measure();
  console.log(JSON.stringify({ early, late }));

  assert.ok(Math.abs(late.nodes - early.nodes) < 200, 'the document does not grow');
  assert.ok(late.listeners <= early.listeners + 5, 'nor do its listeners');
  assert.ok(late.heap < early.heap + 1.5e6, `nor the heap (${early.heap}, then ${late.heap})`);
  const shown = await page.locator('[data-of="parley_status/head/number"]').textContent();
  assert.ok(node.head - Number(shown.replaceAll(',', '')) <= 2, 'and it still shows the last block');
  const asked = node.batches - batches;
  const passed = await elapsed() - begun;
  assert.ok(asked <= passed / 2 + 2, `at most a batch in 2 seconds (${asked} in ${passed} s)`);
  assert.ok(asked >= passed / 2.4, `and not much less (${asked} in ${passed} s)`);
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
  // The page's clock is the test's; what the node answers takes its own time.
  const batches = async (count) => {
    while (node.batches < count) {
      await page.clock.runFor(100);
      await page.waitForTimeout(20);
    }
  };
  await batches(2);
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
  await batches(before + 1);
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
  await page.locator('.network .dot').first().waitFor();
  for (const name of ['round', 'pool', 'findings']) {
    assert.equal(await page.locator(`#${name}`).isVisible(), false, name);
  }
  while (node.batches < 5) {
    await page.clock.runFor(2000);
    await page.waitForTimeout(50);
  }
  assert.equal(await page.locator('#network').isVisible(), true);
  assert.ok(!node.asked.includes('parley_consensus'));
  assert.ok(!node.asked.includes('parley_blockSeals'));
  assert.deepEqual(troubles, []);
  await context.close();
});

test('whatever peers say of themselves is text', async () => {
  const evil = '"><img src=x onerror="window.owned=1"><script>window.owned=1</script>';
  const node = new FakeNode({
    links: 3,
    answers: {
      admin_bans: () => [{ who: evil, kind: 'address', until: 1_900_000_000, left: 9, byOwner: false, reason: evil }],
      parley_findings: () => [{ check: evil, grade: 'fail', what: evil, hint: evil }],
    },
  });
  for (const peer of node.peers) {
    Object.assign(peer, { nodeName: evil, name: evil, offences: 2, score: 20 });
    Object.assign(peer.network, { group: evil, remoteAddress: evil });
  }
  for (const one of node.table) one.endpoint = evil;
  const { page, context, troubles, outside } = await openPage(browser);
  await page.clock.install();
  await node.serve(page);
  await page.goto(`http://${node.host}/`);
  await page.clock.runFor(5000);
  assert.equal(await page.locator('#links .name', { hasText: evil }).count(), 3);
  assert.ok(await page.locator('#log li', { hasText: evil }).count() >= 4);
  assert.equal(await page.locator('body img, body script').count(), 0);
  assert.equal(await page.evaluate(() => window.owned), undefined);
  assert.deepEqual(troubles, []);
  assert.deepEqual(outside(node.host), []);
  await context.close();
});

test('it connects again after each end, and no faster than it says', async () => {
  const node = new FakeNode();
  const { page, context } = await openPage(browser);
  await page.clock.install();
  await node.serve(page);
  await page.goto(`http://${node.host}/`);
  const isNow = (state) => page.locator(`.top .state[data-state="${state}"]`).waitFor();
  for (let i = 0; i < 3; ++i) {
    await page.locator('.network .dot').first().waitFor();
    await isNow('live');
    await node.drop();
    await isNow('lost');
    await isNow('live');
  }
  const before = node.connections;
  node.refuses = true;
  await node.drop();
  for (let i = 0; i < 120; ++i) {
    await page.clock.runFor(1000);
    await page.waitForTimeout(20);
  }
  const tries = node.connections - before;
  assert.ok(tries >= 6 && tries <= 15, `${tries} tries in two minutes`);
  node.refuses = false;
  await page.clock.runFor(15_000);
  await isNow('live');
  await context.close();
});
