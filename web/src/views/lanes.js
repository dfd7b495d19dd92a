// What each topic's lanes carry: bytes a second over time, and what waits.
import { Chart } from '../chart.js';
import { card, h, ifChanged, keyed, scroller, setAttributes, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

const columns = { in: 'bytesIn', out: 'bytesOut', queued: 'queuedBytes', stalled: 'stalled', stalls: 'stalls' };
const sizes = new Set(['in', 'out', 'queued']);

export function makeLanes() {
  const w = words().lanes;
  const chart = new Chart(`${w.title}: ${w.picture}`, (name) => name);
  const body = h('tbody', {});
  const table = h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, w.topic),
    ...Object.keys(columns).map((name) => h('th', { scope: 'col', class: 'number' }, w[name])))), body);

  function draw({ answers: { lanes: topics }, lanes }) {
    chart.draw(lanes);
    keyed(body, topics ?? [], ({ topic }) => topic,
      ({ topic }) => h('tr', {}, h('th', { scope: 'row' }, topic),
        ...Object.keys(columns).map(() => h('td', { class: 'number' }))),
      (row, lane) => {
        setAttributes(row, { class: lane.stalled > 0 ? 'alarm' : null });
        for (const [i, [name, member]] of Object.entries(columns).entries()) {
          show(row.children[i + 1], `parley_lanes/${lane.topic}/${member}`,
            sizes.has(name) ? format.bytes(lane[member]) : format.count(lane[member]));
        }
      });
  }
  return {
    element: card('lanes', w.title, null, chart.frame, chart.legend, scroller('lanes', table)),
    draw: ifChanged(({ answers }) => [answers.lanes], draw), end: () => chart.end(),
  };
}
