// The page: what the node answers goes into one state, which the views show.
import { Blocks } from './blocks.js';
import { Connection } from './connection.js';
import { History, Rates } from './history.js';
import { Journal } from './journal.js';
import { Poller } from './poller.js';
import { makeShell } from './shell.js';
import { startTheme } from './theme.js';

const state = {
  isUp: false,
  since: Date.now(),   // of isUp, or of its end
  answers: {},         // by the names of poller.js, the last of each
  errors: {},          // why there is none
  blocks: new Blocks(),
  journal: new Journal(),
  traffic: new History(['in', 'out']),
  lanes: new History([]),
  rates: {},           // of the whole node: {in, out}
  peerRates: new Map(),
};
const trafficRates = new Rates();
const laneRates = new Rates();
const peerBytes = new Rates();

const shell = makeShell(state);

const connection = new Connection(`ws://${location.host}/`, {
  up() {
    Object.assign(state, { isUp: true, since: Date.now() });
    state.blocks.clear();
    subscribed = false;
    poller.begin();
    shell.render();
  },
  down() {
    if (state.isUp) Object.assign(state, { isUp: false, since: Date.now() });
    poller.end();
    shell.render();
  },
  // Shown with the answers that come next, which say who sealed it: a page drawn for each block of a
  // second costs twice as much.
  notice({ result }) { state.blocks.onHeader(result); },
});

let subscribed = false;
const subscribe = {
  method: 'eth_subscribe', params: ['newHeads'],
  hear({ error }) { if (error) subscribed = error.code === -32601; },
};

const poller = new Poller(connection, {
  more(room) {
    if (subscribed) return state.blocks.questions(room);
    subscribed = true;
    return [subscribe, ...state.blocks.questions(room - 1)];
  },
  hear(answers, errors) {
    if (answers.status && state.answers.status?.uptime > answers.status.uptime) {
      state.journal.add('restarted', {});
    }
    for (const name of Object.keys(errors)) delete state.answers[name];
    state.errors = { ...state.errors, ...errors };
    for (const name of Object.keys(answers)) delete state.errors[name];
    Object.assign(state.answers, answers);
    take(answers);
    shell.render();
  },
});

/** What is derived from several answers. */
function take({ status, lanes, peers, bans, consensus }) {
  const seconds = performance.now() / 1000;
  const time = Math.round(Date.now() / 1000);
  if (status) {
    poller.links = status.links.inbound + status.links.outbound;
    state.rates = trafficRates.of(seconds, { in: status.bytesIn, out: status.bytesOut });
    state.traffic.add(time, state.rates);
    state.blocks.onHead(typeof status.head === 'object' ? status.head : null);
  }
  if (lanes) {
    state.lanes.add(time, laneRates.of(seconds,
      Object.fromEntries(lanes.map((lane) => [lane.topic, lane.bytesIn + lane.bytesOut]))));
  }
  if (peers) {
    const rates = peerBytes.of(seconds,
      Object.fromEntries(peers.map((peer) => [peer.id, peer.bytesIn + peer.bytesOut])));
    state.peerRates = new Map(Object.entries(rates));
    state.journal.onPeers(peers);
  }
  if (bans) state.journal.onBans(bans);
  if (consensus?.evidence) state.journal.onEvidence(consensus.evidence);
}

startTheme(() => shell.rebuild());
document.addEventListener('visibilitychange', () => poller.look());
connection.open();
