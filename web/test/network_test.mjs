// The page of a real node in a real network of seven, in Debian's Chromium: it loads, says what the
// node says, survives a restart, and is for everybody. Pictures in four sizes, light and dark, go to
// build/web; the README's to docs/page.webp with PICTURE=1.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, openPage, sizes } from './browser.mjs';
import { hostileName, RealNetwork } from './real_network.mjs';
import { compare, listen } from './shown.mjs';

const looked = 'validator-1';
let browser;
let network;
let url;

before(async () => {
  network = new RealNetwork({ isHostile: !process.env.PICTURE });
  network.start();
  url = network.url(looked);
  await network.until('the network makes blocks, and all are linked', async () => {
    const status = await network.rpc(looked, 'parley_status');
    return status.head.number >= 3 && status.links.inbound + status.links.outbound >= 5;
  });
  await network.send(40);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await network?.end();
});

/** The page, once it has shown something of everything. */
async function open(options) {
  const opened = await openPage(browser, options);
  const told = listen(opened.page);
  await opened.page.goto(`${url}/`);
  await opened.page.locator('#blocks .seal').first().waitFor();
  await opened.page.locator('#findings li').first().waitFor({ state: 'attached' });
  return { ...opened, ...told };
}

const host = () => new URL(url).host;

test('the address of the page is told by parley run', () => {
  assert.match(network.log(looked), new RegExp(`page url=${url}/`));
});

test('it is served with a strict policy, and to nobody under another name', async () => {
  const response = await fetch(`${url}/`);
  assert.equal(response.status, 200);
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
});

test('it loads, asks nobody else, and every number on it is what the node said', async () => {
  const { page, context, troubles, outside, answers } = await open();
  for (let i = 0; i < 5; ++i) {
    assert.ok(await compare(page, answers) > 60);
    await page.waitForTimeout(1500);
  }
  // What the page was told is what anybody is told.
  const peers = await network.rpc(looked, 'admin_peers');
  const rows = await page.locator('#links tbody tr').count();
  assert.equal(rows, peers.length);
  const shown = Number((await page.locator('[data-of="parley_status/head/number"]').textContent()).replaceAll(',', ''));
  const { head } = await network.rpc(looked, 'parley_status');
  assert.ok(head.number - shown >= 0 && head.number - shown <= 4, `${shown} of ${head.number}`);
  assert.deepEqual(troubles, []);
  assert.deepEqual(outside(host()), []);
  await context.close();
});

test('blocks say who proposed and who signed, as the chain does', async () => {
  const { page, context } = await open();
  const name = await page.locator('#blocks tbody tr').nth(3).locator('th').textContent();
  const seals = await network.rpc(looked, 'parley_blockSeals', [`0x${Number(name.replaceAll(',', '')).toString(16)}`]);
  const row = page.locator('#blocks tbody tr').filter({ has: page.locator(`th:text-is("${name}")`) });
  assert.equal(await row.locator('.seal').count(), seals.validators.length);
  assert.equal(await row.locator('.seal.signed').count(), seals.signers.length);
  assert.equal(await row.locator('.seal.proposed').getAttribute('title').then((title) => title.slice(0, 6)),
    seals.proposer.slice(0, 6));
  await context.close();
});

