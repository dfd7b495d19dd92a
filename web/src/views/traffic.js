// Bytes in and out over time.
import { Chart } from '../chart.js';
import { card, h, ifChanged, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

export function makeTraffic() {
  const w = words().traffic;
  const chart = new Chart(`${w.title}: ${w.perSecond}`, (name) => w[name]);
  const received = h('b', {});
  const sent = h('b', {});
  const total = h('p', { class: 'total' }, `${w.total}: `, received, ` ${w.in} · `, sent, ` ${w.out}`);

  function draw({ answers: { status }, traffic }) {
    chart.draw(traffic);
    if (!status) return;
    show(received, 'parley_status/bytesIn', format.bytes(status.bytesIn));
    show(sent, 'parley_status/bytesOut', format.bytes(status.bytesOut));
  }
  return {
    element: card('traffic', w.title, null, chart.frame, chart.legend, total),
    draw: ifChanged(({ answers: { status } }) => [status], draw), end: () => chart.end(),
  };
}
