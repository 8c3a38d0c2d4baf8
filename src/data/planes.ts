/** What each byte is in 0..1. */
const levels = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** RGB bytes [pixels, 3] as planes of floats [3, pixels] in 0..1, written to `out` at `to`. */
export function writePlanes(bytes: Uint8Array, out: Float32Array, to: number): void {
  const pixels = bytes.length / 3;
  for (let pixel = 0, from = 0; pixel < pixels; pixel++, from += 3, to++) {
    out[to] = levels[bytes[from] as number] as number;
    out[to + pixels] = levels[bytes[from + 1] as number] as number;
    out[to + 2 * pixels] = levels[bytes[from + 2] as number] as number;
  }
}
