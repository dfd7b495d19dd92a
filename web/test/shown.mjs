// What the page shows, against what the node answered: each element with data-of says which value of
// which reply it shows. Texts are read back by rules of this file, not by the page's own.
import assert from 'node:assert/strict';

/** Remembers the last answer to each question that the page asks over its WebSocket. */
export function listen(page) {
  const answers = new Map();  // by method, and by "method params" where there are some
  const notices = new Map();  // headers by number
  const asked = new Map();
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      for (const { id, method, params } of JSON.parse(payload)) {
        asked.set(id, params.length > 0 ? `${method} ${params.join(' ')}` : method);
      }
    });
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(payload);
      if (!Array.isArray(message)) return;
      for (const { id, result } of message) {
        const name = asked.get(id);
        asked.delete(id);
        if (result !== undefined) answers.set(name, result);
      }
      answers.set('replies', (answers.get('replies') ?? 0) + 1);
    });
  });
  return { answers, notices };
}

const units = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, ms: 1, s: 1e3, wei: 1, gwei: 1e9 };
const spans = { s: 1, min: 60, h: 3600, d: 86_400 };

/** The number that an English text says, and by how much it may be rounded. */
function read(text) {
  const [, number, unit] = /^([\d,.]+)(?: (\S+))?/.exec(text) ?? [];
  assert.ok(number, `"${text}" begins with a number`);
  const scale = units[unit] ?? 1;
  const decimals = number.split('.')[1]?.length ?? 0;
  return { value: Number(number.replaceAll(',', '')) * scale, within: 0.5 * 10 ** -decimals * scale + 1e-9 };
}

function readSpan(text) {
  let seconds = 0;
  let last = 1;
  for (const [, number, unit] of text.matchAll(/(\d+) (s|min|h|d)\b/g)) {
    seconds += Number(number) * spans[unit];
    last = spans[unit];
  }
  return { seconds, last };
}

/** The value that "method/way/in/it" names, of the answers. */
function valueOf(answers, of) {
  if (of.includes('+')) return of.split('+').reduce((sum, part) => sum + valueOf(answers, part), 0);
  const [method, ...way] = of.split('/');
  const reply = answers.get(method);
  switch (method) {
    case 'admin_peers': return reply.find(({ id }) => id === way[0])?.[way[1]];
    case 'parley_lanes': return reply.find(({ topic }) => topic === way[0])?.[way[1]];
    case 'parley_poolPrices': return reply.buckets.find(({ from }) => String(from) === way[1])?.count;
    case 'parley_blockSeals': {
      const block = answers.get(`${method} 0x${Number(way[0]).toString(16)}`);
      if (way[1] === 'number') return block ? Number(block.number) : Number(way[0]);
      return block?.signers.length;
    }
    case 'eth_getBlockTransactionCountByNumber':
      return Number(answers.get(`${method} 0x${Number(way[0]).toString(16)}`));
    default:
  }
  if (way[0] === 'validators') return reply.validators.filter((one) => one[way[1]]).length;
  return way.reduce((value, member) => value?.[member], reply);
}

/** Fails if a number of the page is not what the node said. Gives how many were compared. */
export async function compare(page, answers) {
  for (let attempt = 0; ; ++attempt) {
    const before = answers.get('replies');
    const shown = await page.evaluate(() => new Promise((resolve) =>
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(
        [...document.querySelectorAll('[data-of]')].filter((one) => one.checkVisibility())
          .map((one) => ({ of: one.dataset.of, text: one.textContent })))))));
    if (answers.get('replies') !== before && attempt < 20) continue;  // a batch came in between
    for (const { of, text } of shown) {
      const value = valueOf(answers, of);
      const told = `${of}: the page shows "${text}", the node said ${JSON.stringify(value)}`;
      if (text === '–') {
        assert.ok(value === null || value === undefined || value === 0 || Number.isNaN(value), told);
      } else if (of.endsWith('/age')) {
        const { seconds, last } = readSpan(text);
        assert.ok(value - seconds >= 0 && value - seconds < last, told);
      } else {
        const said = read(text);
        assert.ok(Math.abs(said.value - value) <= Math.max(said.within, of.endsWith('/score') ? 0.5 : 0), told);
      }
    }
    return shown.length;
  }
}
