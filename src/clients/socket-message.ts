/** JSON of an object. */
type Json = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The message that came over a WebSocket; undefined where it is no JSON object. */
export function socketMessage(data: unknown): Json | undefined {
  let message: unknown
  try {
    message = JSON.parse(typeof data === 'string' ? data : '')
  } catch {
    return undefined
  }
  return isJsonObject(message) ? message : undefined
}
