// A client of op-test-sequencer, made of its own client packages: runs sequences against whatever serves its API, and prints
// one JSON line for each step.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/beacon/engine"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/ethereum-optimism/optimism/op-service/client"
	"github.com/ethereum-optimism/optimism/op-service/eth"
	"github.com/ethereum-optimism/optimism/op-service/sources"
	"github.com/ethereum-optimism/optimism/op-test-sequencer/sequencer/seqtypes"
)

type step struct {
	Scenario string     `json:"scenario"`
	Step     string     `json:"step"`
	Result   any        `json:"result,omitempty"`
	Error    *stepError `json:"error,omitempty"`
}

type stepError struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message"`
}

type program struct {
	ctx       context.Context
	url       string
	id        string
	builder   seqtypes.BuilderID
	el        client.RPC
	cl        client.RPC
	root      client.RPC
	build     *sources.BuilderClient
	control   *sources.ControlClient
	txs       client.RPC
	sequencer client.RPC
	key       string
	chainID   *big.Int
	scenario  string
}

// say prints what a step gave.
func (p *program) say(name string, result any, err error) error {
	line := step{Scenario: p.scenario, Step: name, Result: result}
	if err != nil {
		line.Result = nil
		line.Error = &stepError{Message: err.Error()}
		var coded rpc.Error
		if errors.As(err, &coded) {
			line.Error = &stepError{Code: coded.ErrorCode(), Message: coded.Error()}
		}
	}
	out, encodeErr := json.Marshal(line)
	check(encodeErr)
	fmt.Println(string(out))
	return err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type block struct {
	Hash       common.Hash    `json:"hash"`
	ParentHash common.Hash    `json:"parentHash"`
	Number     hexutil.Uint64 `json:"number"`
	Txs        []common.Hash  `json:"transactions"`
}

func (p *program) head() (b block) {
	check(p.el.CallContext(p.ctx, &b, "eth_getBlockByNumber", "latest", false))
	return b
}

// unsafe is what the consensus layer has for its head.
func (p *program) unsafe() common.Hash {
	var status eth.SyncStatus
	check(p.cl.CallContext(p.ctx, &status, "optimism_syncStatus"))
	return status.UnsafeL2.Hash
}

// settled waits until the consensus layer's head is the execution layer's.
func (p *program) settled(want common.Hash) bool {
	for i := 0; i < 300; i++ {
		if p.unsafe() == want && p.head().Hash == want {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

func (p *program) transfer(nonce uint64) hexutil.Bytes {
	to := common.HexToAddress("0x00000000000000000000000000000000c0ffee00")
	return p.sign(nonce, &to, nil)
}

func (p *program) sign(nonce uint64, to *common.Address, data []byte) hexutil.Bytes {
	key, err := crypto.HexToECDSA(strings.TrimPrefix(p.key, "0x"))
	check(err)
	gas := uint64(21_000)
	if to == nil {
		gas = 200_000
	}
	tx, err := types.SignNewTx(key, types.LatestSignerForChainID(p.chainID), &types.DynamicFeeTx{
		ChainID: p.chainID, Nonce: nonce, Gas: gas, To: to, Value: big.NewInt(5), Data: data,
		GasFeeCap: big.NewInt(100_000_000_000), GasTipCap: big.NewInt(1_000_000_000),
	})
	check(err)
	raw, err := tx.MarshalBinary()
	check(err)
	return raw
}

func (p *program) nonce() uint64 {
	key, err := crypto.HexToECDSA(strings.TrimPrefix(p.key, "0x"))
	check(err)
	var nonce hexutil.Uint64
	check(p.el.CallContext(p.ctx, &nonce, "eth_getTransactionCount", crypto.PubkeyToAddress(key.PublicKey), "latest"))
	return uint64(nonce)
}

func (p *program) envelope(name string, job seqtypes.BuildJobID) *eth.ExecutionPayloadEnvelope {
	var envelope *eth.ExecutionPayloadEnvelope
	err := p.root.CallContext(p.ctx, &envelope, "build_seal", job)
	if p.say(name, envelope, err) != nil {
		return nil
	}
	if actual, ok := envelope.CheckBlockHash(); !ok {
		check(fmt.Errorf("the envelope has bad block hash %s, actual %s", envelope.ExecutionPayload.BlockHash, actual))
	}
	return envelope
}

// The block-building API: nothing is committed.
func (p *program) buildAPI() {
	head := p.head()
	opts := &seqtypes.BuildOpts{Parent: head.Hash}
	job, err := p.build.New(p.ctx, p.builder, opts)
	check(p.say("new", job, err))
	p.say("open", nil, p.build.Open(p.ctx, job))
	p.envelope("seal", job)
	p.envelope("seal again", job)
	p.say("close", nil, p.build.CloseJob(job))
	p.say("close again", nil, p.build.CloseJob(job))
	p.say("open closed", nil, p.build.Open(p.ctx, job))
	p.say("cancel closed", nil, p.build.Cancel(p.ctx, job))
	p.envelope("seal closed", job)

	second, err := p.build.New(p.ctx, p.builder, opts)
	check(p.say("new for typed seal", second, err))
	p.say("open for typed seal", nil, p.build.Open(p.ctx, second))
	_, err = p.build.Seal(p.ctx, second)
	p.say("typed seal", nil, err)

	third, err := p.build.New(p.ctx, p.builder, opts)
	check(p.say("new for cancel", third, err))
	p.envelope("seal unopened", third)
	p.say("cancel unopened", nil, p.build.Cancel(p.ctx, third))
	p.say("open to cancel", nil, p.build.Open(p.ctx, third))
	p.say("open again", nil, p.build.Open(p.ctx, third))
	p.say("cancel", nil, p.build.Cancel(p.ctx, third))
	p.say("close cancelled", nil, p.build.CloseJob(third))

	_, err = p.build.New(p.ctx, "nobody", opts)
	p.say("unknown builder", nil, err)
	_, err = p.build.New(p.ctx, seqtypes.BuilderID(strings.Repeat("x", 100)), opts)
	p.say("long builder", nil, err)
	p.say("too long builder", nil, p.root.CallContext(p.ctx, nil, "build_new", strings.Repeat("x", 101), opts))
	p.say("no parameters", nil, p.root.CallContext(p.ctx, nil, "build_new"))
	p.say("no options", nil, p.root.CallContext(p.ctx, nil, "build_new", p.builder))
	_, err = p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: common.Hash{0x11}})
	p.say("unknown parent", nil, err)
	origin := common.Hash{0x22}
	_, err = p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: head.Hash, L1Origin: &origin})
	p.say("unknown origin", nil, err)
	p.say("short parent", nil, p.root.CallContext(p.ctx, nil, "build_new", p.builder, map[string]any{"parent": "0x11"}))
	var unknownKeys seqtypes.BuildJobID
	p.say("unknown keys", nil, p.root.CallContext(p.ctx, &unknownKeys, "build_new", p.builder,
		map[string]any{"parent": head.Hash, "more": 1}))
	p.say("close unknown keys", nil, p.build.CloseJob(unknownKeys))
	p.say("unknown job", nil, p.build.Open(p.ctx, "job-unknown"))
	p.say("admin start", nil, p.build.Start(p.ctx))
	p.say("admin stop", nil, p.build.Stop(p.ctx))
	var hello string
	err = p.root.CallContext(p.ctx, &hello, "admin_hello", "there")
	p.say("admin hello", hello, err)
	p.say("head is the same", p.head().Hash == head.Hash, nil)
}

