// The forms that Ethereum's execution API (OpenRPC, ethereum/execution-apis) and go-ethereum give to
// replies, as far as this node has the methods. A form is a function: of a value and its place it
// gives what does not fit, or nothing.

const shown = (value) => JSON.stringify(value)?.slice(0, 60);
const is = (name, fits) => (value, place) =>
  (fits(value) ? undefined : `${place}: expected ${name}, got ${shown(value)}`);
const matches = (name, pattern) => is(name, (value) => typeof value === 'string' && pattern.test(value));

const quantity = matches('a quantity', /^0x(0|[1-9a-f][0-9a-f]{0,63})$/);
const word = matches('a quantity below 2^64', /^0x(0|[1-9a-f][0-9a-f]{0,15})$/);
const data = matches('data', /^0x([0-9a-f]{2})*$/);
const bytes = (count) => matches(`${count} bytes`, new RegExp(`^0x[0-9a-f]{${2 * count}}$`));
const hash = bytes(32);
const address = matches('an address', /^0x[0-9a-fA-F]{40}$/);
const decimal = matches('a decimal number', /^(0|[1-9][0-9]*)$/);
const text = is('a string', (value) => typeof value === 'string');
const flag = is('true or false', (value) => typeof value === 'boolean');
const nothing = is('null', (value) => value === null);
const number = is('a number from 0', (value) => Number.isInteger(value) && value >= 0);
const ratio = is('a ratio', (value) => typeof value === 'number' && value >= 0 && value <= 1);

