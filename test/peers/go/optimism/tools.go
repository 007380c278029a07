//go:build tools

// Package optimism pins the OP Stack programs that the peer tests run against.
package optimism

import (
	_ "github.com/ethereum-optimism/optimism/op-batcher/cmd"
	_ "github.com/ethereum-optimism/optimism/op-conductor/cmd"
	_ "github.com/ethereum-optimism/optimism/op-interop-filter/cmd"
	_ "github.com/ethereum-optimism/optimism/op-node/cmd"
	_ "github.com/ethereum-optimism/optimism/op-test-sequencer/cmd"
)
