import { describeBlockchainTests } from '../support/blockchain-suite.ts'

// ethereum/tests @ 4c87ebbf: all blockchain tests of the archive, but for those that only take long. It holds no tests
// in state form: its GeneralStateTests are blockchains of one block.
describeBlockchainTests('ethereum/tests, L1 execution', (file) => !file.includes('vmPerformance'), 206)
