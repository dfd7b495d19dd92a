// Offences and bans as a log that people can read.
import { card, h, ifChanged, keyed, scroller, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

function sentence(entry, w) {
  const count = (value) => format.count(Math.round(value));
  switch (entry.kind) {
    case 'offence': return w.offence(entry.who, count(entry.count), count(entry.score));
    case 'banned': return w.banned(entry.who, format.date(entry.until),
      entry.byOwner ? w.byOwner(entry.reason) : w.forOffence(entry.reason));
    case 'unbanned': return w.unbanned(entry.who);
    case 'evidence': return w.evidence(entry.who, count(entry.height), count(entry.round), entry.of);
    case 'gone': return w.gone(entry.who);
    default: return w.restarted;
  }
}

export function makeLog() {
  const w = words().log;
  const bansNow = h('span', { class: 'aside' });
  const list = h('ol', { class: 'entries', role: 'log', 'aria-label': w.title });
  const empty = h('p', { class: 'empty' }, w.empty);

  function draw({ journal, answers: { bans } }) {
    if (bans) show(bansNow, 'admin_bans/length', w.bansNow(format.count(bans.length)));
    keyed(list, journal.entries, ({ id }) => id,
      (entry) => h('li', { class: `kind-${entry.kind}` },
        h('time', { datetime: new Date(entry.at).toISOString() }, format.clock(entry.at)),
        h('span', {}, sentence(entry, w))));
    empty.hidden = journal.entries.length > 0;
  }

  return {
    element: card('log', w.title, bansNow,
      scroller('log', list), empty),
    draw: ifChanged(({ journal, answers: { bans } }) => [bans, journal.entries[0]], draw),
  };
}
