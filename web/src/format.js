// Numbers, sizes, times and names as people read them, in the language of the page.
import { language, words } from './words.js';

const formats = new Map();
function kept(name, make) {
  const key = `${language()}/${name}`;
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}
const numberFormat = (digits) => kept(digits,
  () => new Intl.NumberFormat(language(), { maximumFractionDigits: digits }));
const clockFormat = () => kept('clock',
  () => new Intl.DateTimeFormat(language(), { hourCycle: 'h23', timeStyle: 'medium' }));

export const none = '–';

/** 12,345 */
export const count = (value) => value === null || value === undefined
  ? none : numberFormat(0).format(value);

/** Three figures that count. */
function figures(value) {
  const digits = value >= 100 || value === 0 ? 0 : value >= 10 ? 1 : 2;
  return numberFormat(digits).format(value);
}

/** 1.25 MB */
export function bytes(value) {
  if (value === null || value === undefined) return none;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? count(Math.round(rest)) : figures(rest)} ${units[unit]}`;
}

/** 1.25 MB/s */
export const rate = (value) => value === null || value === undefined ? none : `${bytes(value)}/s`;

/** 0.31 ms */
export const milliseconds = (value) => value === null || value === undefined
  ? none : value >= 1000 ? `${figures(value / 1000)} s` : `${figures(value)} ms`;

/** 3 s, 5 min, 2 h 10 min, 3 d 4 h */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return none;
  const whole = Math.max(0, Math.floor(seconds));
  const { second, minute, hour, day } = words().units;
  const part = (value, unit) => `${value} ${unit}`;
  if (whole < 60) return part(whole, second);
  if (whole < 3600) return part(Math.floor(whole / 60), minute);
  const two = (big, bigUnit, small, smallUnit) =>
    small === 0 ? part(big, bigUnit) : `${part(big, bigUnit)} ${part(small, smallUnit)}`;
  if (whole < 86_400) {
    return two(Math.floor(whole / 3600), hour, Math.floor(whole % 3600 / 60), minute);
  }
  return two(Math.floor(whole / 86_400), day, Math.floor(whole % 86_400 / 3600), hour);
}

/** 3 s ago, or now. */
export const ago = (seconds) => seconds < 1 ? words().now : words().ago(duration(seconds));

/** A price for a unit of gas, from a quantity or a number of wei. */
export function price(wei) {
  const value = Number(wei);
  if (value < 1e5) return `${count(value)} wei`;
  return `${figures(value / 1e9)} gwei`;
}

/** 0x12ab…9f01 */
export const shortHex = (text) => !text ? none
  : text.length <= 13 ? text : `${text.slice(0, 6)}…${text.slice(-4)}`;

/** What people call a peer: the name that its owner gave it, else the beginning of its ID. */
export const peerName = (peer) => peer.nodeName || peer.id.slice(0, 10);

/** 14:03:05 */
export const clock = (ms) => clockFormat().format(ms);

/** Of the day and the time. */
export const date = (seconds) => new Date(seconds * 1000).toLocaleString(language(),
  { hourCycle: 'h23', dateStyle: 'medium', timeStyle: 'short' });
