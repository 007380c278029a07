import { describeBlockchainTests } from '../support/blockchain-suite.ts'

// The tests of ethereum/tests that burn ten billion gas in loops: by themselves, so that another core has the rest.
describeBlockchainTests('ethereum/tests, L1 execution of long loops', (file) => file.includes('vmPerformance'), 3)
