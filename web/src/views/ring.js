// The table of the DHT on the ring of its key space. A node's place is the beginning of its node
// ID; log distances, which the table is kept by, are the bars below.
import { card, h, ifChanged, keyed, s, setAttributes, setText, show } from '../dom.js';
import * as format from '../format.js';
import { polar } from '../geometry.js';
import { words } from '../words.js';

const size = 300;
const middle = { x: size / 2, y: size / 2 };
const reach = { x: 122, y: 122 };

/** 32 bytes of hex data as an angle, from the top. */
const angleOf = (nodeId) => parseInt(nodeId.slice(2, 10), 16) / 2 ** 32 * 360 - 90;

function kindOf(node) {
  if (node.failures > 0) return 'failing';
  return node.checked ? 'answered' : 'heard';
}

export function makeRing() {
  const w = words().ring;
  const chords = s('g', { class: 'chords' });
  const dots = s('g', { class: 'dots' });
  const self = s('path', { class: 'self', d: 'M0-8L8 0L0 8L-8 0Z' });
  const total = s('text', { class: 'total', x: middle.x, y: middle.y - 2 });
  const checked = s('text', { class: 'note', x: middle.x, y: middle.y + 20 });
  const picture = s('svg', { role: 'img', class: 'picture', viewBox: `0 0 ${size} ${size}` },
    s('circle', { class: 'track', cx: middle.x, cy: middle.y, r: reach.x }), chords, dots, self, total, checked);
  const bars = h('ol', { class: 'bars' });
  const legend = h('ul', { class: 'legend' }, ...['self', 'answered', 'heard', 'failing'].map((kind) =>
    h('li', { class: `kind-${kind}` }, h('i', { class: 'swatch' }), w[kind])));
  const none = h('p', { class: 'empty' }, w.none);
  const body = h('div', {}, picture, h('p', { class: 'caption' }, w.distances), bars, legend);

  function drawBars(nodes) {
    const counts = new Map();
    for (const { distance } of nodes) counts.set(distance, (counts.get(distance) ?? 0) + 1);
    const most = Math.max(1, ...counts.values());
    const items = [...counts].sort((a, b) => a[0] - b[0]);
    keyed(bars, items, ([distance]) => distance,
      () => h('li', {}, h('span', { class: 'bar' }), h('span', { class: 'count' }), h('span', { class: 'label' })),
      (item, [distance, count]) => {
        item.firstChild.style.height = `${Math.max(3, 42 * count / most)}px`;
        setText(item.children[1], format.count(count));
        setText(item.lastChild, distance);
      });
  }

  function draw({ answers: { dht, place, status } }) {
    const isThere = Boolean(dht);
    none.hidden = isThere || !status;
    body.hidden = !isThere;
    if (!isThere) return;
    const answering = dht.filter((node) => kindOf(node) === 'answered').length;
    setAttributes(picture, { 'aria-label': w.picture(format.count(dht.length), format.count(answering)) });
    show(total, 'parley_dhtTable/length', format.count(dht.length));
    setText(checked, w.checked(format.count(answering)));
    const own = place ? polar(middle, reach, 1, angleOf(place.nodeId)) : middle;
    setAttributes(self, { transform: `translate(${own.x} ${own.y})` });
    keyed(chords, dht.filter((node) => kindOf(node) === 'answered'), ({ nodeId }) => nodeId,
      () => s('path', {}),
      (path, node) => {
        const there = polar(middle, reach, 1, angleOf(node.nodeId));
        setAttributes(path, { d: `M${own.x} ${own.y}Q${middle.x} ${middle.y} ${there.x} ${there.y}` });
      });
    keyed(dots, dht, ({ nodeId }) => nodeId, () => s('circle', {}, s('title', {})), (circle, node) => {
      const there = polar(middle, reach, 1, angleOf(node.nodeId));
      setAttributes(circle, {
        cx: there.x, cy: there.y, r: dht.length > 60 ? 3.5 : 5.5, class: `kind-${kindOf(node)}`,
      });
      setText(circle.firstChild, `${format.shortHex(node.nodeId)} · ${node.endpoint} · ${w[kindOf(node)]}`);
    });
    drawBars(dht);
  }

  return {
    element: card('ring', w.title, null, body, none),
    draw: ifChanged(({ answers: { dht, place, status } }) => [dht, place, Boolean(status)], draw),
  };
}
