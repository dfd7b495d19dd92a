#include <parley/sim/report/report_style.hpp>

namespace parley::sim {

// The six line colours keep apart for people who see two of the three basic colours, and stand out
// from the background by 3 to 1 or more; the last two are dashed as well.
const std::string_view report_style = R"css(
:root {
  color-scheme: light dark;
  --page: #f5f5f2; --card: #ffffff; --sunk: #f0f0ec; --edge: #e1e1db;
  --ink: #1b1b19; --soft: #5a5953; --grid: #ebebe6; --base: #b9b8b0; --mark: #77756c;
  --good: #0a7040; --good-soft: #dff2e7; --bad: #b02a1e; --bad-soft: #fbe7e4;
  --c1: #2a6fdb; --c2: #cc4a1a; --c3: #05a293; --c4: #6f1fa6; --c5: #b0842c; --c6: #87586c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #131312; --card: #1c1c1a; --sunk: #262624; --edge: #30302d;
    --ink: #f0efe9; --soft: #b3b1a7; --grid: #2b2b28; --base: #5c5b54; --mark: #9b998e;
    --good: #5fd39a; --good-soft: #14301f; --bad: #ff9285; --bad-soft: #3c1a16;
    --c1: #5b9bf5; --c2: #e2703f; --c3: #3fd9a0; --c4: #dfb4f5; --c5: #b9a52a; --c6: #ff5aa5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 1200px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 19px; margin: 36px 0 12px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0; }
.over { color: var(--soft); font-size: 13px; margin-bottom: 2px; }
.facts { color: var(--soft); margin-top: 6px; }
.facts b { color: var(--ink); font-weight: 600; }
.chips { list-style: none; display: flex; flex-wrap: wrap; gap: 6px; margin: 10px 0 0; padding: 0; }
.chips li {
  border: 1px solid var(--edge); background: var(--card); border-radius: 999px;
  padding: 1px 10px; font-size: 13px; color: var(--soft);
}
.verdict { border-radius: 12px; padding: 14px 18px; margin: 18px 0 14px; }
.verdict b { font-size: 17px; }
.verdict svg { width: 20px; height: 20px; vertical-align: -4px; margin-right: 8px; }
.verdict path { fill: none; stroke: currentColor; stroke-width: 2.6; stroke-linecap: round;
  stroke-linejoin: round; }
.verdict ul { margin: 8px 0 0; padding-left: 20px; color: var(--ink); }
.passed { background: var(--good-soft); color: var(--good); }
.failed { background: var(--bad-soft); color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 12px;
  margin: 0; }
.tile { background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
  padding: 12px 16px; }
.tile dt { color: var(--soft); font-size: 13px; }
.tile dd { margin: 0; }
.tile .value { font-size: 24px; font-weight: 650; line-height: 1.3; letter-spacing: -.01em; }
.tile .more { color: var(--soft); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 16px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
  padding: 16px 18px 12px; margin: 0; min-width: 0; display: flex; flex-direction: column; }
.card .reading { color: var(--soft); font-size: 14px; margin: 2px 0 10px; }
.card .plot { margin-top: auto; }
.none { color: var(--soft); font-size: 14px; margin-top: 12px; }
.marks { color: var(--soft); font-size: 14px; margin-bottom: 12px; display: flex; flex-wrap: wrap;
  gap: 2px 18px; }
.marks b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 10px;
  padding: 0; font-size: 13px; color: var(--soft); }
.legend b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.legend svg { width: 20px; height: 10px; margin-right: 6px; }
.plot { display: block; width: calc(100% - 46px - 14px); margin: 0 14px 0 46px; overflow: visible;
  touch-action: pan-y; }
.plot text { font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.plot .grid { stroke: var(--grid); }
.plot .base { stroke: var(--base); }
.plot line.mark { stroke: var(--mark); stroke-dasharray: 3 3; }
.plot text.mark { fill: var(--ink); }
.plot text.dot { fill: var(--ink); font-weight: 600; }
.plot circle.dot { fill: var(--c1); stroke: var(--card); stroke-width: 2; }
.plot .bar { fill: var(--c1); stroke: var(--card); stroke-width: 1; }
.plot .bar:hover { fill-opacity: .75; }
.area { overflow: visible; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round;
  vector-effect: non-scaling-stroke; }
polyline.wide { stroke-width: 6; stroke-opacity: .4; }
polyline.edge { stroke-width: 1; stroke-opacity: .6; }
polygon { fill-opacity: .14; }
.c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.c4 { stroke: var(--c4); }
.c5 { stroke: var(--c5); stroke-dasharray: 7 4; } .c6 { stroke: var(--c6); stroke-dasharray: 2 4; }
polygon.c1 { fill: var(--c1); } polygon.c2 { fill: var(--c2); } polygon.c3 { fill: var(--c3); }
polygon.c4 { fill: var(--c4); } polygon.c5 { fill: var(--c5); } polygon.c6 { fill: var(--c6); }
polygon.c1, polygon.c2, polygon.c3, polygon.c4, polygon.c5, polygon.c6 { stroke: none; }
.bars { list-style: none; padding: 0; margin: 0 0 4px; }
.bars li { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; font-size: 14px;
  margin-bottom: 9px; line-height: 1.35; }
.bars .count { font-variant-numeric: tabular-nums; font-weight: 600; }
.bars .track { grid-column: 1 / -1; height: 7px; margin-top: 3px; border-radius: 4px;
  background: var(--sunk); overflow: hidden; }
.bars .track i { display: block; height: 100%; min-width: 3px; border-radius: 4px;
  background: var(--c1); }
.summary { columns: 2 440px; column-gap: 40px; display: block; padding: 8px 18px; }
.summary div { display: flex; justify-content: space-between; gap: 16px; padding: 6px 0;
  border-bottom: 1px solid var(--grid); break-inside: avoid; font-size: 14px; }
.summary dt { color: var(--soft); }
.summary dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; font-weight: 500; }
.command { display: flex; gap: 12px; align-items: center; padding: 12px 12px 12px 18px;
  flex-direction: row; }
.command code { flex: 1; font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas,
  "Liberation Mono", monospace; white-space: pre-wrap; user-select: all; -webkit-user-select: all; }
.command span { display: inline-block; max-width: 100%; }
button { font: inherit; font-size: 14px; color: var(--ink); background: var(--sunk);
  border: 1px solid var(--edge); border-radius: 8px; padding: 5px 14px; cursor: pointer;
  min-width: 84px; }
button:hover { border-color: var(--base); }
.tip { position: fixed; z-index: 2; pointer-events: none; background: var(--card);
  color: var(--ink); border: 1px solid var(--base); border-radius: 8px; padding: 6px 10px;
  font-size: 13px; line-height: 1.45; box-shadow: 0 4px 16px rgb(0 0 0 / .18); max-width: 300px;
  font-variant-numeric: tabular-nums; }
.tip div { display: flex; gap: 8px; align-items: center; }
.tip svg { width: 16px; height: 8px; flex: none; }
.tip b { margin-left: auto; padding-left: 10px; white-space: nowrap; }
.cross { stroke: var(--mark); }
.point { stroke: var(--card); stroke-width: 2; }
@media (max-width: 560px) {
  main { padding: 18px 12px 32px; }
  h1 { font-size: 23px; }
  h2 { margin-top: 28px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .tile { padding: 10px 12px; }
  .tile .value { font-size: 20px; }
  .card { padding: 14px 12px 10px; }
  .command { flex-direction: column; align-items: stretch; }
}
@media print {
  body { background: none; font-size: 12px; -webkit-print-color-adjust: exact;
    print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 8px; }
  .tile { padding: 8px 10px; }
  .tile .value { font-size: 18px; }
  .cards { grid-template-columns: 1fr 1fr; gap: 10px; }
  .summary { columns: 2; }
  .card, .tile, .verdict { break-inside: avoid; }
  h2, .marks { break-after: avoid; }
  h2 { margin-top: 20px; }
  button, .tip { display: none; }
}
)css";

const std::string_view report_script = R"js(
'use strict';
(() => {
  const make = (name, parent) => parent.appendChild(document.createElement(name));
  const tip = make('div', document.body);
  tip.className = 'tip';
  tip.hidden = true;

  const digits = (v) => v < 9.995 ? v.toFixed(2) : v < 99.95 ? v.toFixed(1)
    : Math.round(v).toLocaleString('en-US');
  const time = (ms) => {
    if (ms < 999.5) return (ms ? digits(ms) : '0') + ' ms';
    if (ms < 6e4) return digits(ms / 1e3) + ' s';
    const s = Math.round(ms / 1e3), m = Math.round(s / 60);
    if (s < 7200) return Math.floor(s / 60) + ' min' + (s % 60 ? ' ' + s % 60 + ' s' : '');
    return Math.floor(m / 60) + ' h' + (m % 60 ? ' ' + m % 60 + ' min' : '');
  };
  const size = (v, per) => {
    const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let n = 0;
    while (v >= 1024 && n + 1 < names.length) { v /= 1024; ++n; }
    return (n ? digits(v) : Math.round(v)) + ' ' + names[n] + per;
  };
  const write = {
    count: (v) => v < 9.995 && Math.abs(v - Math.round(v)) > .02 ? v.toFixed(1)
      : Math.round(v).toLocaleString('en-US'),
    ratio: digits,
    percent: (v) => +v.toPrecision(3) + ' %',
    ms: time,
    s: (v) => time(v * 1e3),
    bytes: (v) => size(v, ''),
    rate: (v) => size(v, '/s'),
  };

  const show = (event) => {
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const right = event.clientX + 14 + box.width < document.documentElement.clientWidth;
    const left = right ? event.clientX + 14 : event.clientX - 14 - box.width;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, event.clientY - box.height - 12) + 'px';
  };

  // Bars and marks: what their <title> says, at once and also on a touch.
  for (const title of document.querySelectorAll('.plot title')) {
    const shape = title.parentNode, text = title.textContent;
    title.remove();
    shape.setAttribute('aria-label', text);
    const tell = (event) => { tip.textContent = text; show(event); };
    shape.addEventListener('pointermove', tell);
    shape.addEventListener('pointerdown', tell);
    shape.addEventListener('pointerleave', () => { tip.hidden = true; });
  }

  // Lines: their values where the pointer is.
  const axis = (text) => {
    const [lo, hi, unit, kind] = text.split(' ');
    const a = +lo, b = +hi;
    return { write: write[unit], at: (share) => kind === 'log' ? a * (b / a) ** share
      : a + (b - a) * share };
  };
  for (const area of document.querySelectorAll('.plot .area')) {
    const plot = area.parentNode;
    const svg = (name, cls) => {
      const node = document.createElementNS(plot.namespaceURI, name);
      node.setAttribute('class', cls);
      return node;
    };
    const x = axis(plot.dataset.x), y = axis(plot.dataset.y);
    const top = +area.getAttribute('y'), height = +area.getAttribute('height');
    const lines = [...area.querySelectorAll('polyline')].map((line) => ({
      name: line.dataset.name,
      colour: 'c' + /c(\d)/.exec(line.getAttribute('class'))[1],
      points: line.getAttribute('points').split(' ').map((p) => p.split(',').map(Number)),
    }));
    const cross = svg('line', 'cross');
    const dots = lines.map((line) => {
      const dot = svg('circle', 'point');
      dot.setAttribute('r', 4);
      dot.style.fill = `var(--${line.colour})`;
      return dot;
    });
    const put = (node, values) => {
      for (const key in values) node.setAttribute(key, values[key]);
      plot.append(node);
    };
    const nearest = (points, at) => {
      let a = 0, b = points.length - 1;
      while (b - a > 1) {
        const middle = (a + b) >> 1;
        if (points[middle][0] <= at) a = middle; else b = middle;
      }
      return Math.abs(points[a][0] - at) <= Math.abs(points[b][0] - at) ? points[a] : points[b];
    };
    const move = (event) => {
      if (event.target.classList.contains('mark')) return;
      const box = plot.getBoundingClientRect();
      const share = (event.clientX - box.left) / plot.clientWidth;
      if (share < -.02 || share > 1.02) return leave();
      const shown = lines.map((line) => nearest(line.points, share * 1000));
      const at = shown.reduce((a, b) =>
        Math.abs(a[0] - share * 1000) <= Math.abs(b[0] - share * 1000) ? a : b)[0];
      const left = at / 10 + '%';
      put(cross, { x1: left, x2: left, y1: top, y2: top + height });
      tip.replaceChildren();
      make('div', tip).textContent = x.write(x.at(at / 1000));
      const rows = lines.map((line, i) => ({ line, dot: dots[i], point: shown[i] }));
      for (const { line, dot, point } of rows) {
        put(dot, { cx: point[0] / 10 + '%', cy: top + point[1] });
      }
      rows.sort((a, b) => a.point[1] - b.point[1]);
      for (const { line, point } of rows) {
        const row = make('div', tip);
        const key = row.appendChild(svg('svg', ''));
        key.setAttribute('viewBox', '0 0 20 10');
        const stroke = key.appendChild(svg('polyline', line.colour));
        stroke.setAttribute('points', '1,5 19,5');
        make('span', row).textContent = line.name;
        make('b', row).textContent = y.write(y.at(1 - point[1] / height));
      }
      show(event);
    };
    const leave = () => {
      tip.hidden = true;
      cross.remove();
      for (const dot of dots) dot.remove();
    };
    plot.addEventListener('pointermove', move);
    plot.addEventListener('pointerdown', move);
    plot.addEventListener('pointerleave', leave);
  }

  // The command, copied.
  const button = document.querySelector('.command button');
  if (button) {
    const code = document.querySelector('.command code');
    button.hidden = false;
    button.addEventListener('click', async () => {
      let copied = true;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        copied = document.execCommand('copy');
      }
      button.textContent = copied ? 'Copied' : 'Selected';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }
})();
)js";

}  // namespace parley::sim
