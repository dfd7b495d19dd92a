// Transactions for the demo, signed by ethers.js as any wallet would.

import { HDNodeWallet, Wallet } from 'ethers';

const wallets = 20;

/** `count` raw transactions with their hashes, from `wallets` accounts, in a random order. */
export async function makeTransactions(count, chainId, onProgress) {
  const made = [];
  const root = HDNodeWallet.createRandom();
  for (let w = 0; w < wallets; ++w) {
    const wallet = new Wallet(root.deriveChild(w).privateKey);
    for (let nonce = 0; nonce < count / wallets; ++nonce) {
      const legacy = (w + nonce) % 3 === 0;
      const price = 1_000_000_000n + BigInt(w * 1000 + nonce);
      const fees = legacy
        ? { type: 0, gasPrice: price }
        : { type: 2, maxFeePerGas: price, maxPriorityFeePerGas: price };
      const raw = await wallet.signTransaction(
        { chainId, nonce, gasLimit: 21_000, to: wallet.address, value: BigInt(nonce), ...fees });
      made.push(raw);
      if (made.length % 50 === 0) onProgress(made.length);
    }
  }
  for (let i = made.length - 1; i > 0; --i) {
    const j = Math.floor(Math.random() * (i + 1));
    [made[i], made[j]] = [made[j], made[i]];
  }
  return made;
}
