// Draws what the demo shows on a terminal as an SVG: docs/demo.svg is made by
//   script -qec "stty cols 110; ./dev demo --check" demo.txt
//   node tools/demo/picture.mjs < demo.txt > docs/demo.svg
// It takes the lines from the demo's title to its last statement, as they were in the end.

import { readFileSync } from 'node:fs';

const charWidth = 7.8;
const lineHeight = 19;
const margin = 18;
const barHeight = 30;
const colours = { 2: '#7d8590', 31: '#ff7b72', 32: '#3fb950' };
const text = '#e6edf3';

/** What is left of a line after all that overwrote it. */
function settled(line) {
  return line.replace(/\r$/, '').split('\r').at(-1).replaceAll('\x1b[2K', '');
}

/** Pieces of one colour each, without blanks around them: {column, text, bold, colour}. */
function pieces(line) {
  const out = [];
  let column = 0;
  let bold = false;
  let colour = text;
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    const code = /^\x1b\[([0-9;]*)m$/.exec(part)?.[1];
    if (code === undefined) {
      const blanks = part.length - part.trimStart().length;
      if (part.trim()) out.push({ column: column + blanks, text: part.trim(), bold, colour });
      column += [...part].length;
    } else if (code === '1') {
      bold = true;
    } else if (code === '0' || code === '') {
      bold = false;
      colour = text;
    } else {
      colour = colours[code] ?? text;
    }
  }
  return out;
}

const escape = (s) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(' ', '\u00a0');

function draw(piece, y) {
  const width = [...piece.text].length * charWidth;
  const x = margin + piece.column * charWidth;
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${piece.colour}"` +
    `${piece.bold ? ' font-weight="bold"' : ''} textLength="${width.toFixed(1)}"` +
    ` lengthAdjust="spacingAndGlyphs">${escape(piece.text)}</text>`;
}

const lines = readFileSync(0, 'utf8').split('\n').map(settled);
const first = lines.findIndex((line) => line.includes('a network on this machine'));
const last = lines.findLastIndex((line) => line.includes('every statement holds'));
if (first < 0 || last < first) throw new Error('this is not what ./dev demo --check prints');
const shown = lines.slice(first, last + 1).map(pieces);

const columns = Math.max(...shown.flat().map((p) => p.column + [...p.text].length));
const width = Math.ceil(columns * charWidth + 2 * margin);
const height = barHeight + shown.length * lineHeight + 2 * margin;
const dots = ['#ff5f57', '#febc2e', '#28c840']
  .map((c, i) => `<circle cx="${20 + 18 * i}" cy="16" r="5.5" fill="${c}"/>`).join('');
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
  `width="${width}" height="${height}" font-size="13" ` +
  'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace">\n' +
  '<title>What ./dev demo --check prints</title>\n' +
  `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>\n${dots}\n` +
  `<text x="${width / 2}" y="20" fill="#7d8590" text-anchor="middle">./dev demo</text>`);
shown.forEach((line, i) => {
  const y = barHeight + margin + (i + 0.75) * lineHeight;
  for (const piece of line) console.log(draw(piece, y));
});
console.log('</svg>');
