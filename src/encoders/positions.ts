import { UserError } from '../errors.js';
import type { Weights } from '../run/safetensors.js';
import type { Layouts } from '../world-model/index.js';

type Tensors = Weights['tensors'];

/**
 * Tensors whose positions are those of the patches alone: what a class token and registers have of them is added to
 * these, where it always arrives.
 * @throws UserError where positions are missing, or not of a square of patches
 */
export function patchPositions(tensors: Tensors, file: string): Tensors {
  const positions = tensors.get('pos_embed');
  const [, count, width] = positions?.shape ?? [];
  if (positions === undefined || count === undefined || width === undefined)
    throw new UserError(
      `${file}: no learned positions there (pos_embed [1, N, D]), so an encoder of another kind`,
    );
  const result = new Map(tensors);
  const tokens = ['cls_token', 'reg_token'].filter((name) => tensors.has(name));
  let before = 0;
  while (!Number.isInteger(Math.sqrt(count - before))) {
    const name = tokens.shift();
    const token = name === undefined ? undefined : tensors.get(name);
    if (name === undefined || token === undefined)
      throw new UserError(`${file}: ${count} positions are not those of a square of patches`);
    const own = positions.data.subarray(before * width, before * width + token.data.length);
    result.set(name, { ...token, data: token.data.map((value, i) => value + (own[i] ?? 0)) });
    before += token.data.length / width;
  }
  const patches = positions.data.subarray(before * width);
  return result.set('pos_embed', { shape: [1, count - before, width], data: patches });
}

/** Tensors whose positions are of as many patches as a layout has. @param antialias see {@link resizePositions} */
export function fitPositions(tensors: Tensors, layout: Layouts['encoder'], antialias: boolean): Tensors {
  const positions = tensors.get('pos_embed');
  const wanted = layout.entries.find(({ name }) => name === 'pos_embed');
  const [, count, width] = positions?.shape ?? [];
  const [, to] = wanted?.shape ?? [];
  if (positions === undefined || count === undefined || width === undefined || to === undefined)
    return tensors;
  const sides = { from: Math.sqrt(count), to: Math.sqrt(to) };
  const data = resizePositions(positions.data, { ...sides, antialias });
  return new Map(tensors).set('pos_embed', { shape: [1, to, width], data });
}

/** Cubic convolution's steepness: PyTorch's, and that of its antialiased form, which is Pillow's. */
const STEEPNESS = { plain: -0.75, antialias: -0.5 };

/** Weight of a neighbour at a distance, in pixels. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/**
 * How each of `to` places along a side is mixed from `from`: bicubic interpolation as PyTorch's `interpolate` has it
 * (`align_corners=False`, sizes given), past the ends the last one.
 */
function mixture(from: number, to: number, antialias: boolean): Float64Array[] {
  const scale = from / to;
  const a = antialias ? STEEPNESS.antialias : STEEPNESS.plain;
  const stretch = antialias ? Math.max(scale, 1) : 1;
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale - 0.5;
    const shares = new Float64Array(from);
    const reach = 2 * stretch;
    for (let at = Math.ceil(centre - reach); at <= Math.floor(centre + reach); at++) {
      // Antialiased, what lies outside does not count; else it is the last one inside.
      if (antialias && (at < 0 || at >= from)) continue;
      const inside = Math.min(from - 1, Math.max(0, at));
      shares[inside] = (shares[inside] ?? 0) + cubic((at - centre) / stretch, a);
    }
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share) => share / sum);
  });
}

/**
 * Positions of a square of patches brought to another.
 * @param positions row by row, [from · from, width]
 * @param antialias smooth where there are fewer places than before
 * @returns [to · to, width]
 */
export function resizePositions(
  positions: Float32Array,
  { from, to, antialias }: { readonly from: number; readonly to: number; readonly antialias: boolean },
): Float32Array {
  if (from === to) return positions;
  const width = positions.length / from ** 2;
  const mixed = mixture(from, to, antialias);
  /** Mixes along the axis whose places lie `stride` numbers apart. */
  const along = (numbers: Float64Array, before: number, stride: number): Float64Array => {
    const result = new Float64Array(before * to * stride);
    for (let outer = 0; outer < before; outer++)
      mixed.forEach((shares, place) => {
        const target = (outer * to + place) * stride;
        shares.forEach((share, at) => {
          if (share === 0) return;
          const source = (outer * from + at) * stride;
          for (let i = 0; i < stride; i++)
            result[target + i] = (result[target + i] ?? 0) + share * (numbers[source + i] ?? 0);
        });
      });
    return result;
  };
  const columns = along(Float64Array.from(positions), from, width);
  return Float32Array.from(along(columns, 1, to * width));
}
