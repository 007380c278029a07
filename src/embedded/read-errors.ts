/**
 * Codes of reading an embedded chain. `DB_KEY_NOT_FOUND`: the store has nothing under a key. `REWIND_REFUSED`: the head
 * cannot be set back there.
 */
export type ReadErrorCode = 'DB_KEY_NOT_FOUND' | 'REWIND_REFUSED'
