//go:build tools

// Package opgeth pins the op-geth that the peer tests run against.
package opgeth

import _ "github.com/ethereum/go-ethereum/cmd/geth"
