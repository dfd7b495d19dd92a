// Debian's Chromium, and what every test of the page watches: nothing goes wrong in the console, and
// nothing is asked of anybody but the node.
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const launch = () => chromium.launch({
  executablePath, args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc'],
});

/** The four sizes that the page is looked at in. */
export const sizes = {
  phone: { width: 390, height: 844 },
  tablet: { width: 834, height: 1112 },
  desk: { width: 1440, height: 900 },
  wide: { width: 1920, height: 1080 },
};

/** A page that notes what it must not do: `troubles` and `outside` stay empty. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: sizes.desk, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const troubles = [];
  const asked = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.stack));
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  const outside = (host) => asked.filter((url) => !url.startsWith('data:') && new URL(url).host !== host);
  return { context, page, troubles, asked, outside };
}
