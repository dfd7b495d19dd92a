// The pool by price: how many transactions wait at which price above the base fee.
import { card, h, ifChanged, keyed, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

export function makePool() {
  const w = words().pool;
  const base = h('span', { class: 'aside' });
  const body = h('tbody', {});
  const table = h('table', { class: 'histogram' }, h('thead', {}, h('tr', {},
    h('th', { scope: 'col' }, w.price), h('th', { scope: 'col', class: 'number' }, w.count),
    h('th', { scope: 'col', 'aria-hidden': 'true' }))), body);
  const empty = h('p', { class: 'empty' }, w.empty);
  const pending = h('span', {});
  const queued = h('span', {});

  function draw({ answers: { prices, status } }) {
    const isThere = Boolean(prices);
    element.hidden = !isThere && Boolean(status);
    if (!isThere) return;
    setText(base, w.base(format.price(prices.baseFee)));
    const most = Math.max(1, ...prices.buckets.map(({ count }) => count));
    keyed(body, [...prices.buckets].reverse(), ({ from }) => String(from),
      () => h('tr', {}, h('th', { scope: 'row' }), h('td', { class: 'number' }),
        h('td', { class: 'bar', 'aria-hidden': 'true' }, h('i', {}))),
      (row, { from, count }) => {
        setText(row.firstChild, from === null ? w.below : `≥ ${format.price(from)}`);
        row.classList.toggle('below', from === null);
        show(row.children[1], `parley_poolPrices/buckets/${from}/count`, format.count(count));
        row.lastChild.firstChild.style.width = `${Math.max(0.5, 100 * count / most)}%`;
      });
    table.hidden = prices.buckets.length === 0;
    empty.hidden = prices.pending + prices.queued > 0;
    setText(pending, w.pending(format.count(prices.pending)));
    setText(queued, w.queued(format.count(prices.queued)));
  }

  const element = card('pool', w.title, base, table, empty,
    h('p', { class: 'total' }, pending, ' · ', queued));
  return { element, draw: ifChanged(({ answers: { prices, status } }) => [prices, Boolean(status)], draw) };
}
