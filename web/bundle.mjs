// ./dev web: makes web/bundle of web/src; --check: says whether it is what the sources make.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

/** What is to be in the bundle: bytes by name. */
export async function makeBundle() {
  const of = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  const license = readFileSync(join(root, 'node_modules/uplot/LICENSE'), 'utf8').trim();
  const options = {
    absWorkingDir: root, bundle: true, minify: true, write: false, charset: 'utf8', target: 'es2022',
    legalComments: 'none', logLevel: 'warning',
  };
  const bytesOf = async (more) => (await build({ ...options, ...more })).outputFiles[0].text;
  return {
    'index.html': readFileSync(join(here, 'index.html'), 'utf8'),
    'page.js': await bytesOf({
      entryPoints: ['web/src/main.js'], format: 'iife',
      banner: { js: `/*!\nWith uPlot ${of('uplot').version}:\n\n${license}\n*/` },
    }),
    'page.css': await bytesOf({ entryPoints: ['web/style.css'] }),
  };
}

/** Of what is in the tree: {bytes, compressed} by name. The node serves the bytes as they are. */
export function compressedSizes() {
  return Object.fromEntries(['index.html', 'page.js', 'page.css'].map((name) => {
    const text = readFileSync(join(here, 'bundle', name));
    return [name, { bytes: text.length, compressed: gzipSync(text).length }];
  }));
}

async function main() {
  const check = process.argv.includes('--check');
  const differing = [];
  mkdirSync(join(here, 'bundle'), { recursive: true });
  for (const [name, text] of Object.entries(await makeBundle())) {
    const path = join(here, 'bundle', name);
    if (check && readFileSync(path, 'utf8') !== text) differing.push(name);
    if (!check) writeFileSync(path, text);
    console.log(`web/bundle/${name}: ${text.length} characters`);
  }
  if (differing.length === 0) return;
  console.error(`web/bundle is not what web/src makes: ${differing.join(', ')}; ./dev web makes it anew`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