// What each call answers where its turn has not come. Leaves a slot with a job that is not opened.
func (p *program) order() {
	_, err := p.control.BuildJob()
	p.say("buildJob", nil, err)
	p.say("includeTx", nil, p.control.IncludeTx(p.ctx, hexutil.Bytes{1}))
	p.say("open", nil, p.control.Open(p.ctx))
	p.say("seal", nil, p.control.Seal(p.ctx))
	p.say("sign", nil, p.control.Sign(p.ctx))
	p.say("commit", nil, p.control.Commit(p.ctx))
	p.say("publish", nil, p.control.Publish(p.ctx))
	_, err = p.control.Stop(p.ctx)
	p.say("stop", nil, err)
	p.say("new, unknown parent", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: common.Hash{0x11}}))
	origin := common.Hash{0x22}
	p.say("new, unknown origin", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: p.head().Hash, L1Origin: &origin}))
	check(p.say("new", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: p.head().Hash})))
	p.say("new again", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: p.head().Hash}))
	p.say("seal unopened", nil, p.control.Seal(p.ctx))
	p.say("sign unopened", nil, p.control.Sign(p.ctx))
	p.say("commit unopened", nil, p.control.Commit(p.ctx))
	p.say("prebuilt beside a job", nil, p.control.PrebuiltEnvelope(p.ctx, &eth.ExecutionPayloadEnvelope{
		ExecutionPayload: &eth.ExecutionPayload{}}))
}

