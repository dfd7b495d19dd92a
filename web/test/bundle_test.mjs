// The bundle in the tree is what the sources make, byte for byte, and what the sources are made of
// keeps to the rules that the page's safety rests on.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compressedSizes, makeBundle } from '../bundle.mjs';
import en from '../src/words/en.js';
import zh from '../src/words/zh.js';

const web = fileURLToPath(new URL('..', import.meta.url));

test('web/bundle is what web/src makes (./dev web makes it anew)', async () => {
  for (const [name, text] of Object.entries(await makeBundle())) {
    assert.equal(readFileSync(join(web, 'bundle', name), 'utf8'), text, name);
  }
});

test('the page is small: at most 150 KiB, compressed', () => {
  const sizes = compressedSizes();
  assert.deepEqual(Object.keys(sizes).sort(), readdirSync(join(web, 'bundle')).sort());
  const sum = Object.values(sizes).reduce((all, { compressed }) => all + compressed, 0);
  assert.ok(sum <= 150 * 1024, `${sum} bytes`);
});

test('nothing that is said by others can become markup or code', () => {
  const sources = readdirSync(join(web, 'src'), { recursive: true }).filter((name) => name.endsWith('.js'));
  assert.ok(sources.length > 10);
  for (const name of sources) {
    const text = readFileSync(join(web, 'src', name), 'utf8');
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\('style'/, name);
  }
});

test('both languages have the same words', () => {
  const shape = (value, path = '') => typeof value === 'object'
    ? Object.entries(value).flatMap(([name, part]) => shape(part, `${path}/${name}`))
    : [`${path}: ${typeof value}${typeof value === 'function' ? value.length : ''}`];
  assert.deepEqual(shape(zh), shape(en));
});
