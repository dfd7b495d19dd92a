// Transactions for the demo, signed by ethers.js as any wallet would.

import { HDNodeWallet, Wallet } from 'ethers';

/** `count` new accounts. */
export function makeWallets(count) {
  const root = HDNodeWallet.createRandom();
  return Array.from({ length: count }, (_, i) => new Wallet(root.deriveChild(i).privateKey));
}

/** `count` raw transactions of these accounts, in a random order. */
export async function makeTransactions(wallets, count, chainId, onProgress) {
  const made = [];
  for (const [w, wallet] of wallets.entries()) {
    for (let nonce = 0; nonce < count / wallets.length; ++nonce) {
      const legacy = (w + nonce) % 3 === 0;
      const price = 2_000_000_000n + BigInt(w * 1000 + nonce);
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
