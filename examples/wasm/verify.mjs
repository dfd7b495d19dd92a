// Reads a balance from a node that nobody trusts: node verify.mjs VERIFIER.wasm URL HASH ACCOUNT,
// where HASH is that of a block that is trusted. Prints what is proven; the exit code is 1 if the
// node lies.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [file, url, hash, account] = process.argv.slice(2);

const rpc = async (method, ...params) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
};
const bytes = (hex) => Buffer.from(hex.slice(2), 'hex');
/** RLP of a string or a list of items that are encoded. */
const head = (size, short) => {
  if (size < 56) return Buffer.from([short + size]);
  const digits = bytes(`0x${size.toString(16).padStart(2 * Math.ceil(size.toString(16).length / 2), '0')}`);
  return Buffer.concat([Buffer.from([short + 55 + digits.length]), digits]);
};
const list = (items) => {
  const all = Buffer.concat(items);
  return Buffer.concat([head(all.length, 0xc0), all]);
};

const wasi = new WASI({ version: 'preview1' });
const { instance } = await WebAssembly.instantiate(await readFile(file), wasi.getImportObject());
wasi.initialize(instance);
const { memory, allocate, verify } = instance.exports;
const put = (data) => {
  const at = allocate(data.length);
  new Uint8Array(memory.buffer).set(data, at);
  return at;
};

const block = { blockHash: hash };
const header = bytes(await rpc('debug_getRawHeader', block));
const { accountProof } = await rpc('eth_getProof', account, [], block);
const proof = list(accountProof.map((node) => Buffer.concat([head(bytes(node).length, 0x80), bytes(node)])));
const balance = put(Buffer.alloc(32));
const verdict = verify(put(bytes(hash)), put(header), header.length, put(bytes(account)), put(proof),
  proof.length, balance);
if (verdict < 0) {
  console.log(verdict === -1 ? 'another header than the hash names' : 'a proof that does not hold');
  process.exit(1);
}
const wei = Buffer.from(memory.buffer, balance, 32).toString('hex');
console.log(`${BigInt(`0x${wei}`)} wei`);