// Every step by itself, on the slot that `order` has left.
func (p *program) standard() {
	head, nonce := p.head(), p.nonce()
	job, err := p.control.BuildJob()
	check(p.say("buildJob", job, err))
	p.say("includeTx", nil, p.control.IncludeTx(p.ctx, p.transfer(nonce)))
	p.say("sendRawTransaction", nil, p.txs.CallContext(p.ctx, nil, "eth_sendRawTransaction", p.transfer(nonce+1)))
	p.say("open", nil, p.control.Open(p.ctx))
	p.say("new, opened", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash}))
	p.say("seal", nil, p.control.Seal(p.ctx))
	p.say("new, sealed", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash}))
	p.say("open, sealed", nil, p.control.Open(p.ctx))
	p.say("seal, sealed", nil, p.control.Seal(p.ctx))
	p.say("prebuilt, sealed", nil, p.control.PrebuiltEnvelope(p.ctx, &eth.ExecutionPayloadEnvelope{
		ExecutionPayload: &eth.ExecutionPayload{}}))
	p.say("commit, unsigned", nil, p.control.Commit(p.ctx))
	p.say("publish, unsigned", nil, p.control.Publish(p.ctx))
	p.say("sign", nil, p.control.Sign(p.ctx))
	p.say("sign again", nil, p.control.Sign(p.ctx))
	p.say("publish, uncommitted", nil, p.control.Publish(p.ctx))
	p.say("commit", nil, p.control.Commit(p.ctx))
	p.say("commit again", nil, p.control.Commit(p.ctx))
	p.say("publish", nil, p.control.Publish(p.ctx))
	p.say("publish again", nil, p.control.Publish(p.ctx))
	p.say("new, before next", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash}))
	p.say("next", nil, p.control.Next(p.ctx))
	after := p.head()
	p.say("settled", p.settled(after.Hash), nil)
	p.say("on the parent", after.ParentHash == head.Hash, nil)
	p.say("transactions", len(after.Txs), nil)
}

// New and next; then a sibling of the new head with a transaction in it.
func (p *program) reorg() {
	first := p.head()
	check(p.say("new", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: first.Hash})))
	check(p.say("next", nil, p.control.Next(p.ctx)))
	second := p.head()
	p.say("extended", second.ParentHash == first.Hash, nil)
	p.say("settled", p.settled(second.Hash), nil)
	check(p.say("new sibling", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: first.Hash})))
	p.say("includeTx", nil, p.control.IncludeTx(p.ctx, p.transfer(p.nonce())))
	check(p.say("next sibling", nil, p.control.Next(p.ctx)))
	sibling := p.head()
	p.say("is a sibling", sibling.ParentHash == first.Hash && sibling.Hash != second.Hash, nil)
	p.say("transactions", len(sibling.Txs), nil)
	p.say("settled on the sibling", p.settled(sibling.Hash), nil)
}

