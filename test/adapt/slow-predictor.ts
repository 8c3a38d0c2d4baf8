import { type Flat, type Layout, sineCosine, view } from '../../src/nn/index.js';

/** The predictor with nothing but loops, in double precision, for the null action and `adaln` conditioning. */
export interface SlowPredictor {
  readonly layout: Layout<unknown>;
  readonly weights: Flat<Float32Array>;
  readonly width: number;
  readonly heads: number;
  readonly depth: number;
  /** Patches along a side. */
  readonly side: number;
}

type Row = readonly number[];

/** Error function by its Taylor series, good where GELU is not flat. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/**
 * Predictions at `positions` of the encoder's last block, from one image's latents.
 * @param contextBlocks after so many blocks the context's tokens stay as they are
 * @param prompt tokens that stand beside the context's
 * @param visible positions of the latents that are seen
 */
export function slowPredict(
  { layout, weights, width, heads, depth, side }: SlowPredictor,
  latents: readonly Row[],
  positions: readonly number[],
  contextBlocks: number,
  prompt: readonly Row[] = [],
  visible: readonly number[] = latents.map((_, i) => i),
): number[][] {
  const named = (name: string): number[] => {
    const entry = layout.entries.find((each) => each.name === name);
    if (entry === undefined) throw new Error(`no parameter ${name}`);
    return Array.from(view(weights, entry));
  };
  const mapped = (row: Row, name: string): number[] => {
    const [weight, bias] = [named(`${name}.weight`), named(`${name}.bias`)];
    const inputs = weight.length / bias.length;
    return bias.map((start, out) =>
      row.reduce((sum, value, i) => sum + value * weight[out * inputs + i]!, start),
    );
  };
  /** @param shift and scale of the standardised numbers */
  const normalised = (row: Row, name: string, shift?: Row, scale?: Row): number[] => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    const [weight, bias] = [named(`${name}.weight`), named(`${name}.bias`)];
    return row.map((value, i) => {
      const standard = (value - mean) / Math.sqrt(variance + 1e-6);
      return (standard * (1 + (scale?.[i] ?? 0)) + (shift?.[i] ?? 0)) * weight[i]! + bias[i]!;
    });
  };
  const plus = (a: Row, b: Row): number[] => a.map((value, i) => value + b[i]!);
  const table = sineCosine(side, side, width).data as Float32Array;
  const place = (position: number): number[] =>
    Array.from(table.subarray(position * width, (position + 1) * width));

  const context = [
    ...visible.map((i) => plus(mapped(latents[i]!, 'predictor_embed'), place(i))),
    ...prompt.map((row) => [...row]),
  ];
  const queries = positions.map((position) => plus(named('mask_token'), place(position)));
  const gelu = (row: Row): number[] => row.map((value) => 0.5 * value * (1 + erf(value / Math.SQRT2)));
  const told = gelu(mapped(new Array<number>(7).fill(0), 'conditioning.adaln.action'));
  let tokens = [...context, ...queries];
  for (let number = 0; number < depth; number++) {
    const name = `predictor_blocks.${number}`;
    const numbers = mapped(told, `conditioning.adaln.blocks.${number}`);
    const [shift, scale, gate, shift2, scale2, gate2] = [0, 1, 2, 3, 4, 5].map((at) =>
      numbers.slice(at * width, (at + 1) * width),
    );
    const gated = (row: Row, by: Row): number[] => row.map((value, i) => value * (1 + by[i]!));
    const parts = tokens.map((row) =>
      mapped(normalised(row, `${name}.norm1`, shift, scale), `${name}.attn.qkv`),
    );
    const part = (token: number, which: 0 | 1 | 2, i: number): number => parts[token]![which * width + i]!;
    const size = width / heads;
    tokens = tokens.map((row, asking) => {
      if (asking < context.length && number >= contextBlocks) return row;
      const mixed: number[] = [];
      for (let head = 0; head < heads; head++) {
        const range = Array.from({ length: size }, (_, i) => head * size + i);
        const shares = tokens.map((_, asked) =>
          Math.exp(
            range.reduce((sum, i) => sum + part(asking, 0, i) * part(asked, 1, i), 0) / Math.sqrt(size),
          ),
        );
        const total = shares.reduce((a, b) => a + b, 0);
        for (const i of range)
          mixed.push(shares.reduce((sum, share, asked) => sum + (share / total) * part(asked, 2, i), 0));
      }
      const attended = plus(row, gated(mapped(mixed, `${name}.attn.proj`), gate!));
      const hidden = mapped(normalised(attended, `${name}.norm2`, shift2, scale2), `${name}.mlp.fc1`);
      return plus(attended, gated(mapped(gelu(hidden), `${name}.mlp.fc2`), gate2!));
    });
  }
  return tokens
    .slice(context.length)
    .map((row) => mapped(normalised(row, 'predictor_norm'), 'predictor_proj').slice(0, latents[0]?.length));
}
