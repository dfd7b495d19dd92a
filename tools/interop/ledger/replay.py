"""Replays a chain with the executable specification of Ethereum (PyPI: ethereum-execution).

    replay.py GENESIS BLOCKS

Prints a summary as JSON; fails at the first block that the specification refuses.
"""

import dataclasses
import importlib
import json
import sys

import ethereum_rlp as rlp
from ethereum.crypto.hash import Hash32, keccak256
from ethereum_types.bytes import Bytes, Bytes8, Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint


def number(text):
    """A number in JSON, or hex or decimal digits in a string."""
    return int(text, 0) if isinstance(text, str) else text


def data(text, size=None):
    digits = text.removeprefix("0x")
    return bytes.fromhex(digits.rjust(2 * size, "0") if size else digits)


class Rules:
    """The modules of a fork."""

    def __init__(self, name):
        base = f"ethereum.forks.{name}."
        for module in ("fork", "blocks", "state", "trie", "fork_types"):
            setattr(self, module, importlib.import_module(base + module))


def schedule(config):
    """(time, name of the fork), ascending. All chains here begin after the merge."""
    out = [(0, "paris")]
    for name in ("shanghai", "cancun"):
        if (time := config.get(f"{name}Time")) is not None:
            out.append((number(time), name))
    return out


def fork_at(forks, time):
    return [name for begin, name in forks if begin <= time][-1]


def genesis_block(genesis, rules, state):
    for text, account in genesis["alloc"].items():
        address = rules.fork_types.Address(data(text))
        rules.state.set_account(
            state,
            address,
            rules.fork_types.Account(
                nonce=Uint(number(account.get("nonce", 0))),
                balance=U256(number(account["balance"])),
                code=Bytes(data(account.get("code", "0x"))),
            ),
        )
        for slot, value in account.get("storage", {}).items():
            rules.state.set_storage(
                state, address, Bytes32(data(slot, 32)), U256(int.from_bytes(data(value, 32), "big"))
            )
    empty = rules.trie.root(rules.trie.Trie(False, None))
    fields = {
        "parent_hash": Hash32(bytes(32)),
        "ommers_hash": keccak256(rlp.encode(())),
        "coinbase": rules.fork_types.Address(data(genesis.get("coinbase", "0x"), 20)),
        "state_root": rules.state.state_root(state),
        "transactions_root": empty,
        "receipt_root": empty,
        "bloom": rules.fork_types.Bloom(bytes(256)),
        "difficulty": Uint(number(genesis["difficulty"])),
        "number": Uint(0),
        "gas_limit": Uint(number(genesis["gasLimit"])),
        "gas_used": Uint(0),
        "timestamp": U256(number(genesis.get("timestamp", 0))),
        "extra_data": Bytes(data(genesis.get("extraData", "0x"))),
        "prev_randao": Bytes32(data(genesis.get("mixHash", "0x"), 32)),
        "nonce": Bytes8(number(genesis.get("nonce", 0)).to_bytes(8, "big")),
        "base_fee_per_gas": Uint(number(genesis.get("baseFeePerGas") or 10**9)),
        "withdrawals_root": empty,
        "blob_gas_used": U64(0),
        "excess_blob_gas": U64(0),
        "parent_beacon_block_root": Hash32(bytes(32)),
    }
    known = {field.name for field in dataclasses.fields(rules.blocks.Header)}
    header = rules.blocks.Header(**{name: fields[name] for name in fields if name in known})
    body = {"header": header, "transactions": (), "ommers": (), "withdrawals": ()}
    known = {field.name for field in dataclasses.fields(rules.blocks.Block)}
    return rules.blocks.Block(**{name: body[name] for name in body if name in known})


def carry_over(chain, rules):
    """The same chain and state in the types of another fork: each has its own."""
    state = rules.state.State()
    for address, account in chain.state._main_trie._data.items():
        rules.state.set_account(
            state,
            address,
            rules.fork_types.Account(
                nonce=account.nonce, balance=account.balance, code=account.code
            ),
        )
    for address, slots in chain.state._storage_tries.items():
        for slot, value in slots._data.items():
            rules.state.set_storage(state, address, slot, value)
    return rules.fork.BlockChain(blocks=chain.blocks, state=state, chain_id=chain.chain_id)


def items(raw):
    """The RLP items of a file, one after the other."""
    at = 0
    while at < len(raw):
        first = raw[at]
        width = max(0, first - 0xF7)
        size = int.from_bytes(raw[at + 1 : at + 1 + width], "big") if width else first - 0xC0
        end = at + 1 + width + size
        yield raw[at:end]
        at = end


def time_of(raw_block):
    return int.from_bytes(rlp.decode(raw_block)[0][11], "big")


def main(genesis_path, blocks_path):
    with open(genesis_path, encoding="utf-8") as file:
        genesis = json.load(file)
    with open(blocks_path, "rb") as file:
        raw = file.read()
    forks = schedule(genesis["config"])
    rules = {name: Rules(name) for _, name in forks}
    name = fork_at(forks, number(genesis.get("timestamp", 0)))
    state = rules[name].state.State()
    chain = rules[name].fork.BlockChain(
        blocks=[genesis_block(genesis, rules[name], state)],
        state=state,
        chain_id=U64(number(genesis["config"]["chainId"])),
    )
    transactions = 0
    for raw_block in items(raw):
        wanted = fork_at(forks, time_of(raw_block))
        if wanted != name:
            chain = carry_over(chain, rules[wanted])
            name = wanted
        block = rlp.decode_to(rules[name].blocks.Block, raw_block)
        transactions += len(block.transactions)
        try:
            rules[name].fork.state_transition(chain, block)
        except Exception as error:
            sys.exit(f"block {block.header.number}: {type(error).__name__}: {error}")
    head = chain.blocks[-1].header
    print(
        json.dumps(
            {
                "number": int(head.number),
                "hash": "0x" + keccak256(rlp.encode(head)).hex(),
                "stateRoot": "0x" + head.state_root.hex(),
                "transactions": transactions,
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: replay.py GENESIS BLOCKS")
    main(*sys.argv[1:])