// A block from elsewhere goes through the slot.
func (p *program) prebuilt() {
	head := p.head()
	job, err := p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: head.Hash})
	check(p.say("build", job, err))
	check(p.say("open", nil, p.build.Open(p.ctx, job)))
	envelope := p.envelope("seal", job)
	if envelope == nil {
		os.Exit(1)
	}
	p.say("prebuilt", nil, p.control.PrebuiltEnvelope(p.ctx, envelope))
	p.say("prebuilt again", nil, p.control.PrebuiltEnvelope(p.ctx, envelope))
	p.say("new", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash}))
	_, err = p.control.BuildJob()
	p.say("buildJob", nil, err)
	p.say("open", nil, p.control.Open(p.ctx))
	p.say("sign", nil, p.control.Sign(p.ctx))
	p.say("commit", nil, p.control.Commit(p.ctx))
	p.say("publish", nil, p.control.Publish(p.ctx))
	p.say("next", nil, p.control.Next(p.ctx))
	p.say("settled", p.settled(envelope.ExecutionPayload.BlockHash), nil)
	p.say("close", nil, p.build.CloseJob(job))
}

// A transaction that cannot stand in a block fails the opening; a slot survives that, and is left.
func (p *program) refusals() {
	head := p.head()
	check(p.say("new", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash})))
	p.say("include bad nonce", nil, p.control.IncludeTx(p.ctx, p.transfer(p.nonce()+7)))
	p.say("open", nil, p.control.Open(p.ctx))
	p.say("next", nil, p.control.Next(p.ctx))
	_, err := p.control.BuildJob()
	p.say("buildJob", nil, err)
	p.say("start", nil, p.control.Start(p.ctx, common.Hash{0x33}))
	_, err = p.control.BuildJob()
	p.say("buildJob after start", nil, err)
	check(p.say("new garbage", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash})))
	p.say("include garbage", nil, p.control.IncludeTx(p.ctx, hexutil.Bytes{1, 2, 3}))
	p.say("open garbage", nil, p.control.Open(p.ctx))
	p.say("start once more", nil, p.control.Start(p.ctx, common.Hash{0x33}))
	p.say("head is the same", p.head().Hash == head.Hash, nil)

	// A prebuilt block that is not valid.
	job, err := p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: head.Hash})
	check(p.say("build", job, err))
	check(p.say("open", nil, p.build.Open(p.ctx, job)))
	envelope := p.envelope("seal", job)
	envelope.ExecutionPayload.StateRoot = eth.Bytes32{0x44}
	actual, _ := envelope.CheckBlockHash()
	envelope.ExecutionPayload.BlockHash = actual
	p.say("prebuilt", nil, p.control.PrebuiltEnvelope(p.ctx, envelope))
	p.say("sign", nil, p.control.Sign(p.ctx))
	p.say("commit", nil, p.control.Commit(p.ctx))
	p.say("next", nil, p.control.Next(p.ctx))
	p.say("start to forget", nil, p.control.Start(p.ctx, common.Hash{0x33}))
	p.say("head is still the same", p.head().Hash == head.Hash, nil)
	envelope.ExecutionPayload.BlockHash = common.Hash{0x55}
	p.say("prebuilt with another hash", nil, p.control.PrebuiltEnvelope(p.ctx, envelope))
	p.say("sign another hash", nil, p.control.Sign(p.ctx))
	p.say("commit another hash", nil, p.control.Commit(p.ctx))
	p.say("start at the end", nil, p.control.Start(p.ctx, common.Hash{0x33}))
}

