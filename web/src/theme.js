// Light, dark, or as the system is.
import { recall, remember } from './memory.js';

export const themes = ['auto', 'light', 'dark'];
const system = matchMedia('(prefers-color-scheme: dark)');

let current = themes.includes(recall('theme')) ? recall('theme') : 'auto';
let changed = () => {};

export const theme = () => current;

function apply() {
  const isDark = current === 'dark' || (current === 'auto' && system.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}

export function useTheme(next) {
  current = next;
  remember('theme', next);
  apply();
  changed();
}

/** `whenChanged` is for what does not read its colours from the style sheet: charts. */
export function startTheme(whenChanged) {
  changed = whenChanged;
  system.addEventListener('change', () => {
    apply();
    changed();
  });
}

/** A colour of the style sheet. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

apply();
