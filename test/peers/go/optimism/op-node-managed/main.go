// op-node in managed mode: the stock program has flags for it and no way to switch it on.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	opnode "github.com/ethereum-optimism/optimism/op-node"
	"github.com/ethereum-optimism/optimism/op-node/flags"
	"github.com/ethereum-optimism/optimism/op-node/metrics"
	"github.com/ethereum-optimism/optimism/op-node/node"
	"github.com/ethereum-optimism/optimism/op-service/cliapp"
	"github.com/ethereum-optimism/optimism/op-service/ctxinterrupt"
	oplog "github.com/ethereum-optimism/optimism/op-service/log"
)

const version = "managed"

func start(flagged *cli.Context, stop context.CancelCauseFunc) (cliapp.Lifecycle, error) {
	logger := oplog.NewLogger(oplog.AppOut(flagged), oplog.ReadCLIConfig(flagged))
	oplog.SetGlobalLogHandler(logger.Handler())
	config, err := opnode.NewConfig(flagged, logger)
	if err != nil {
		return nil, err
	}
	config.Cancel = stop
	config.SupervisorEnabled = true
	return node.New(flagged.Context, config, logger, version, metrics.NewMetrics("default", nil), nil)
}

func main() {
	oplog.SetupDefaults()
	app := &cli.App{
		Name:    "op-node-managed",
		Version: version,
		Flags:   cliapp.ProtectFlags(flags.Flags),
		Action:  cliapp.LifecycleCmd(start),
	}
	if err := app.RunContext(ctxinterrupt.WithSignalWaiterMain(context.Background()), os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