// What the transport says: health, tokens, routes.
func (p *program) transport() {
	request := func(name, method, url, body string) {
		req, err := http.NewRequestWithContext(p.ctx, method, url, strings.NewReader(body))
		check(err)
		req.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(req)
		check(err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		check(err)
		p.say(name, fmt.Sprintf("%d %s", response.StatusCode, strings.TrimSpace(string(text))), nil)
	}
	call := `{"jsonrpc":"2.0","id":1,"method":"health_status","params":[]}`
	sequencer, txs := p.url+"/sequencers/"+p.id, p.url+"/tx/"+p.id
	request("root health", "GET", p.url+"/healthz", "")
	request("sequencer health", "GET", sequencer+"/healthz", "")
	request("tx health", "GET", txs+"/healthz", "")
	request("root without token", "POST", p.url, call)
	request("sequencer without token", "POST", sequencer, call)
	request("tx without token", "POST", txs, call)
	request("unknown sequencer", "POST", p.url+"/sequencers/nobody", call)
	request("unknown tx", "POST", p.url+"/tx/nobody", call)
	var status string
	p.say("build on a sequencer's route", nil, p.sequencer.CallContext(p.ctx, nil, "build_open", "job"))
	p.say("sequencer on the root", nil, p.root.CallContext(p.ctx, nil, "sequencer_open"))
	err := p.root.CallContext(p.ctx, &status, "health_status")
	p.say("status", status != "", err)
	p.say("chain id on the tx route", nil, p.txs.CallContext(p.ctx, nil, "eth_chainId"))
	p.say("transaction without a job", nil, p.txs.CallContext(p.ctx, nil, "eth_sendRawTransaction", hexutil.Bytes{1}))
}

// Sequencing by itself: what op-test-sequencer has never had.
func (p *program) auto() {
	head := p.head()
	p.say("start elsewhere", nil, p.control.Start(p.ctx, common.Hash{0x66}))
	check(p.say("start", nil, p.control.Start(p.ctx, head.Hash)))
	p.say("start again", nil, p.control.Start(p.ctx, head.Hash))
	for i := 0; i < 600 && p.head().Number < head.Number+3; i++ {
		time.Sleep(100 * time.Millisecond)
	}
	last, err := p.control.Stop(p.ctx)
	check(p.say("stop", nil, err))
	p.say("the last block is the head", p.head().Hash == last, nil)
	p.say("it went on", p.head().Number >= head.Number+3, nil)
	_, err = p.control.Stop(p.ctx)
	p.say("stop again", nil, err)
	p.say("settled", p.settled(last), nil)
}

// A block with transactions of the caller's: the envelope alone. Leaves the slot empty.
func (p *program) filled() {
	head, nonce := p.head(), p.nonce()
	check(p.say("new", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: head.Hash})))
	for i := uint64(0); i < 3; i++ {
		check(p.say("includeTx", nil, p.control.IncludeTx(p.ctx, p.transfer(nonce+i))))
	}
	// Init code that stores what it was called with, and deploys one byte.
	check(p.say("create", nil, p.control.IncludeTx(p.ctx, p.sign(nonce+3, nil, common.FromHex("0x4360005560015ff3")))))
	job, err := p.control.BuildJob()
	check(p.say("buildJob", job, err))
	check(p.say("open", nil, p.build.Open(p.ctx, job)))
	p.envelope("seal", job)
	p.say("start", nil, p.control.Start(p.ctx, common.Hash{0x33}))
}

// Blocks on the head and on blocks before it: the envelope alone.
func (p *program) parents() {
	at := p.head()
	for i := 0; i < 3 && at.Number > 1; i++ {
		job, err := p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: at.Hash})
		check(p.say("new", job, err))
		p.say("open", nil, p.build.Open(p.ctx, job))
		p.envelope("seal", job)
		p.say("close", nil, p.build.CloseJob(job))
		var parent block
		check(p.el.CallContext(p.ctx, &parent, "eth_getBlockByHash", at.ParentHash, false))
		at = parent
	}
}