test('a hostile name of a peer is text', { skip: Boolean(process.env.PICTURE) }, async () => {
  const { page, context, troubles } = await open();
  await page.locator('#links .name', { hasText: hostileName }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('#network text', { hasText: hostileName }).count(), 1);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('an offence of the owner’s making is a sentence: a ban', async () => {
  const { page, context } = await open();
  await network.ownerRpc(looked, 'admin_ban', ['203.0.113.77', 3600, '<b>spam</b>']);
  await page.locator('#log li', { hasText: '203.0.113.77 is banned until' }).waitFor({ timeout: 30_000 });
  assert.match(await page.locator('#log li').first().textContent(), /by the owner, “<b>spam<\/b>”/);
  await network.ownerRpc(looked, 'admin_unban', ['203.0.113.77']);
  await page.locator('#log li', { hasText: '203.0.113.77 is banned no more' }).waitFor({ timeout: 30_000 });
  await context.close();
});

test('it survives a restart of the node', async () => {
  const { page, context, troubles, answers } = await open();
  await page.evaluate(() => { window.loadedOnce = true; });
  await network.stop(looked);
  await page.locator('.top .state[data-state="lost"]').waitFor();
  network.start([looked]);
  await page.locator('.top .state[data-state="live"]').waitFor({ timeout: 30_000 });
  const before = answers.get('replies');
  await network.until('it is told again', async () => answers.get('replies') > before + 2);
  await page.locator('#log li', { hasText: 'the node was started again' }).waitFor();
  assert.ok(await page.evaluate(() => window.loadedOnce), 'without being loaded again');
  assert.ok(await compare(page, answers) > 40);
  assert.deepEqual(troubles.filter((text) => !text.startsWith('WebSocket connection to')), []);
  await context.close();
});

test('Chinese and English', async () => {
  const { page, context, troubles } = await open({ locale: 'zh-CN' });
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  const titles = await page.locator('h2').allTextContents();
  assert.ok(titles.every((title) => /\p{Script=Han}/u.test(title)), titles.join());
  await page.getByLabel('语言').selectOption('en');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.ok((await page.locator('h2').allTextContents()).includes('Network'));
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'what was chosen is remembered');
  assert.deepEqual(troubles, []);
  await context.close();
});

test('by keyboard, and for screen readers', async () => {
  const { page, context } = await open();
  const focused = () => page.evaluate(() => {
    const { tagName, id, className, labels } = document.activeElement;
    return labels?.[0]?.querySelector('.unseen')?.textContent ?? (className || id || tagName);
  });
  const order = [];
  for (let i = 0; i < 6; ++i) {
    await page.keyboard.press('Tab');
    order.push(await focused());
  }
  assert.deepEqual(order, ['skip', 'Language', 'Colours', 'scroll', 'scroll', 'scroll']);
  await page.keyboard.press('Home');
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  for (const name of ['Network', 'Round in progress', 'DHT table', 'Blocks', 'Pool by price', 'Traffic', 'Lanes',
    'Links', 'Offences and bans', 'Doctor’s findings']) {
    assert.ok(await page.getByRole('region', { name }).count() >= 1, `a region: ${name}`);
    assert.equal(await page.getByRole('heading', { name, exact: true }).count(), 1, `a heading: ${name}`);
  }
  await page.getByRole('img', { name: /^This node with \d+ inbound links/ }).waitFor();
  await page.getByRole('img', { name: /^The key space as a ring, with \d+ nodes/ }).waitFor();
  await page.getByRole('status').waitFor();
  await page.getByRole('log', { name: 'Offences and bans' }).waitFor({ state: 'attached' });
  assert.equal(await page.getByRole('progressbar', { name: 'Committed' }).getAttribute('aria-valuemax'), '4');
  assert.ok(await page.getByRole('rowheader').count() > 20, 'rows have heads');
  await context.close();
});

test('light and dark as the system says, or as was chosen', async () => {
  const { page, context } = await open({ colorScheme: 'dark' });
  const isOn = (colour) => page.waitForFunction((wanted) =>
    getComputedStyle(document.body).backgroundColor === wanted, colour, { timeout: 10_000 });
  await isOn('rgb(14, 18, 22)');
  await page.emulateMedia({ colorScheme: 'light' });
  await isOn('rgb(244, 245, 247)');
  await page.getByLabel('Colours').selectOption('dark');
  await isOn('rgb(14, 18, 22)');
  await context.close();
});

test('nothing is wider than the screen, in four sizes', async () => {
  mkdirSync('build/web', { recursive: true });
  for (const [size, viewport] of Object.entries(sizes)) {
    const { page, context, troubles } = await open({ viewport });
    await page.waitForTimeout(15_000);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${size}: ${wide} px too wide`);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(300);
      await page.screenshot({ path: `build/web/${size}-${colorScheme}.png`, fullPage: true });
    }
    assert.deepEqual(troubles, []);
    await context.close();
  }
});

test('the picture of the README', { skip: !process.env.PICTURE }, async () => {
  const { page, context } = await openPage(browser);
  await page.goto(`${network.url('validator-3')}/`);
  await page.waitForTimeout(120_000);
  const { y, height } = await page.locator('#lanes').boundingBox();
  const debug = await context.newCDPSession(page);
  const { data } = await debug.send('Page.captureScreenshot', {
    format: 'webp', quality: 90, captureBeyondViewport: true,
    clip: { x: 0, y: 0, width: sizes.desk.width, height: y + height + 14, scale: 1 },
  });
  writeFileSync('docs/page.webp', Buffer.from(data, 'base64'));
  await context.close();
});

test('the page of a light node shows what it has', async () => {
  await network.stop('node-2');
  network.start(['node-2'], '--light');
  await network.until('it follows', async () => (await network.rpc('node-2', 'parley_status')).head.number > 3);
  const { page, context, troubles } = await openPage(browser);
  await page.goto(`${network.url('node-2')}/`);
  await page.locator('#blocks tbody tr').nth(2).waitFor({ timeout: 30_000 });
  assert.equal(await page.locator('#round').isVisible(), false);
  assert.equal(await page.locator('#pool').isVisible(), false);
  assert.equal(await page.locator('#network').isVisible(), true);
  assert.deepEqual(troubles, []);
  await context.close();
});

test('off with one setting', async () => {
  await network.stop('node-1');
  network.set('node-1', 'rpc', 'page', 'false');
  network.start(['node-1']);
  await network.until('it answers', () => network.rpc('node-1', 'eth_chainId'));
  assert.equal((await fetch(`${network.url('node-1')}/`)).status, 405);
  assert.equal((await fetch(`${network.url('node-1')}/page.js`)).status, 404);
});
