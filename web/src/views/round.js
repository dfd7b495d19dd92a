// The round in progress: what is proposed, who prepared and committed, and for whom it waits.
import { card, h, ifChanged, keyed, setAttributes, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';
import { colourOf } from './blocks.js';

/** A bar of those who did something, with a mark where there are enough. */
function progress(title) {
  const done = h('i', {});
  const mark = h('b', {});
  const text = h('span', { class: 'of' });
  const bar = h('span', { class: 'track', role: 'progressbar', 'aria-label': title, 'aria-valuemin': '0' },
    done, mark);
  return {
    element: h('div', { class: 'step' }, h('span', { class: 'title' }, title), bar, text),
    draw(of, count, all, quorum, words) {
      done.style.width = `${100 * count / all}%`;
      mark.style.left = `${100 * quorum / all}%`;
      setAttributes(bar, {
        'aria-valuenow': count, 'aria-valuemax': all, class: count >= quorum ? 'track enough' : 'track',
      });
      show(text, of, words(format.count(count), format.count(all)));
    },
  };
}

function stateOf(one, round, w) {
  if (one.committed) return ['committed', w.committed];
  if (one.prepared) return ['prepared', w.prepared];
  if (one.changedTo !== null && one.changedTo > round) return ['changed', w.changed(format.count(one.changedTo))];
  if (one.getsNoTime) return ['passed', w.passed];
  return ['waits', w.waits];
}

export function makeRound() {
  const w = words().round;
  const fact = (title) => {
    const value = h('dd', {});
    return { value, element: h('div', {}, h('dt', {}, title), value) };
  };
  const facts = Object.fromEntries(['height', 'round', 'proposer', 'timeout'].map((name) => [name, fact(w[name])]));
  const proposal = h('div', { class: 'step' }, h('span', { class: 'title' }, w.proposal), h('span', { class: 'said' }));
  const prepared = progress(w.prepared);
  const committed = progress(w.committed);
  const quorum = h('span', { class: 'aside' });
  const list = h('ul', { class: 'validators' });
  const waits = h('p', { class: 'waits' });
  const trouble = h('p', { class: 'trouble' });
  const body = h('div', { class: 'body' },
    h('dl', { class: 'facts' }, ...Object.values(facts).map(({ element }) => element)),
    proposal, prepared.element, committed.element, list);

  function drawValidators({ validators, round, proposer, self }) {
    const addresses = validators.map(({ address }) => address);
    keyed(list, validators, ({ address }) => address,
      () => h('li', {}, h('i', { class: 'swatch' }), h('code', {}), h('span', { class: 'state' }), h('small', {})),
      (item, one) => {
        const [state, text] = stateOf(one, round, w.states);
        const [swatch, code, said, heard] = item.children;
        setAttributes(item, {
          'data-state': state, class: one.address === proposer ? 'proposes' : null, title: one.address,
        });
        setAttributes(swatch, { class: `swatch series-${colourOf(addresses, one.address)}` });
        setText(code, format.shortHex(one.address));
        setText(said, text);
        setText(heard, one.address === self ? w.self : one.heardAgo === null ? ''
          : format.ago(one.heardAgo));
      });
  }

  function draw({ answers: { consensus, status } }) {
    element.hidden = Boolean(status) && !consensus;
    if (!consensus) return;
    const hasView = consensus.validators !== undefined;
    body.hidden = !hasView;
    setText(waits, `${w.waitsFor}: ${consensus.waitsFor}`);
    setText(trouble, [consensus.halted ? `${w.halted}: ${consensus.halted}` : '',
      consensus.speaksFrom ? w.speaksFrom(format.count(consensus.speaksFrom)) : ''].filter(Boolean).join(' '));
    trouble.hidden = trouble.textContent === '';
    setText(quorum, hasView ? w.quorum(format.count(consensus.quorum)) : '');
    if (!hasView) return;
    show(facts.height.value, 'parley_consensus/height', format.count(consensus.height));
    show(facts.round.value, 'parley_consensus/round', format.count(consensus.round));
    setText(facts.proposer.value, format.shortHex(consensus.proposer));
    setText(facts.timeout.value, consensus.timeoutIn === null ? format.none
      : format.duration(consensus.timeoutIn));
    setText(proposal.lastChild, consensus.proposal
      ? `${format.shortHex(consensus.proposal)} · ${consensus.checked ? w.checked : w.unchecked}` : w.noProposal);
    const all = consensus.validators.length;
    const those = (what) => consensus.validators.filter((one) => one[what]).length;
    prepared.draw('parley_consensus/validators/prepared', those('prepared'), all, consensus.quorum, w.of);
    committed.draw('parley_consensus/validators/committed', those('committed'), all, consensus.quorum, w.of);
    drawValidators(consensus);
  }

  const element = card('round', w.title, quorum, body, waits, trouble);
  return { element, draw: ifChanged(({ answers: { consensus, status } }) => [consensus, Boolean(status)], draw) };
}
