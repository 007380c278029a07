/** Binary digits that the reference keeps at least: those of its arbitrary-precision float. */
const MIN_PRECISION = 64
const SIGNIFICANT_DIGITS = 10

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** a / b to the nearest integer, ties to the even one. */
function divideHalfEven(a: bigint, b: bigint): bigint {
  const quotient = a / b
  const twice = (a % b) * 2n
  return twice > b || (twice === b && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/**
 * A Bedrock fee scalar (in millionths) as RPC receipts show it in `l1FeeScalar`: ten significant digits, e.g. "0.684",
 * with an exponent below 1e-4 and from 1e10. It goes through the reference's binary rounding, which shows in the last
 * digit of long values.
 */
export function formatFeeScalar(scalar: bigint): string {
  if (scalar === 0n) return '0'
  // scalar / 10^6 as mantissa / 2^shift, with exactly `precision` bits of mantissa.
  const precision = Math.max(MIN_PRECISION, bitLength(scalar))
  let shift = precision - (bitLength(scalar) - 20)
  const divide = (): bigint => divideHalfEven(scalar << BigInt(shift), 1_000_000n)
  let mantissa = divide()
  while (bitLength(mantissa) > precision) {
    shift--
    mantissa = divide()
  }
  const one = 1n << BigInt(shift)

  // The decimal exponent e with 10^e <= value < 10^(e+1).
  let exponent = -6
  while (mantissa * 10n ** 6n >= 10n ** BigInt(exponent + 7) * one) exponent++
  const scale = SIGNIFICANT_DIGITS - 1 - exponent
  const up = scale > 0 ? 10n ** BigInt(scale) : 1n
  const down = scale < 0 ? 10n ** BigInt(-scale) : 1n
  let rounded = divideHalfEven(mantissa * up, one * down).toString()
  if (rounded.length > SIGNIFICANT_DIGITS) exponent++
  rounded = rounded.replace(/0+$/, '')

  if (exponent < -4 || exponent >= SIGNIFICANT_DIGITS) {
    const fraction = rounded.length > 1 ? `.${rounded.slice(1)}` : ''
    const size = String(Math.abs(exponent)).padStart(2, '0')
    return `${rounded[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${rounded}`
  const whole = rounded.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = rounded.slice(exponent + 1)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
