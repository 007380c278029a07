/**
 * What each error number tells a caller, and what its `data` holds, for the page that is made of `rpc/error-codes.ts`.
 * A number without a line here fails the page's test.
 */
export const ERROR_MEANINGS: ReadonlyMap<number, { readonly when: string; readonly data?: string }> = new Map([
  [3, { when: 'A call reverted; the message has the reason where there is one.', data: 'what it reverted with' }],
  [-32700, { when: 'The request is not JSON.' }],
  [-32600, { when: 'Not a JSON-RPC 2.0 request, or a batch that is empty or too large.' }],
  [-32601, { when: 'No such method or subscription on this route; subscriptions need a WebSocket.' }],
  [
    -32602,
    {
      when: 'Parameters that do not fit; the message names the argument. Also what op-supervisor says of its failsafe, and of entries that are no messages.',
    },
  ],
  [-32603, { when: 'A fault of this service, whose cause is in its log only; also a simulated call that cannot run.' }],
  [
    -32003,
    {
      when: "The answer exceeds `rpc.limits.responseBytes`; what the call did stays done. Or the conditions of a transaction do not hold, in op-geth's words.",
    },
  ],
  [
    -32005,
    {
      when: 'Too many open jobs, filters or subscriptions: end some. Or checking the conditions of a transaction costs too much.',
      data: '`{limit}` of jobs',
    },
  ],
  [
    -32000,
    {
      when: "A transaction that cannot be taken, in geth's words, or data that cannot be decoded; also a node's own error, and a builder's that begins no job. A sequencer that cannot be started or stopped, and what a rollup node or a supervisor does not know, in op-node's and op-supervisor's words.",
      data: '`{reason}` of a supervisor: the name of what is wrong',
    },
  ],
  [
    4,
    {
      when: 'The transaction waits in the pool, but was in no block before the time ran out (EIP-7966).',
      data: 'the hash',
    },
  ],
  [-38001, { when: 'No such payload is being built, or it is forgotten: the newest ten are remembered.' }],
  [-38002, { when: 'A forkchoice names a safe or finalized block that is not on the branch of its head.' }],
  [-38003, { when: 'No block can be built with these payload attributes.', data: "`{err}` in op-geth's words" }],
  [-38004, { when: 'More bodies or blobs than one call may ask for.', data: '`{err}`' }],
  [-38005, { when: 'The version of the Engine API method is not for blocks of this time.', data: '`{err}`' }],
  [-38010, { when: "A simulated call's nonce is below the account's." }],
  [-38011, { when: "A simulated call's nonce is above the account's." }],
  [-38013, { when: 'A simulated call has less gas than it costs to begin.' }],
  [-38014, { when: "A simulated call's sender cannot pay for it." }],
  [-38015, { when: 'A simulated call wants more gas than its block has left.' }],
  [-38020, { when: 'The numbers of simulated blocks do not rise.' }],
  [-38021, { when: 'The times of simulated blocks do not rise.' }],
  [-38025, { when: 'A simulated call creates a contract with more code than EIP-3860 allows.' }],
  [-38026, { when: 'More blocks or calls than one simulation may have.' }],
  [-38510, { when: 'Unknown job.', data: '`{jobId}`' }],
  [
    -38501,
    {
      when: 'A step of `build_*` or `sequencer_*` failed in a way that op-test-sequencer has no code for.',
      data: '`{reason, …}`: the name of what went wrong, and its own data',
    },
  ],
  [-38502, { when: 'Unknown builder.' }],
  [
    -38511,
    {
      when: "The job's state forbids the call: it is sealed or cancelled. Or a sequencer's slot has a job already.",
      data: '`{jobId, state}` of a job',
    },
  ],
  [-38520, { when: "The slot's block is not sealed yet." }],
  [-38521, { when: "The slot's block is sealed already." }],
  [-38531, { when: "The slot's block is signed already." }],
  [-38541, { when: "The slot's block is committed already." }],
  [
    -40101,
    {
      when: 'A transaction that a slot or a build job was given cannot stand in the block.',
      data: '`{code, reason, detail}`',
    },
  ],
  [-40110, { when: 'The node calls the block of a slot invalid.', data: '`{status, validationError}`' }],
  [-40199, { when: 'There is nothing to seal: the job was not opened.' }],
  [-38512, { when: "The transaction cannot be included; the message has geth's wording.", data: '`{reason, detail}`' }],
  [
    -38513,
    {
      when: 'The parent or the L1 origin is unknown, or cannot be built on.',
      data: '`{rule, …}`: which rule forbids it',
    },
  ],
  [
    -38530,
    {
      when: 'The node, or the conductor, refused the block. It stays sealed: try again. Of a slot: its block is not signed yet.',
    },
  ],
  [
    -38540,
    {
      when: 'The block could not be published. It stays sealed: try again. Of a slot: its block is not committed yet.',
      data: '`{reason}`',
    },
  ],
  [-38550, { when: 'The sequencer is inactive.' }],
  [-38551, { when: 'The sequencer is active already.' }],
  [
    -38560,
    {
      when: 'What a batcher was asked to make cannot be made: no such block or frame, data that fits nowhere.',
      data: '`{number}` of a block that is not there',
    },
  ],
  [
    -38561,
    {
      when: "L1 refuses a batcher transaction; the message has the node's wording. Those before it are sent.",
      data: '`{nonce, sent}`',
    },
  ],
  [
    -38562,
    { when: 'Batcher transactions were sent, and are in no L1 block after the time to wait.', data: '`{hashes}`' },
  ],
  [
    -39001,
    { when: 'Of a node that is managed: a block to go on from is not there. Of `interop_pullEvent`: no event waits.' },
  ],
  [-39002, { when: 'A node that is managed has another block of that number.', data: 'its block' }],
  [-39003, { when: 'Messages were not active at genesis.' }],
  [-320500, { when: 'A supervisor is asked about what was before the first block that it knows.' }],
  [-320501, { when: 'A chain that is not in the dependency set.' }],
  [
    -320600,
    {
      when: 'What a supervisor is told or asked contradicts what it knows; a message that is not there, or not known well enough.',
      data: '`{reason, checksum}` of a message: `unknown` may still come to be, `insufficient` is there, `conflicts` cannot be',
    },
  ],
  [-320900, { when: 'What a supervisor is told does not follow what it knows: older blocks are missing.' }],
  [-321401, { when: 'A supervisor does not know it yet.' }],
  [
    -321501,
    { when: "A supervisor's storage is not what was written, or a change of it failed: see `op-sequencer db verify`." },
  ],
  [
    -38590,
    {
      when: 'A node behind this service failed, timed out, or gave what cannot be right; or a chain that is derived here waits for L1, or for its engine. Safe to retry.',
      data: '`{method, endpoint}`',
    },
  ],
])
