# web3.py 8. Prints a JSON object a line for each check: {"check", "detail"} or {"check", "error"},
# and {"check": "proof", "proof", "block"} for others to verify.
#
#   wallets_check.py HTTP_URL WEB_SOCKET_URL UNIX_SOCKET PRIVATE_KEY

import asyncio
import json
import re
import sys
import time

from web3 import AsyncWeb3, IPCProvider, Web3, WebSocketProvider
from web3.exceptions import TransactionNotFound, Web3Exception
from web3.middleware import SignAndSendRawMiddlewareBuilder

http_url, web_socket_url, unix_socket, private_key = sys.argv[1:]
receiver = "0x00000000000000000000000000000000C0FfeE00"
gwei = 10**9
ether = 10**18

w3 = Web3(Web3.HTTPProvider(http_url))
account = w3.eth.account.from_key(private_key)
w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
w3.eth.default_account = account.address

fees = {"maxFeePerGas": 20 * gwei, "maxPriorityFeePerGas": gwei}
raised = {"maxFeePerGas": 40 * gwei, "maxPriorityFeePerGas": 2 * gwei}
plain = {"from": account.address, "to": receiver, "value": 1, "gas": 21_000}


def send(more):
    return w3.eth.send_transaction({**plain, **fees, **more})


def mined(tx_hash):
    return w3.eth.wait_for_transaction_receipt(tx_hash, timeout=20, poll_latency=0.1)


def next_nonce():
    return w3.eth.get_transaction_count(account.address, "pending")


def signed(more):
    transaction = {**plain, **fees, "type": 2, "chainId": w3.eth.chain_id, **more}
    del transaction["from"]
    return account.sign_transaction(transaction).raw_transaction


def check_equal(actual, expected, what):
    assert actual == expected, f"{what}: expected {expected}, and it is {actual}"


def words(pattern, act):
    """What is shown when `act` fails; it must have these words."""
    try:
        act()
    except (Web3Exception, ValueError) as error:
        text = f"{type(error).__name__}: {error}"
        assert re.search(pattern, text), f"its words are {pattern}: {text}"
        return text
    raise AssertionError("nothing is raised")


def replaced(other):
    nonce = next_nonce()
    first = send({"nonce": nonce + 1})
    second = send({"nonce": nonce + 1, **raised, **other})
    send({"nonce": nonce})
    mined(second)
    try:
        w3.eth.get_transaction_receipt(first)
    except TransactionNotFound as error:
        return f"of the first: {error}"
    raise AssertionError("the first has a receipt")


def connect():
    assert w3.is_connected(), "it is connected"
    return f"chain {w3.eth.chain_id}, {w3.client_version}"


def reads():
    block = w3.eth.get_block("latest", True)
    check_equal(w3.eth.get_block(block["hash"])["number"], block["number"], "the number by hash")
    assert w3.eth.get_balance(account.address, block["number"] - 1) > 9 * ether, "a balance"
    check_equal(w3.eth.get_code(receiver), b"", "the code")
    check_equal(int.from_bytes(w3.eth.get_storage_at(receiver, 0), "big"), 0, "a slot")
    check_equal(w3.eth.get_logs({"fromBlock": 0}), [], "logs")
    check_equal(w3.eth.call({"to": receiver, "value": 1}), b"", "a call")
    check_equal(w3.eth.estimate_gas({"to": receiver, "value": 1}), 21_000, "the gas")
    check_equal(w3.eth.syncing, False, "whether it syncs")
    history = w3.eth.fee_history(4, "latest", [25, 75])
    check_equal(len(history["baseFeePerGas"]), len(history["gasUsedRatio"]) + 1, "the fee history")
    w3.eth.get_block_receipts("latest")
    w3.geth.txpool.content()
    return f"gas price {w3.eth.gas_price}, tip {w3.eth.max_priority_fee}"


def bare():
    before = w3.eth.get_balance(receiver)
    receipt = mined(w3.eth.send_transaction({"to": receiver, "value": 1000}))
    check_equal(receipt["status"], 1, "the status")
    check_equal(w3.eth.get_balance(receiver), before + 1000, "the balance of the receiver")
    return f"type {receipt['type']}, gas {receipt['gasUsed']}, block {receipt['blockNumber']}"


def legacy():
    receipt = mined(w3.eth.send_transaction({**plain, "gasPrice": w3.eth.gas_price}))
    check_equal(receipt["type"], 0, "the type")
    return f"paid {receipt['effectiveGasPrice']} a gas"


def access_list():
    keys = [{"address": receiver, "storageKeys": ["0x" + "00" * 32]}]
    receipt = mined(w3.eth.send_transaction({"to": receiver, "value": 1, "accessList": keys,
                                             "gasPrice": w3.eth.gas_price}))
    check_equal(receipt["type"], 1, "the type")
    return f"gas {receipt['gasUsed']}"


def dynamic_fees():
    receipt = mined(send({}))
    check_equal(receipt["type"], 2, "the type")
    return f"paid {receipt['effectiveGasPrice']} a gas"


