/**
 * Codes of reading an embedded chain. `DB_KEY_NOT_FOUND`: the store has nothing under a key. `REWIND_REFUSED`: the head
 * cannot be set back there. `LOG_QUERY_INVALID`: logs are asked for in a way that makes no sense; `LOG_QUERY_TOO_LARGE`:
 * with too many choices. `FEE_HISTORY_INVALID`: percentiles or a block that cannot be told of. `FILTER_NOT_FOUND`: no
 * such filter, any more at least; `TOO_MANY_FILTERS`: all are in use.
 */
export type ReadErrorCode =
  | 'DB_KEY_NOT_FOUND'
  | 'REWIND_REFUSED'
  | 'LOG_QUERY_INVALID'
  | 'LOG_QUERY_TOO_LARGE'
  | 'FEE_HISTORY_INVALID'
  | 'FILTER_NOT_FOUND'
  | 'TOO_MANY_FILTERS'
