// ledger: chains by go-ethereum, for `./dev interop ledger`.
//
//	ledger make FOLDER BLOCKS     genesis.json, blocks.rlp and summary.json of a new chain
//	ledger import GENESIS FILE    imports blocks; prints a summary
package main

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
)

const (
	accounts     = 20
	genesisTime  = 1_700_000_000
	blockSeconds = 10 // what GenerateChain leaves between two blocks
)

// summary is what both sides compare.
type summary struct {
	Number       uint64      `json:"number"`
	Hash         common.Hash `json:"hash"`
	StateRoot    common.Hash `json:"stateRoot"`
	Transactions int         `json:"transactions"`
	Seconds      float64     `json:"seconds"`
}

func engine() consensus.Engine { return beacon.New(ethash.NewFaker()) }

func key(i int) *ecdsa.PrivateKey {
	secret := make([]byte, 32)
	secret[0], secret[31] = 1, byte(i+1)
	made, err := crypto.ToECDSA(secret)
	check(err)
	return made
}

func address(i int) common.Address { return crypto.PubkeyToAddress(key(i).PublicKey) }

// genesis has Paris at first, then Shanghai, then Cancun.
func genesis(blocks uint64) *core.Genesis {
	zero := big.NewInt(0)
	shanghai := uint64(genesisTime + blocks*blockSeconds/3)
	cancun := uint64(genesisTime + 2*blocks*blockSeconds/3)
	config := &params.ChainConfig{
		ChainID: big.NewInt(7700), HomesteadBlock: zero, EIP150Block: zero, EIP155Block: zero,
		EIP158Block: zero, ByzantiumBlock: zero, ConstantinopleBlock: zero, PetersburgBlock: zero,
		IstanbulBlock: zero, BerlinBlock: zero, LondonBlock: zero, TerminalTotalDifficulty: zero,
		ShanghaiTime: &shanghai, CancunTime: &cancun,
		BlobScheduleConfig: &params.BlobScheduleConfig{Cancun: params.DefaultCancunBlobConfig},
	}
	out := &core.Genesis{
		Config: config, Timestamp: genesisTime, GasLimit: 30_000_000, Difficulty: zero,
		Alloc: types.GenesisAlloc{},
	}
	funds := new(big.Int).Mul(big.NewInt(1000), big.NewInt(params.Ether))
	for i := 0; i < accounts; i++ {
		out.Alloc[address(i)] = types.Account{Balance: funds}
	}
	// Kept and proven, never run.
	out.Alloc[common.Address{0xc0}] = types.Account{
		Balance: big.NewInt(1), Nonce: 1, Code: []byte{0x60, 0x00},
		Storage: map[common.Hash]common.Hash{{1}: {2}},
	}
	return out
}

func receiver(n uint64) common.Address {
	if n%3 == 0 {
		return address(int(n % accounts))
	}
	var out common.Address
	big.NewInt(int64(n%500 + 1000)).FillBytes(out[:]) // below are precompiled contracts
	return out
}

// transfer is one of the three kinds, of an account at its next nonce. Every fourth is a
// replacement: what a pool would have left of two, with its fees raised.
func transfer(b *core.BlockGen, n uint64) *types.Transaction {
	from := int(n % accounts)
	to := receiver(n)
	nonce := b.TxNonce(address(from))
	value := new(big.Int).SetUint64(n * 1_000_003 % 1_000_000_000_000)
	tip := big.NewInt(int64(params.GWei) * int64(1+n%5))
	if n%4 == 0 {
		tip = tip.Mul(tip, big.NewInt(2))
	}
	price := new(big.Int).Add(b.BaseFee(), tip)
	var data types.TxData
	switch n % 3 {
	case 0:
		data = &types.LegacyTx{Nonce: nonce, To: &to, Value: value, Gas: 30_000, GasPrice: price}
	case 1:
		list := types.AccessList{{Address: to, StorageKeys: []common.Hash{{byte(n)}}}}
		data = &types.AccessListTx{ChainID: big.NewInt(7700), Nonce: nonce, To: &to, Value: value,
			Gas: 40_000, GasPrice: price, AccessList: list}
	default:
		data = &types.DynamicFeeTx{ChainID: big.NewInt(7700), Nonce: nonce, To: &to, Value: value,
			Gas: 30_000, GasTipCap: tip, GasFeeCap: new(big.Int).Mul(price, big.NewInt(2)),
			Data: []byte{byte(n), 0, 1}}
	}
	signed, err := types.SignNewTx(key(from), b.Signer(), data)
	check(err)
	return signed
}

func makeChain(folder string, blocks int) {
	spec := genesis(uint64(blocks))
	shanghai := *spec.Config.ShanghaiTime
	var n uint64
	_, made, _ := core.GenerateChainWithGenesis(spec, engine(), blocks, func(i int, b *core.BlockGen) {
		b.SetCoinbase(common.Address{0xfe, byte(i % 3)})
		if b.Timestamp() >= shanghai && i%5 == 0 {
			b.AddWithdrawal(&types.Withdrawal{Validator: 1, Address: receiver(uint64(i)), Amount: 17})
		}
		if i%7 == 3 { // an empty block
			return
		}
		for range i%40 + 1 {
			b.AddTx(transfer(b, n))
			n++
		}
	})
	text, err := json.MarshalIndent(spec, "", "  ")
	check(err)
	check(os.WriteFile(filepath.Join(folder, "genesis.json"), text, 0o644))
	file, err := os.Create(filepath.Join(folder, "blocks.rlp"))
	check(err)
	for _, block := range made {
		check(rlp.Encode(file, block))
	}
	check(file.Close())
	last := made[len(made)-1]
	text, err = json.Marshal(summary{last.NumberU64(), last.Hash(), last.Root(), int(n), 0})
	check(err)
	check(os.WriteFile(filepath.Join(folder, "summary.json"), text, 0o644))
}

func readBlocks(path string) []*types.Block {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	var out []*types.Block
	for stream := rlp.NewStream(file, 0); ; {
		block := new(types.Block)
		if err := stream.Decode(block); err == io.EOF {
			return out
		} else {
			check(err)
		}
		out = append(out, block)
	}
}

func importChain(genesisPath, path string) {
	text, err := os.ReadFile(genesisPath)
	check(err)
	spec := new(core.Genesis)
	check(json.Unmarshal(text, spec))
	blocks := readBlocks(path)
	chain, err := core.NewBlockChain(rawdb.NewMemoryDatabase(), spec, engine(), nil)
	check(err)
	began := time.Now()
	_, err = chain.InsertChain(blocks)
	check(err)
	took := time.Since(began).Seconds()
	transactions := 0
	for _, block := range blocks {
		transactions += len(block.Transactions())
	}
	head := chain.CurrentBlock()
	out, err := json.Marshal(summary{head.Number.Uint64(), head.Hash(), head.Root, transactions, took})
	check(err)
	fmt.Println(string(out))
	chain.Stop()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("ledger: ")
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "make":
		blocks, err := strconv.Atoi(args[2])
		check(err)
		makeChain(args[1], blocks)
	case len(args) == 3 && args[0] == "import":
		importChain(args[1], args[2])
	default:
		log.Fatal("usage: ledger make FOLDER BLOCKS | import GENESIS FILE")
	}
}
