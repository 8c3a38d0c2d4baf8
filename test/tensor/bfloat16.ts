/** The nearest bfloat16, ties to even: the upper half of a float32's bits. */
export function toBfloat16(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer);
  const [all] = bits as unknown as [number];
  bits[0] = ((all + 0x7fff + ((all >>> 16) & 1)) >>> 16) << 16;
  return new Float32Array(bits.buffer)[0]!;
}