async def first_of(live, kind, count, act=None):
    """The results of a subscription, until there are `count` of them."""
    subscription = await live.eth.subscribe(kind)
    if act:
        act()
    seen = []
    async with asyncio.timeout(20):
        async for message in live.socket.process_subscriptions():
            seen.append(message["result"])
            if len(seen) >= count:
                break
    assert await live.eth.unsubscribe(subscription), "the subscription ends"
    return seen


async def heads_over(provider):
    async with AsyncWeb3(provider) as live:
        check_equal(await live.eth.chain_id, w3.eth.chain_id, "the chain id")
        seen = await first_of(live, "newHeads", 3)
        check_equal(seen[2]["parentHash"], seen[1]["hash"], "the parent of the third")
        return "blocks " + ", ".join(str(head["number"]) for head in seen)


async def pending_over(provider):
    async with AsyncWeb3(provider) as live:
        sent = []
        seen = await first_of(live, "newPendingTransactions", 1, lambda: sent.append(send({})))
        check_equal(seen, sent, "the hash that is told")
        mined(sent[0])
        return "0x" + seen[0].hex().removeprefix("0x")[:8] + "…"


def heads():
    return asyncio.run(heads_over(WebSocketProvider(web_socket_url)))


def pending():
    return asyncio.run(pending_over(WebSocketProvider(web_socket_url)))


def ipc():
    from web3 import AsyncIPCProvider

    number = Web3(IPCProvider(unix_socket)).eth.block_number
    return f"block {number}, and " + asyncio.run(heads_over(AsyncIPCProvider(unix_socket)))


def filters():
    blocks = w3.eth.filter("latest")
    waiting = w3.eth.filter("pending")
    logs = w3.eth.filter({"address": receiver})
    tx_hash = send({})
    receipt = mined(tx_hash)
    hashes = blocks.get_new_entries()
    assert receipt["blockHash"] in hashes, "its block is told"
    assert tx_hash in waiting.get_new_entries(), "it is told"
    check_equal(logs.get_all_entries(), [], "the logs")
    for one in (blocks, waiting, logs):
        assert w3.eth.uninstall_filter(one.filter_id), "the filter ends"
    return f"{len(hashes)} blocks"


def nonce_too_low():
    return words("nonce too low", lambda: send({"nonce": 0}))


def insufficient_funds():
    much = 100 * ether
    words("insufficient funds", lambda: w3.eth.send_transaction({"to": receiver, "value": much}))
    return words("insufficient funds", lambda: send({"value": much}))


def underpriced():
    nonce = next_nonce()
    waits = send({"nonce": nonce + 1})
    text = words("replacement transaction underpriced",
                 lambda: send({"nonce": nonce + 1, "value": 2}))
    send({"nonce": nonce})
    mined(waits)
    return text


def already_known():
    nonce = next_nonce()
    waits = signed({"nonce": nonce + 1})
    tx_hash = w3.eth.send_raw_transaction(waits)
    text = words("already known", lambda: w3.eth.send_raw_transaction(waits))
    send({"nonce": nonce})
    mined(tx_hash)
    return text


def intrinsic_gas():
    return words("intrinsic gas too low", lambda: send({"gas": 20_999}))


def wrong_chain():
    raw = signed({"nonce": 0, "chainId": 1})
    return words("(?i)chain id", lambda: w3.eth.send_raw_transaction(raw))


def tip_above_fee():
    raw = signed({"nonce": next_nonce(), "maxFeePerGas": 1, "maxPriorityFeePerGas": 2})
    return words("max priority fee per gas higher than max fee per gas",
                 lambda: w3.eth.send_raw_transaction(raw))


def gas_limit():
    return words("exceeds block gas limit", lambda: send({"gas": 40_000_000}))


def creation():
    return words("creates no contracts", lambda: w3.eth.send_transaction({"data": "0x6001"}))


def proof():
    number = w3.eth.block_number
    given = json.loads(Web3.to_json(w3.eth.get_proof(account.address, [], number)))
    # Numbers of JSON would lose digits on their way.
    return {"proof": {**given, "balance": str(given["balance"])}, "block": hex(number)}


checks = {
    "connect": connect, "reads": reads, "bare": bare, "legacy": legacy, "accessList": access_list,
    "fees": dynamic_fees, "replace": lambda: replaced({"value": 2}),
    "cancel": lambda: replaced({"to": account.address, "value": 0}), "heads": heads,
    "pending": pending, "ipc": ipc, "filters": filters, "proof": proof,
    "nonceTooLow": nonce_too_low, "insufficientFunds": insufficient_funds,
    "underpriced": underpriced, "alreadyKnown": already_known, "intrinsicGas": intrinsic_gas,
    "wrongChain": wrong_chain, "tipAboveFee": tip_above_fee, "gasLimit": gas_limit,
    "creation": creation,
}

for name, check in checks.items():
    began = time.monotonic()
    try:
        detail = check()
        line = {"check": name, **(detail if isinstance(detail, dict) else {"detail": detail})}
    except Exception as error:  # of any library: it is told, and the next check goes on
        line = {"check": name, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), flush=True)
