// Command log-db fills op-supervisor's log database with made-up logs, looks some of them up, and prints what that took as JSON.
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"

	"github.com/ethereum-optimism/optimism/op-service/eth"
	"github.com/ethereum-optimism/optimism/op-supervisor/supervisor/backend/db/logs"
	"github.com/ethereum-optimism/optimism/op-supervisor/supervisor/types"
)

type noMetrics struct{}

func (noMetrics) RecordDBEntryCount(string, int64) {}
func (noMetrics) RecordDBSearchEntriesRead(int64)  {}

const chain = 901

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func blockHash(number uint64) (hash common.Hash) {
	binary.BigEndian.PutUint64(hash[:8], number+1)
	return hash
}

func logHash(index uint64) common.Hash {
	var bytes [8]byte
	binary.BigEndian.PutUint64(bytes[:], index)
	return crypto.Keccak256Hash(bytes[:])
}

func main() {
	folder := flag.String("folder", "", "where the database is made")
	total := flag.Uint64("logs", 200_000, "logs")
	each := flag.Uint64("per-block", 100, "logs of a block")
	every := flag.Uint64("executing", 10, "each so many logs one executes a message")
	lookups := flag.Uint64("lookups", 20_000, "messages that are looked for")
	flag.Parse()

	path := filepath.Join(*folder, "log.db")
	id := eth.ChainIDFromUInt64(chain)
	logger := log.NewLogger(log.DiscardHandler())
	db, err := logs.NewFromFile(logger, noMetrics{}, id, path, true)
	must(err)
	blocks := *total / *each
	begun := time.Now()
	must(db.SealBlock(common.Hash{}, eth.BlockID{Hash: blockHash(0)}, 1000))
	for number := uint64(1); number <= blocks; number++ {
		parent := eth.BlockID{Hash: blockHash(number - 1), Number: number - 1}
		for index := uint64(0); index < *each; index++ {
			var message *types.ExecutingMessage
			if index%*every == 0 {
				message = &types.ExecutingMessage{ChainID: id, BlockNum: number, LogIdx: uint32(index), Timestamp: 1000}
			}
			must(db.AddLog(logHash(number**each+index), parent, uint32(index), message))
		}
		must(db.SealBlock(parent.Hash, eth.BlockID{Hash: blockHash(number), Number: number}, 1000+2*number))
	}
	appended := time.Since(begun)
	must(db.Close())

	db, err = logs.NewFromFile(logger, noMetrics{}, id, path, true)
	must(err)
	took := make([]float64, 0, *lookups)
	for i := uint64(0); i < *lookups; i++ {
		at := (i * 2_654_435_761) % (blocks * *each)
		number, index := 1 + at / *each, at%*each
		query := types.ContainsQuery{Timestamp: 1000 + 2*number, BlockNum: number, LogIdx: uint32(index)}
		query.Checksum = types.ChecksumArgs{
			BlockNumber: number, LogIndex: uint32(index), Timestamp: query.Timestamp, ChainID: id,
			LogHash: logHash(number**each + index),
		}.Checksum()
		asked := time.Now()
		_, err := db.Contains(query)
		took = append(took, float64(time.Since(asked).Nanoseconds())/1e6)
		must(err)
	}
	sort.Float64s(took)
	info, err := os.Stat(path)
	must(err)
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"bytes": info.Size(), "appendMs": float64(appended.Microseconds()) / 1e3,
		"p50": took[len(took)/2], "p99": took[len(took)*99/100],
	}))
}
