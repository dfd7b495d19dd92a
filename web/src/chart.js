// A chart of the last minutes, by uPlot: lines over time with a legend of our own, which screen
// readers can read. Made anew when the set of series changes.
import uPlot from 'uplot';
import { drawnToSize, h, keyed, setAttributes, setText } from './dom.js';
import * as format from './format.js';
import { colour } from './theme.js';

export const seriesColours = 8;

/** Lines of 600 points cost as much as the rest of the page: they wait until they have moved so far. */
const pixelsMin = 3;

export class Chart {
  #plot = null;
  #key = '';
  #history = null;
  #size = null;
  #drawnTo = 0;  // the time of the last point
  #redraw;

  /** `label` for screen readers; `nameOf(series)` for people. */
  constructor(label, nameOf) {
    this.nameOf = nameOf;
    this.frame = h('div', { class: 'plot', role: 'img', 'aria-label': label });
    this.legend = h('ul', { class: 'legend values' });
    this.#redraw = drawnToSize(this.frame, (width, height) => this.#plotTo({ width, height }));
  }

  draw(history) {
    if (history.times.length === 0) return;
    this.#history = history;
    if (this.#hasMoved(history)) this.#redraw();
    keyed(this.legend, history.names, (name) => name,
      () => h('li', {}, h('i', { class: 'swatch' }), h('span', {}), h('b', {})),
      (item, name) => {
        const i = history.names.indexOf(name);
        setAttributes(item, { class: `series-${i % seriesColours + 1}` });
        setText(item.children[1], this.nameOf(name));
        setText(item.lastChild, format.rate(history.series.get(name).at(-1)));
      });
  }

  end() {
    this.#history = null;
    this.#plot?.destroy();
    this.#plot = null;
  }

  #hasMoved({ names, times }) {
    if (!this.#plot || names.join('\n') !== this.#key) return true;
    const pixels = this.#size.width * (times.at(-1) - this.#drawnTo) / (times.at(-1) - times[0]);
    return !(pixels < pixelsMin);
  }

  #plotTo(size) {
    const history = this.#history;
    if (!history) return;
    this.#drawnTo = history.times.at(-1);
    const key = history.names.join('\n');
    const isResized = this.#size?.width !== size.width || this.#size?.height !== size.height;
    this.#size = size;
    if (!this.#plot || key !== this.#key) {
      this.#plot?.destroy();
      this.#key = key;
      this.#plot = this.#make(history);
      return;
    }
    if (isResized) this.#plot.setSize(size);
    this.#plot.setData(history.columns);
  }

  #make(history) {
    const axis = {
      stroke: colour('muted'), font: '11px system-ui, sans-serif',
      grid: { stroke: colour('line'), width: 1 }, ticks: { show: false },
    };
    const series = history.names.map((name, i) => {
      const stroke = colour(`series-${i % seriesColours + 1}`);
      return {
        label: name, stroke, width: 1.6, points: { show: false },
        fill: history.names.length <= 2 && i === 0 ? `${stroke}1f` : undefined,
      };
    });
    return new uPlot({
      ...this.#size, legend: { show: false },
      cursor: { show: false }, padding: [8, 26, 0, 0],
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, 10) * 1.1] } },
      axes: [
        { ...axis, space: 70, size: 24, values: (_, ticks) => ticks.map((t) => format.clock(t * 1000)) },
        { ...axis, size: 62, space: 36, values: (_, ticks) => ticks.map(format.rate) },
      ],
      series: [{}, ...series],
    }, history.columns, this.frame);
  }
}
