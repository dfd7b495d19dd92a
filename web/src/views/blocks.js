// Blocks as they come: who proposed each, and who signed it.
import { card, h, keyed, scroller, setAttributes, setText, show } from '../dom.js';
import * as format from '../format.js';
import { words } from '../words.js';

/** A validator keeps its colour as long as the set of them stays. */
export const colourOf = (validators, address) => {
  const place = validators?.indexOf(address) ?? -1;
  return place < 0 ? 'none' : place % 8 + 1;
};

export function makeBlocks() {
  const w = words().blocks;
  const columns = ['height', 'age', 'transactions', 'gas', 'proposer', 'signers'];
  const body = h('tbody', {});
  const table = h('table', {}, h('thead', {}, h('tr', {}, ...columns.map((name) =>
    h('th', { scope: 'col', class: name }, name === 'height' ? w.number : w[name])))), body);
  const empty = h('p', { class: 'empty' }, w.empty);

  const makeRow = () => h('tr', {},
    h('th', { scope: 'row', class: 'height' }),
    h('td', { class: 'age' }), h('td', { class: 'transactions' }),
    h('td', { class: 'gas' }, h('span', { class: 'meter' }, h('i', {})), h('span', {})),
    h('td', { class: 'proposer' }, h('i', { class: 'swatch' }), h('code', {}), h('small', {})),
    h('td', { class: 'signers' }, h('span', { class: 'seals', role: 'img' }), h('span', {})));

  function drawSigners(cell, { validators, signers, proposer, number }) {
    const [seals, text] = cell.children;
    if (!validators) {
      setText(text, format.none);
      return;
    }
    keyed(seals, validators, (one) => one, () => h('i', { class: 'seal' }), (seal, one) => {
      const signed = signers.includes(one);
      setAttributes(seal, {
        class: `seal series-${colourOf(validators, one)}${signed ? ' signed' : ''}` +
          `${one === proposer ? ' proposed' : ''}`,
        title: `${format.shortHex(one)}: ${signed ? w.signed : w.missing}` +
          `${one === proposer ? `, ${w.proposed}` : ''}`,
      });
    });
    const silent = validators.filter((one) => !signers.includes(one)).map(format.shortHex);
    const said = w.signedOf(format.count(signers.length), format.count(validators.length));
    setAttributes(seals, { 'aria-label': silent.length > 0 ? `${w.missing}: ${silent.join(', ')}` : said });
    show(text, `parley_blockSeals/${number}/signers`, said);
  }

  function drawRow(row, block) {
    const [number, age, transactions, gas, proposer, signers] = row.children;
    show(number, `parley_blockSeals/${block.number}/number`, format.count(block.number));
    setAttributes(number, { title: block.hash });
    setText(age, format.ago(Date.now() / 1000 - block.time));
    show(transactions, `eth_getBlockTransactionCountByNumber/${block.number}`, format.count(block.transactions));
    const part = block.gasLimit > 0 ? block.gasUsed / block.gasLimit : 0;
    gas.firstChild.firstChild.style.width = `${100 * part}%`;
    setText(gas.lastChild, `${Math.round(100 * part)} %`);
    const [swatch, code, small] = proposer.children;
    setAttributes(swatch, { class: `swatch series-${colourOf(block.validators, block.proposer)}` });
    setText(code, format.shortHex(block.proposer));
    setText(small, block.round > 0 ? w.round(format.count(block.round)) : '');
    drawSigners(signers, block);
  }

  function draw({ blocks, answers: { status } }) {
    const rows = blocks.newest;
    keyed(body, rows, ({ number }) => number, makeRow, drawRow);
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    element.hidden = Boolean(status) && typeof status.head !== 'object';
  }

  const element = card('blocks', w.title, null,
    scroller('blocks', table), empty);
  return { element, draw };
}
