// The figures that one looks at first.
import { h, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

function tile(name, title) {
  const value = h('dd', { class: 'value' });
  const note = h('dd', { class: 'note' });
  return { value, note, element: h('div', { class: `tile tile-${name}` }, h('dt', {}, title), value, note) };
}

export function makeTiles() {
  const w = words().tiles;
  const names = ['head', 'links', 'pool', 'traffic', 'known', 'uptime'];
  const tiles = Object.fromEntries(names.map((name) => [name, tile(name, w[name])]));
  const down = h('span', { class: 'down' });
  const up = h('span', { class: 'up' });
  tiles.traffic.value.append(down, up);

  function draw({ answers: { status, prices }, rates }) {
    if (!status) return;
    const head = typeof status.head === 'object' ? status.head : null;
    tiles.head.element.hidden = !head;
    if (head) {
      show(tiles.head.value, 'parley_status/head/number', format.count(head.number));
      setText(tiles.head.note, [w.headAge(format.duration(Date.now() / 1000 - head.time)),
        head.missing > 0 ? w.missing(format.count(head.missing)) : w.whole].join(' · '));
    }
    show(tiles.links.value, 'parley_status/links/inbound+parley_status/links/outbound',
      format.count(status.links.inbound + status.links.outbound));
    setText(tiles.links.note, status.offline ? w.offline
      : w.inOut(format.count(status.links.inbound), format.count(status.links.outbound)));
    tiles.links.element.classList.toggle('alarm', status.offline);
    tiles.pool.element.hidden = !status.pool;
    if (status.pool) {
      show(tiles.pool.value, 'parley_status/pool/count', format.count(status.pool.count));
      setText(tiles.pool.note, [w.bytes(format.bytes(status.pool.bytes)),
        prices?.queued > 0 ? w.queued(format.count(prices.queued)) : ''].filter(Boolean).join(' · '));
    }
    setText(down, format.rate(rates.in));
    setText(up, format.rate(rates.out));
    setText(tiles.traffic.note, `${format.bytes(status.bytesIn)} ${w.down} · ` +
      `${format.bytes(status.bytesOut)} ${w.up}`);
    show(tiles.known.value, 'parley_status/knownAddresses', format.count(status.knownAddresses));
    setText(tiles.known.note, status.dht
      ? w.dht(format.count(status.dht.nodes), format.count(status.dht.checked)) : w.noDht);
    setText(tiles.uptime.value, format.duration(status.uptime));
    setText(tiles.uptime.note, status.endpoint ?? '');
  }

  return { element: h('dl', { class: 'tiles' }, ...names.map((name) => tiles[name].element)), draw };
}
