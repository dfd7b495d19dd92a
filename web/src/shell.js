// The frame of the page: its head, the cards, and when they are drawn anew.
import { h, setText } from './dom.js';
import * as format from './format.js';
import { theme, themes, useTheme } from './theme.js';
import { language, useLanguage, words } from './words.js';
import { makeBlocks } from './views/blocks.js';
import { makeFindings } from './views/findings.js';
import { makeLanes } from './views/lanes.js';
import { makeLinks } from './views/links.js';
import { makeLog } from './views/log.js';
import { makeNetwork } from './views/network.js';
import { makePool } from './views/pool.js';
import { makeRing } from './views/ring.js';
import { makeRound } from './views/round.js';
import { makeTiles } from './views/tiles.js';
import { makeTraffic } from './views/traffic.js';

const makers = [
  makeTiles, makeNetwork, makeRound, makeRing, makeBlocks, makePool, makeTraffic, makeLanes, makeLinks,
  makeLog, makeFindings,
];

/** A choice of one among few, as a list that opens. */
function chooser(label, options, chosen, choose) {
  return h('label', { class: 'chooser' }, h('span', { class: 'unseen' }, label),
    h('select', { onchange: ({ target }) => choose(target.value) },
      ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text))));
}

export function makeShell(state) {
  let views = [];
  let head = {};
  let isDue = false;

  function makeHead() {
    const w = words();
    head = {
      network: h('span', { class: 'network-name' }),
      node: h('span', { class: 'node-name' }),
      client: h('span', { class: 'client' }),
      state: h('span', { class: 'state', role: 'status' }),
    };
    return h('header', { class: 'top' },
      h('h1', {}, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Parley'),
      h('p', { class: 'who' }, head.network, head.node, head.client),
      head.state,
      chooser(w.language, [['en', 'English'], ['zh', '中文']], language(), (next) => {
        useLanguage(next);
        rebuild();
      }),
      chooser(w.theme, themes.map((one) => [one, w.themes[one]]), theme(), useTheme));
  }

  function rebuild() {
    const w = words();
    for (const view of views) view.end?.();
    document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
    document.title = w.title;
    views = makers.map((make) => make());
    const focused = document.activeElement?.closest('.chooser')?.textContent;
    document.body.replaceChildren(
      h('a', { class: 'skip', href: '#content' }, w.skip),
      makeHead(),
      h('main', { id: 'content', tabindex: '-1' }, ...views.map((view) => view.element)),
      h('footer', {}, h('p', {}, w.footer.readOnly)));
    if (focused) document.querySelector(`.chooser select`)?.focus();
    draw();
  }

  function drawHead() {
    const w = words();
    const { node, status } = state.answers;
    setText(head.network, status?.network ?? '');
    setText(head.node, status ? node?.nodeName || status.id.slice(0, 10) : '');
    setText(head.client, status?.client ?? '');
    head.state.dataset.state = state.isUp ? 'live' : 'lost';
    setText(head.state, state.isUp ? w.live
      : status ? w.lost(format.clock(state.since)) : w.connecting);
    if (status) document.title = `${node?.nodeName || status.network} · ${w.title}`;
  }

  function draw() {
    isDue = false;
    drawHead();
    for (const view of views) view.draw(state);
  }

  /** Soon, once for all that changed until then. */
  function render() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(draw);
  }

  rebuild();
  return { render, rebuild };
}