const either = (...forms) => (value, place) => {
  const faults = forms.map((form) => form(value, place));
  return faults.includes(undefined) ? undefined : faults.at(-1);
};
const orNull = (form) => either(nothing, form);
const list = (form) => (value, place) => {
  if (!Array.isArray(value)) return `${place}: expected an array, got ${shown(value)}`;
  for (const [i, one] of value.entries()) {
    const fault = form(one, `${place}[${i}]`);
    if (fault) return fault;
  }
  return undefined;
};
/** With all of `members`, perhaps some of `more`, and nothing else. */
const object = (members, more = {}) => (value, place) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${place}: expected an object, got ${shown(value)}`;
  }
  for (const name of Object.keys(members)) {
    if (!(name in value)) return `${place}.${name}: is missing`;
  }
  for (const [name, member] of Object.entries(value)) {
    const form = members[name] ?? more[name];
    if (!form) return `${place}.${name}: is not in the schema`;
    const fault = form(member, `${place}.${name}`);
    if (fault) return fault;
  }
  return undefined;
};
const mapOf = (form) => (value, place) => list(form)(Object.values(value ?? {}), place);

const accessList = list(object({ address, storageKeys: list(hash) }));
const common = { nonce: quantity, gas: quantity, value: quantity, input: data,
  to: orNull(address), gasPrice: quantity };
const byType = {
  '0x0': [{ v: quantity }, { chainId: quantity }],
  '0x1': [{ accessList, chainId: quantity, yParity: quantity }, { v: quantity }],
  '0x2': [{ accessList, chainId: quantity, yParity: quantity, maxFeePerGas: quantity,
    maxPriorityFeePerGas: quantity }, { v: quantity }],
};
const typed = (make) => (value, place) => {
  const known = byType[value?.type];
  if (!known) return `${place}.type: expected 0x0, 0x1 or 0x2, got ${shown(value?.type)}`;
  return make(...known)(value, place);
};
const signature = { type: quantity, r: quantity, s: quantity };
const placed = { blockHash: hash, blockNumber: quantity, blockTimestamp: quantity,
  transactionIndex: quantity };
const waiting = Object.fromEntries(Object.keys(placed).map((name) => [name, nothing]));
const transactionWith = (place) => typed((members, more) =>
  object({ ...common, ...signature, ...members, ...place, from: address, hash }, more));
const mined = transactionWith(placed);
const transaction = either(transactionWith(waiting), mined);
const unsigned = typed(({ yParity, v, ...members }, { v: none, ...more }) =>
  object({ ...common, ...members, type: quantity }, more));

const header = { hash, parentHash: hash, sha3Uncles: hash, miner: address, stateRoot: hash,
  transactionsRoot: hash, receiptsRoot: hash, logsBloom: bytes(256), number: quantity,
  gasLimit: quantity, gasUsed: quantity, timestamp: quantity, extraData: data, mixHash: hash,
  nonce: bytes(8) };
const laterFields = { difficulty: quantity, baseFeePerGas: quantity, withdrawalsRoot: hash,
  blobGasUsed: quantity, excessBlobGas: quantity, parentBeaconBlockRoot: hash };
const withdrawal = object({ index: word, validatorIndex: word, address, amount: quantity });
const block = object(
  { ...header, size: quantity, transactions: either(list(hash), list(mined)), uncles: list(hash) },
  { ...laterFields, withdrawals: list(withdrawal) });
const log = object({ transactionHash: hash }, { removed: flag, logIndex: quantity,
  transactionIndex: quantity, blockHash: hash, blockNumber: quantity, blockTimestamp: quantity,
  address, data, topics: list(hash) });
const receipt = object(
  { blockHash: hash, blockNumber: quantity, from: address, cumulativeGasUsed: quantity,
    gasUsed: quantity, logs: list(log), logsBloom: bytes(256), transactionHash: hash,
    transactionIndex: quantity, effectiveGasPrice: quantity },
  { type: quantity, to: orNull(address), contractAddress: orNull(address), status: quantity,
    blobGasUsed: quantity, blobGasPrice: quantity });
const proof = object({ address, accountProof: list(data), balance: quantity, codeHash: hash,
  nonce: word, storageHash: hash,
  storageProof: list(object({ key: matches('a slot', /^0x[0-9a-f]{0,64}$/), value: quantity,
    proof: list(data) })) });
const progress = object({ startingBlock: quantity, currentBlock: quantity, highestBlock: quantity });
const rules = object({ activationTime: number, chainId: quantity, forkId: bytes(4),
  precompiles: mapOf(address), systemContracts: mapOf(address),
  blobSchedule: orNull(object({ baseFeeUpdateFraction: number, max: number, target: number })) });
const feeHistory = object({ oldestBlock: quantity, baseFeePerGas: list(quantity),
  gasUsedRatio: list(ratio) }, { baseFeePerBlobGas: list(quantity), blobGasUsedRatio: list(ratio),
  reward: list(list(quantity)) });
const pool = object({ pending: mapOf(mapOf(transaction)), queued: mapOf(mapOf(transaction)) });

/** Of each method's result. */
export const results = {
  eth_accounts: list(address),
  eth_blobBaseFee: quantity,
  eth_blockNumber: quantity,
  eth_call: data,
  eth_chainId: quantity,
  eth_config: object({ current: rules, next: orNull(rules), last: orNull(rules) }),
  eth_estimateGas: quantity,
  eth_feeHistory: feeHistory,
  eth_fillTransaction: object({ tx: unsigned }, { raw: data }),
  eth_gasPrice: quantity,
  eth_getAccountInfo: object({ balance: quantity, nonce: word, code: data }),
  eth_getBalance: quantity,
  eth_getBlockByHash: orNull(block),
  eth_getBlockByNumber: orNull(block),
  eth_getBlockReceipts: orNull(list(receipt)),
  eth_getBlockTransactionCountByHash: orNull(quantity),
  eth_getBlockTransactionCountByNumber: orNull(quantity),
  eth_getCode: data,
  eth_getFilterChanges: either(list(hash), list(log)),
  eth_getFilterLogs: list(log),
  eth_getLogs: list(log),
  eth_getProof: proof,
  eth_getStorageAt: hash,
  eth_getTransactionByBlockHashAndIndex: orNull(mined),
  eth_getTransactionByBlockNumberAndIndex: orNull(mined),
  eth_getTransactionByHash: orNull(transaction),
  eth_getTransactionCount: quantity,
  eth_getTransactionReceipt: orNull(receipt),
  eth_getUncleByBlockHashAndIndex: nothing,
  eth_getUncleByBlockNumberAndIndex: nothing,
  eth_getUncleCountByBlockHash: orNull(quantity),
  eth_getUncleCountByBlockNumber: orNull(quantity),
  eth_maxPriorityFeePerGas: quantity,
  eth_newBlockFilter: quantity,
  eth_newFilter: quantity,
  eth_newPendingTransactionFilter: quantity,
  eth_sendRawTransaction: hash,
  eth_subscribe: quantity,
  eth_syncing: either(is('false', (value) => value === false), progress),
  eth_uninstallFilter: flag,
  eth_unsubscribe: flag,
  net_listening: flag,
  net_peerCount: quantity,
  net_version: decimal,
  txpool_content: pool,
  txpool_status: object({ pending: quantity, queued: quantity }),
  web3_clientVersion: text,
};

/** Of what subscriptions are told. */
export const notices = {
  newHeads: object(header, laterFields),
  newPendingTransactions: either(hash, transactionWith(waiting)),
  syncing: either(is('false', (value) => value === false),
    object({ syncing: flag, status: progress })),
};

const error = object({ code: is('a number', Number.isInteger), message: text }, { data: () => undefined });

/** What does not fit in the reply to one request; nothing if all does. */
export function faultOfReply(request, reply) {
  const { jsonrpc, id, ...rest } = reply ?? {};
  if (jsonrpc !== '2.0') return `jsonrpc: expected "2.0", got ${shown(jsonrpc)}`;
  if (id !== request.id) return `id: expected ${shown(request.id)}, got ${shown(id)}`;
  const names = Object.keys(rest).join();
  if (names === 'error') return error(rest.error, 'error');
  if (names !== 'result') return `expected a result or an error, got ${names || 'neither'}`;
  const form = results[request.method];
  return form ? form(rest.result, 'result') : `${request.method} has no schema here`;
}
