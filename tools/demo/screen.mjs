// What the demo draws: steps with a line that moves while they run, and a table at the end.

const terminal = process.stdout.isTTY;
const paint = (code, text) => (terminal ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = (text) => paint('1', text);
export const dim = (text) => paint('2', text);
export const green = (text) => paint('32', text);
export const red = (text) => paint('31', text);

export function bar(part, whole, width = 24) {
  const full = Math.round((width * Math.min(part, whole)) / whole);
  return green('━'.repeat(full)) + dim('─'.repeat(width - full));
}

/** A step of the story: `update` moves its line, `done` settles it. */
export class Step {
  /** `announce`: without a terminal, say that it begins. */
  constructor(title, announce = true) {
    this.title = title;
    this.began = Date.now();
    this.shown = '';
    if (terminal) this.draw('…');
    else if (announce) console.log(`  … ${title}`);
  }

  seconds() { return (Date.now() - this.began) / 1000; }

  time() {
    const seconds = this.seconds();
    return seconds < 0.1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
  }

  draw(mark, detail = '') {
    const line = `  ${mark} ${this.title.padEnd(46)} ${detail}`;
    if (line === this.shown) return;
    this.shown = line;
    process.stdout.write(`\r\x1b[2K${line}`);
  }

  update(detail) { if (terminal) this.draw('…', detail); }

  done(detail = '') { this.settle(green('✓'), detail, dim(this.time())); }
  failed(detail) { this.settle(red('✗'), detail); }

  settle(mark, detail, time = '') {
    const end = [detail, time].filter((part) => part).join(' ');
    if (terminal) { this.draw(mark, end); process.stdout.write('\n'); }
    else console.log(`  ${mark} ${this.title}${detail && ':'} ${end}`);
  }
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

export function table(head, rows) {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => String(r[i]).length)));
  const line = (cells) => '  ' + cells.map((c, i) =>
    (i === 0 ? String(c).padEnd(widths[i]) : String(c).padStart(widths[i]))).join('   ');
  console.log();
  console.log(bold(line(head)));
  for (const row of rows) console.log(line(row));
  console.log();
}
