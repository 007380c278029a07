/**
 * Codes of the supervisor. `FINALIZED_L1_REORGED` (temporary): L1 went back below what it said is final; nothing is decided until it
 * is there again.
 */
export type SupervisorErrorCode = 'FINALIZED_L1_REORGED'
