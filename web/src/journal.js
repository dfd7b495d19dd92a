// What went wrong, told from what changed between two answers: offences, bans, validators that
// contradicted themselves. Bounded: the last entries alone.
import { peerName, shortHex } from './format.js';

export const entriesMax = 200;

export class Journal {
  entries = [];          // the newest first: {id, at, kind, ...}
  #id = 0;
  #offences = new Map(); // by ID of the peers that are linked: {offences, name}
  #bans = null;          // by who
  #evidence = new Set();

  add(kind, what) {
    this.entries.unshift({ id: ++this.#id, at: Date.now(), kind, ...what });
    this.entries.length = Math.min(this.entries.length, entriesMax);
  }

  onPeers(peers) {
    const next = new Map();
    for (const peer of peers) {
      const before = this.#offences.get(peer.id)?.offences ?? 0;
      if (peer.offences > before) {
        this.add('offence', { who: peerName(peer), count: peer.offences - before, score: peer.score });
      }
      if (peer.offences > 0) next.set(peer.id, { offences: peer.offences, name: peerName(peer) });
    }
    const linked = new Set(peers.map(({ id }) => id));
    for (const [id, { name }] of this.#offences) if (!linked.has(id)) this.add('gone', { who: name });
    this.#offences = next;
  }

  onBans(bans) {
    const next = new Map(bans.map((ban) => [ban.who, ban]));
    for (const ban of bans) {
      const before = this.#bans?.get(ban.who);
      if (before && before.until === ban.until && before.reason === ban.reason) continue;
      this.add('banned', { who: short(ban), until: ban.until, reason: ban.reason, byOwner: ban.byOwner });
    }
    for (const [who, ban] of this.#bans ?? []) if (!next.has(who)) this.add('unbanned', { who: short(ban) });
    this.#bans = next;
  }

  onEvidence(evidence) {
    const next = new Set();
    for (const one of evidence) {
      const key = `${one.validator}/${one.height}/${one.round}/${one.kind}`;
      next.add(key);
      if (this.#evidence.has(key)) continue;
      this.add('evidence', { who: shortHex(one.validator), height: one.height, round: one.round, of: one.kind });
    }
    this.#evidence = next;
  }
}

const short = (ban) => ban.kind === 'id' ? ban.who.slice(0, 10) : ban.who;
