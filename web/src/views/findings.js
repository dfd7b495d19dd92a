// What `parley doctor` finds: what is wrong first, with what to do; what is well folded away.
import { card, h, ifChanged, keyed, setAttributes, setText } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

export function makeFindings() {
  const w = words().findings;
  const summary = h('span', { class: 'aside' });
  const bad = h('ul', { class: 'checks' });
  const good = h('ul', { class: 'checks' });
  const toggle = h('summary', {});
  const well = h('details', {}, toggle, good);
  const allWell = h('p', { class: 'well' }, w.allWell);

  const makeItem = () => h('li', {}, h('span', { class: 'grade' }), h('b', {}), h('span', { class: 'what' }),
    h('span', { class: 'hint' }));
  function drawItem(item, one) {
    const [grade, name, what, hint] = item.children;
    setAttributes(item, { 'data-grade': one.grade });
    setText(grade, w[one.grade]);
    setText(name, one.check);
    setText(what, one.what);
    setText(hint, one.hint ? `${w.hint}: ${one.hint}` : '');
    hint.hidden = !one.hint;
  }

  function draw({ answers: { findings, status } }) {
    element.hidden = Boolean(status) && !findings;
    if (!findings) return;
    const of = (grade) => findings.filter((one) => one.grade === grade);
    const wrong = [...of('fail'), ...of('warn')];
    const keyOf = ({ check, what }) => `${check}/${what}`;
    keyed(bad, wrong, keyOf, makeItem, drawItem);
    keyed(good, of('ok'), keyOf, makeItem, drawItem);
    allWell.hidden = wrong.length > 0;
    setText(toggle, w.show(format.count(of('ok').length)));
    setText(summary, w.summary(...['ok', 'warn', 'fail'].map((grade) => format.count(of(grade).length))));
  }

  const element = card('findings', w.title, summary, allWell, bad, well);
  return { element, draw: ifChanged(({ answers: { findings, status } }) => [findings, Boolean(status)], draw) };
}
