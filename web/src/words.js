// The language of the page: that of the browser, or what was chosen here.
import en from './words/en.js';
import zh from './words/zh.js';
import { recall, remember } from './memory.js';

const all = { en, zh };

function chosen() {
  const stored = recall('language');
  if (stored in all) return stored;
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) &&
    !navigator.languages[0].toLowerCase().startsWith('en') ? 'zh' : 'en';
}

let current = chosen();

export const language = () => current;
export const words = () => all[current];

export function useLanguage(next) {
  current = next;
  remember('language', next);
}
