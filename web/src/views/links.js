// The links as a table: the picture's numbers, and the way to them by keyboard and screen reader.
import { card, h, ifChanged, keyed, scroller, setAttributes, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

const rowsFirst = 25;
const rowsMax = 1000;

export function makeLinks() {
  const w = words().links;
  const { inbound, outbound, classes, empty } = words().network;
  const columns = ['peer', 'direction', 'class', 'group', 'roundTrip', 'received', 'sent', 'useful',
    'score', 'age'];
  const numbers = new Set(['roundTrip', 'received', 'sent', 'useful', 'age']);
  const body = h('tbody', {});
  const table = h('table', {},
    h('thead', {}, h('tr', {}, ...columns.map((name) =>
      h('th', { scope: 'col', class: `${name}${numbers.has(name) ? ' number' : ''}` }, w[name])))), body);
  const more = h('button', { type: 'button', class: 'more', onclick: () => {
    shown = Math.min(rowsMax, shown + 100);
    draw(last);
  } });
  const nobody = h('p', { class: 'empty' }, empty);
  let shown = rowsFirst;
  let last = null;

  const makeRow = (peer) => h('tr', { id: `link-${peer.id}`, tabindex: '-1' },
    h('th', { scope: 'row', class: 'peer' }, h('span', { class: 'name' }), h('span', { class: 'sub' })),
    ...columns.slice(1).map((name) => h('td',
      { class: `${name}${numbers.has(name) ? ' number' : ''}`, 'data-title': w[name] },
      name === 'class' ? h('i', { class: 'swatch' }) : null, h('span', {}))));

  function drawRow(row, peer) {
    const [peerCell, ...cells] = row.children;
    const cell = Object.fromEntries(columns.slice(1).map((name, i) => [name, cells[i].lastChild]));
    const of = (name) => `admin_peers/${peer.id}/${name}`;
    setAttributes(row, { class: `class-${peer.network.class}${peer.score > 0 ? ' faulty' : ''}` });
    setText(peerCell.firstChild, format.peerName(peer));
    setText(peerCell.lastChild, `${peer.name} · ${peer.network.remoteAddress}`);
    setAttributes(peerCell, { title: peer.id });
    setText(cell.direction, peer.network.inbound ? `← ${inbound}` : `→ ${outbound}`);
    setText(cell.class, classes[peer.network.class] ?? peer.network.class);
    setText(cell.group, peer.network.group);
    show(cell.roundTrip, of('roundTripMs'), format.milliseconds(peer.roundTripMs));
    show(cell.received, of('bytesIn'), format.bytes(peer.bytesIn));
    show(cell.sent, of('bytesOut'), format.bytes(peer.bytesOut));
    setText(cell.useful, peer.lastUseful === null ? w.never
      : format.ago(peer.lastUseful));
    show(cell.score, of('score'), peer.score > 0 || peer.offences > 0
      ? w.score100(format.count(Math.round(peer.score)), format.count(peer.offences)) : format.none);
    show(cell.age, of('age'), format.duration(peer.age));
  }

  function draw(state) {
    last = state;
    const { peers } = state.answers;
    if (!peers) return;
    const rows = [...peers].sort((a, b) => b.score - a.score ||
      Number(a.network.inbound) - Number(b.network.inbound) || a.id.localeCompare(b.id)).slice(0, shown);
    keyed(body, rows, ({ id }) => id, makeRow, drawRow);
    nobody.hidden = peers.length > 0;
    table.hidden = peers.length === 0;
    more.hidden = peers.length <= rows.length || shown === rowsMax;
    setText(more, w.more(format.count(rows.length), format.count(peers.length)));
  }

  return {
    element: card('links', w.title, null,
      scroller('links', table), nobody, more),
    draw: ifChanged(({ answers: { peers } }) => [peers], draw),
  };
}