// The slot of an L1: each block is the head, and there is another one on the same parent.
func (p *program) l1() {
	first := p.head()
	check(p.say("new on the head", nil, p.control.New(p.ctx, seqtypes.BuildOpts{})))
	check(p.say("next", nil, p.control.Next(p.ctx)))
	second := p.head()
	p.say("extended", second.ParentHash == first.Hash, nil)
	for i := 0; i < 2; i++ {
		before := p.head()
		check(p.say("new sibling", nil, p.control.New(p.ctx, seqtypes.BuildOpts{Parent: first.Hash})))
		check(p.say("next sibling", nil, p.control.Next(p.ctx)))
		sibling := p.head()
		p.say("is a sibling", sibling.ParentHash == first.Hash && sibling.Hash != before.Hash, nil)
	}
	parent := p.head()
	job, err := p.build.New(p.ctx, p.builder, &seqtypes.BuildOpts{Parent: parent.Hash})
	check(p.say("build", job, err))
	check(p.say("open", nil, p.build.Open(p.ctx, job)))
	var envelope engine.ExecutionPayloadEnvelope
	err = p.root.CallContext(p.ctx, &envelope, "build_seal", job)
	check(p.say("seal", nil, err))
	p.say("is the head", p.head().Hash == envelope.ExecutionPayload.BlockHash, nil)
	p.say("close", nil, p.build.CloseJob(job))
	check(p.say("new to fill", nil, p.control.New(p.ctx, seqtypes.BuildOpts{})))
	p.say("includeTx", nil, p.control.IncludeTx(p.ctx, p.transfer(p.nonce())))
	p.say("open to fill", nil, p.control.Open(p.ctx))
	p.say("seal to fill", nil, p.control.Seal(p.ctx))
	p.say("sign", nil, p.control.Sign(p.ctx))
	p.say("commit", nil, p.control.Commit(p.ctx))
	p.say("publish", nil, p.control.Publish(p.ctx))
	p.say("next to fill", nil, p.control.Next(p.ctx))
	p.say("transactions", len(p.head().Txs), nil)
}

func dial(ctx context.Context, url string, opts ...client.RPCOption) client.RPC {
	logger := log.NewLogger(log.DiscardHandler())
	c, err := client.NewRPC(ctx, logger, url, append(opts, client.WithLazyDial(), client.WithCallTimeout(30*time.Second))...)
	check(err)
	return c
}

func main() {
	url := flag.String("url", "", "of op-test-sequencer, or what stands in for it")
	jwt := flag.String("jwt", "", "file with its secret")
	id := flag.String("sequencer", "q1", "sequencer")
	builder := flag.String("builder", "b1", "builder")
	el := flag.String("el", "", "execution layer")
	cl := flag.String("cl", "", "consensus layer")
	key := flag.String("key", "", "of an account with funds")
	chainID := flag.Int64("chain", 901, "chain id")
	scenarios := flag.String("scenarios", "", "what to run, divided by commas")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	var auth []client.RPCOption
	if *jwt != "" {
		text, err := os.ReadFile(*jwt)
		check(err)
		secret := [32]byte(common.FromHex(strings.TrimSpace(string(text))))
		auth = append(auth, client.WithGethRPCOptions(rpc.WithHTTPAuth(node.NewJWTAuth(secret))))
	}
	root := dial(ctx, *url, auth...)
	sequencer := dial(ctx, *url+"/sequencers/"+*id, auth...)
	p := &program{
		ctx: ctx, url: *url, id: *id, builder: seqtypes.BuilderID(*builder), key: *key, chainID: big.NewInt(*chainID),
		el: dial(ctx, *el), cl: dial(ctx, *cl), root: root, txs: dial(ctx, *url+"/tx/"+*id),
		build: sources.NewBuilderClient(root), control: sources.NewControlClient(sequencer), sequencer: sequencer,
	}
	known := map[string]func(){
		"build": p.buildAPI, "order": p.order, "standard": p.standard, "reorg": p.reorg, "prebuilt": p.prebuilt,
		"refusals": p.refusals, "transport": p.transport, "auto": p.auto, "parents": p.parents, "filled": p.filled, "l1": p.l1,
	}
	for _, name := range strings.Split(*scenarios, ",") {
		run, ok := known[name]
		if !ok {
			check(fmt.Errorf("unknown scenario %q", name))
		}
		p.scenario = name
		run()
	}
}
