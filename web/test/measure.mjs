// ./dev web --measure: what the page costs, against its targets (docs/page.md). A JSON object a line.
//
// Nothing is made up. First paint is that of a validator in a network of seven, loaded anew by a browser
// that remembers nothing. Shares are those of a validator with 50 links, in a network of 51 processes on
// this machine, which makes a block each second of ten transfers: process time over a minute with the
// page open, less the mean of a minute before and one after, in which the browser has an empty page
// open. MINUTES=N takes longer ones.
import { readFileSync } from 'node:fs';
import { compressedSizes } from '../bundle.mjs';
import { launch, sizes } from './browser.mjs';
import { RealNetwork } from './real_network.mjs';

const looked = 'validator-1';
const links = 50;
const loads = 11;
const ticksPerSecond = 100;  // of /proc, on every Linux
const minutes = Number(process.env.MINUTES ?? 1);

const pause = (seconds) => new Promise((wake) => setTimeout(wake, 1000 * seconds));
const rounded = (value, digits = 2) => Number(value.toFixed(digits));

function say(name, value, unit, target, more = {}) {
  console.log(JSON.stringify({ bench: `page.${name}`, value, unit, target, met: value <= target, ...more }));
}

/** A page that nothing is remembered for: neither files nor scripts that were compiled before. */
async function freshPage(browser) {
  const context = await browser.newContext({ viewport: sizes.desk, locale: 'en-GB' });
  return { context, page: await context.newPage() };
}

/** Milliseconds from the navigation: until something is shown, and until the node's answers are. */
async function load(browser, url) {
  const { context, page } = await freshPage(browser);
  await page.goto(url);
  const times = await page.evaluate(async () => ({
    paint: await new Promise((resolve) => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
      }).observe({ type: 'paint', buffered: true });
    }),
    answers: await new Promise((resolve) => {
      const look = () => document.querySelector('[data-of="parley_status/head/number"]')
        ? resolve(performance.now()) : requestAnimationFrame(look);
      look();
    }),
  }));
  await context.close();
  return times;
}

async function firstPaintOf(browser, network) {
  const all = [];
  for (let i = 0; i < loads; ++i) all.push(await load(browser, `${network.url(looked)}/`));
  const of = (name) => {
    const sorted = all.map((one) => rounded(one[name], 0)).sort((a, b) => a - b);
    return { median: sorted[(loads - 1) / 2], min: sorted[0], max: sorted.at(-1) };
  };
  const { median, min, max } = of('paint');
  say('first_paint', median, 'ms', 300, { min, max, runs: loads, answersShown: of('answers') });
}

/** Seconds of all its threads, in the program and in the kernel. */
function processTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What everything has used since it began, in seconds. */
async function used(browserDebug, pageDebug, node) {
  const { processInfo } = await browserDebug.send('SystemInfo.getProcessInfo');
  const { metrics } = await pageDebug.send('Performance.getMetrics');
  const sum = (processes) => processes.reduce((all, { cpuTime }) => all + cpuTime, 0);
  return {
    time: performance.now() / 1000,
    node: processTime(node),
    browser: sum(processInfo),
    renderers: sum(processInfo.filter(({ type }) => type === 'renderer')),
    scriptThread: metrics.find(({ name }) => name === 'ThreadTime').value,
  };
}

/** Shares of a core, in percent. */
async function shares(ask) {
  const before = await ask();
  await pause(60 * minutes);
  const after = await ask();
  return Object.fromEntries(Object.keys(before).map((name) =>
    [name, 100 * (after[name] - before[name]) / (after.time - before.time)]));
}

async function sharesOf(browser, network) {
  const { context, page } = await freshPage(browser);
  const browserDebug = await browser.newBrowserCDPSession();
  const pageDebug = await context.newCDPSession(page);
  await pageDebug.send('Performance.enable');
  const ask = () => used(browserDebug, pageDebug, network.pid(looked));

  const look = async () => {
    await page.goto(`${network.url(looked)}/`);
    await page.locator('#blocks .seal').first().waitFor();
    await pause(10);  // scripts are compiled, tables and charts are there
  };
  const leave = async () => {
    await page.goto('about:blank');
    await pause(10);
  };

  await look();  // what the browser does once is done
  await leave();
  const before = await shares(ask);
  await look();
  const open = await shares(ask);
  const rows = await page.locator('.network .dot').count();
  await leave();
  const after = await shares(ask);
  if (rows !== links) throw new Error(`the page shows ${rows} links instead of ${links}`);

  const empty = (name) => (before[name] + after[name]) / 2;
  const own = (name) => rounded(open[name] - empty(name));
  const parts = (name) =>
    ({ without: [rounded(before[name]), rounded(after[name])], with: rounded(open[name]), links, minutes });
  say('browser_share', own('browser'), '% of a core', 2, {
    of: 'all processes of Chromium', renderer: own('renderers'), scriptThread: own('scriptThread'),
    ...parts('browser'),
  });
  say('node_share', own('node'), '% of a core', 2, { of: 'the node', ...parts('node') });
}

function measureSize() {
  const all = Object.values(compressedSizes());
  const kibibytes = (bytes) => rounded(bytes.reduce((sum, one) => sum + one, 0) / 1024, 1);
  say('compressed', kibibytes(all.map(({ compressed }) => compressed)), 'KiB', 150,
    { asServed: kibibytes(all.map(({ bytes }) => bytes)) });
}

/** Measures in a network of four validators and so many others, who all have a link with the first. */
async function inNetwork(nodes, measure) {
  const network = new RealNetwork({ isHostile: false, nodes });
  let browser;
  try {
    network.start();
    await network.until(`${looked} makes blocks and has all its links`, async () => {
      const { head, links: { inbound, outbound } } = await network.rpc(looked, 'parley_status');
      return head.number >= 3 && inbound + outbound === network.members.length - 1;
    }, 180);
    await network.send(10);
    await pause(20);
    browser = await launch();
    await measure(browser, network);
  } finally {
    await browser?.close();
    await network.end();
  }
}

measureSize();
await inNetwork(3, firstPaintOf);
await inNetwork(links - 3, sharesOf);
