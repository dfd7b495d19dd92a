// The network as a picture: this node, and around it who it is linked with. Inbound links are on
// the left, outbound ones on the right; distance is the round trip, thickness the traffic, colour
// the class. What a link is worth: a dot is filled if the peer was useful lately, and a red arc
// grows with the price of its offences. Peers of one network group stand together.
import { card, drawnToSize, h, ifChanged, keyed, s, setAttributes, setText } from '../dom.js';
import * as format from '../format.js';
import { arc, polar, spread } from '../geometry.js';
import { words } from '../words.js';

const labelsMax = 28;
const nodesMax = 1000;
const classes = ['ordinary', 'static', 'trusted', 'light', 'feeler'];

export const usefulSeconds = 60;

/** The round trips between which the picture lies: powers of ten, at least one apart. */
function decades(peers) {
  const trips = peers.map(({ roundTripMs }) => roundTripMs).filter((ms) => ms > 0);
  const low = Math.floor(Math.log10(Math.min(...trips, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...trips, 10 ** low))));
  return { low, high };
}

export function makeNetwork() {
  const w = words().network;
  const guides = s('g', { class: 'guides' });
  const groups = s('g', { class: 'groups' });
  const lines = s('g', { class: 'lines' });
  const dots = s('g', { class: 'dots' });
  const self = s('g', { class: 'self' }, s('circle', { r: 13 }), s('circle', { r: 5, class: 'core' }));
  const sides = ['inbound', 'outbound'].map((side) => s('text', { class: 'side' }, w[side]));
  const picture = s('svg', { role: 'img', class: 'picture' }, guides, groups, lines, dots, self, ...sides);
  const empty = h('p', { class: 'empty' }, w.empty);
  const legend = h('ul', { class: 'legend' },
    ...classes.map((one) => h('li', { class: `class-${one}`, 'data-class': one },
      h('i', { class: 'swatch' }), w.classes[one])),
    h('li', {}, h('i', { class: 'swatch filled' }), w.useful),
    h('li', {}, h('i', { class: 'swatch faulty' }), w.fault),
    h('li', {}, h('i', { class: 'swatch thick' }), w.width));
  const frame = h('div', { class: 'frame' }, picture, empty);
  let now = { peers: [], peerRates: new Map() };

  /** Where each peer stands: {peer, angle, radius, x, y}. */
  function places(width, height) {
    const { low, high } = decades(now.peers);
    const labelled = now.peers.length <= labelsMax;
    const middle = { x: width / 2, y: height / 2 };
    const reach = {
      x: Math.max(90, width / 2 - (labelled ? width > 620 ? 200 : 100 : 24)),
      y: height / 2 - 34,
    };
    const inner = 0.42;
    const far = (ms) => {
      const part = ms > 0 ? (Math.log10(ms) - low) / (high - low) : 0;
      return inner + (1 - inner) * Math.min(1, Math.max(0, part));
    };
    const out = [];
    for (const inbound of [true, false]) {
      const side = now.peers.filter((peer) => peer.network.inbound === inbound)
        .sort((a, b) => a.network.group.localeCompare(b.network.group) || a.id.localeCompare(b.id));
      for (const [i, peer] of side.entries()) {
        const angle = spread(inbound ? 180 : 0, i, side.length);
        out.push({ peer, angle, ...polar(middle, reach, far(peer.roundTripMs), angle) });
      }
    }
    return { width, middle, reach, inner, low, high, far, labelled, out };
  }

  function drawGuides({ middle, reach, low, high, far }) {
    const steps = [];
    for (let power = low; power <= high; ++power) steps.push(power);
    keyed(guides, steps, (power) => power,
      () => s('g', {}, s('ellipse', {}), s('text', { class: 'guide' })),
      (g, power) => {
        const part = far(10 ** power);
        setAttributes(g.firstChild, { cx: middle.x, cy: middle.y, rx: reach.x * part, ry: reach.y * part });
        setAttributes(g.lastChild, { x: middle.x, y: middle.y - reach.y * part - 4 });
        setText(g.lastChild, format.milliseconds(10 ** power));
      });
  }

  /** At the edge a bracket over the peers of each group of a side, with its name. */
  function drawGroups({ width, middle, reach, out, labelled }) {
    const found = new Map();
    for (const { peer, angle } of labelled ? out : []) {
      const key = `${peer.network.inbound}/${peer.network.group}`;
      const y = middle.y + reach.y * Math.sin(angle * Math.PI / 180);
      const { inbound, group } = peer.network;
      const known = found.get(key) ?? { key, inbound, group, from: y, to: y };
      found.set(key, { ...known, from: Math.min(known.from, y), to: Math.max(known.to, y) });
    }
    keyed(groups, [...found.values()], ({ key }) => key,
      () => s('g', {}, s('path', {}), s('text', {}), s('title', {})),
      (g, { inbound, group, from, to }) => {
        const [path, text, title] = g.children;
        const x = inbound ? 2 : width - 2;
        setAttributes(path, { d: `M${x} ${from - 7}V${to + 7}` });
        setAttributes(text, {
          x: inbound ? 10 : width - 10, y: (from + to) / 2 + 4, 'text-anchor': inbound ? 'start' : 'end',
        });
        setText(text, width > 620 ? group : '');
        setText(title, group);
      });
  }

  function drawLine(path, { peer, x, y }, { middle }) {
    const inbound = peer.network.inbound;
    const rate = now.peerRates.get(peer.id) ?? 0;
    // From the one that dialed.
    const [from, to] = inbound ? [{ x, y }, middle] : [middle, { x, y }];
    const bend = { x: middle.x + (x - middle.x) * 0.5, y: middle.y + (y - middle.y) * 0.2 };
    setAttributes(path, {
      d: `M${from.x} ${from.y}Q${bend.x} ${bend.y} ${to.x} ${to.y}`,
      class: `class-${peer.network.class}`,
      'stroke-width': now.peers.length > labelsMax ? 0.6 : 1.1 + Math.min(4, Math.log10(1 + rate / 50)),
    });
  }

  function drawDot(g, { peer, x, y, angle }, { labelled }) {
    const [circle, fault, title, name, trip] = g.children;
    const radius = labelled ? 7 : now.peers.length > 200 ? 2.5 : 4;
    const useful = peer.lastUseful !== null && peer.lastUseful <= usefulSeconds;
    setAttributes(g, {
      transform: `translate(${x} ${y})`,
      class: `dot class-${peer.network.class}${useful ? ' useful' : ''}`,
    });
    setAttributes(circle, { r: radius });
    const part = Math.min(1, peer.score / 100);
    const around = { x: radius + 4, y: radius + 4 };
    setAttributes(fault, { d: part > 0 ? arc({ x: 0, y: 0 }, around, 1, -90, -90 + 359.9 * part) : '' });
    setText(title, `${format.peerName(peer)} · ${w[peer.network.inbound ? 'inbound' : 'outbound']} · ` +
      `${w.classes[peer.network.class]} · ${peer.network.group} · ${format.milliseconds(peer.roundTripMs)}`);
    for (const text of [name, trip]) text.toggleAttribute('hidden', !labelled);
    if (!labelled) {
      setText(name, '');
      setText(trip, '');
      return;
    }
    const left = Math.cos(angle * Math.PI / 180) < 0;
    const side = { x: left ? -14 : 14, 'text-anchor': left ? 'end' : 'start' };
    setAttributes(name, { ...side, y: -1 });
    setAttributes(trip, { ...side, y: 12 });
    setText(name, format.peerName(peer));
    setText(trip, format.milliseconds(peer.roundTripMs));
  }

  const redraw = drawnToSize(frame, (width, height) => {
    setAttributes(picture, { viewBox: `0 0 ${width} ${height}` });
    const all = places(width, height);
    drawGuides(all);
    drawGroups(all);
    const idOf = ({ peer }) => peer.id;
    keyed(lines, all.out, idOf, () => s('path', {}), (path, place) => drawLine(path, place, all));
    keyed(dots, all.out, idOf,
      ({ peer }) => s('g', { onclick: () => document.getElementById(`link-${peer.id}`)?.focus() },
        s('circle', {}), s('path', { class: 'fault' }), s('title', {}),
        s('text', { class: 'name' }), s('text', { class: 'trip' })),
      (g, place) => drawDot(g, place, all));
    setAttributes(self, { transform: `translate(${all.middle.x} ${all.middle.y})` });
    setAttributes(sides[0], { x: 12, y: 18, 'text-anchor': 'start' });
    setAttributes(sides[1], { x: width - 12, y: 18, 'text-anchor': 'end' });
  });

  function draw({ answers: { peers }, peerRates }) {
    if (!peers) return;
    now = { peers: peers.slice(0, nodesMax), peerRates };
    const inbound = peers.filter((peer) => peer.network.inbound).length;
    setAttributes(picture, {
      'aria-label': w.picture(format.count(inbound), format.count(peers.length - inbound)),
    });
    empty.hidden = peers.length > 0;
    for (const item of legend.querySelectorAll('[data-class]')) {
      item.hidden = !peers.some((peer) => peer.network.class === item.dataset.class);
    }
    redraw();
  }

  return {
    element: card('network', w.title, null, frame, legend),
    draw: ifChanged(({ answers: { peers } }) => [peers], draw),
  };
}
