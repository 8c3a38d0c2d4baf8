// The protocol of MRR once more, from pixels to ranks: plain loops in double precision, one image, one token at a
// time, from the paper's description. It shares nothing with the tensor programs but the names of the weights.

/** Weights by dotted name, as PyTorch shapes them. */
export type Named = ReadonlyMap<string, ArrayLike<number>>;
type Vector = readonly number[];
/** [channel][row][column] */
export type Planes = readonly (readonly Vector[])[];

export interface Jitter {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

export interface SlowModel {
  readonly image: number;
  readonly patch: number;
  readonly heads: { readonly encoder: number; readonly predictor: number };
  readonly depth: { readonly encoder: number; readonly predictor: number };
  readonly conditioning: 'none' | 'sequence' | 'feature' | 'adaln';
  /** Blocks of the target encoder whose latents are predicted, as their mean; numbers from 1. */
  readonly targetBlocks: readonly number[];
  readonly mean: Vector;
  readonly std: Vector;
  readonly encoder: Named;
  readonly target: Named;
  readonly predictor: Named;
}

const total = (values: Vector): number => values.reduce((a, b) => a + b, 0);
const average = (values: Vector): number => total(values) / values.length;
const dot = (a: Vector, b: Vector): number => total(a.map((value, i) => value * b[i]!));
const plus = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!);
const limit = (value: number): number => Math.min(1, Math.max(0, value));
const get = (weights: Named, name: string): Vector => {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`no weight ${name}`);
  return Array.from(found);
};

/** One line of pixels at another length: Pillow's bilinear with antialiasing. */
function resample(line: Vector, length: number): Vector {
  const scale = line.length / length;
  const reach = Math.max(1, scale);
  return Array.from({ length }, (_, to) => {
    const centre = (to + 0.5) * scale;
    const weights = line.map((_, from) => Math.max(0, 1 - Math.abs(from + 0.5 - centre) / reach));
    return dot(weights, line) / total(weights);
  });
}

function resize(image: Planes, side: number): Planes {
  const turn = (plane: readonly Vector[]): Vector[] => plane[0]!.map((_, i) => plane.map((row) => row[i]!));
  return image.map((plane) =>
    turn(turn(plane.map((row) => resample(row, side))).map((row) => resample(row, side))),
  );
}

type Pixel = readonly [number, number, number];
const pixelwise = (image: Planes, f: (pixel: Pixel) => Pixel): Planes => {
  const out = image.map((plane) => plane.map((row) => [...row]));
  image[0]!.forEach((row, y) => {
    row.forEach((_, x) => {
      f([image[0]![y]![x]!, image[1]![y]![x]!, image[2]![y]![x]!]).forEach((value, channel) => {
        out[channel]![y]![x] = value;
      });
    });
  });
  return out;
};
const grey = ([r, g, b]: Pixel): number => 0.2989 * r + 0.587 * g + 0.114 * b;
const blend = (pixel: Pixel, other: number, factor: number): Pixel =>
  pixel.map((value) => limit(factor * value + (1 - factor) * other)) as unknown as Pixel;

/** Textbook RGB → hue, saturation, value → RGB by sectors. */
function turnHue([r, g, b]: Pixel, shift: number): Pixel {
  const value = Math.max(r, g, b);
  const range = value - Math.min(r, g, b);
  if (range === 0) return [r, g, b];
  const sector = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
  const hue = (((sector / 6 + shift) % 1) + 1) % 1;
  const saturation = range / value;
  const whole = Math.floor(hue * 6);
  const part = hue * 6 - whole;
  const p = value * (1 - saturation);
  const q = value * (1 - saturation * part);
  const t = value * (1 - saturation * (1 - part));
  return (
    [
      [value, t, p],
      [q, value, p],
      [p, value, t],
      [p, q, value],
      [t, p, value],
      [value, p, q],
    ] as const
  )[whole % 6]!;
}

function jittered(image: Planes, { brightness, contrast, saturation, hue }: Jitter): Planes {
  const bright = pixelwise(
    image,
    (pixel) => pixel.map((value) => limit(value * brightness)) as unknown as Pixel,
  );
  const greys: number[] = [];
  pixelwise(bright, (pixel) => {
    greys.push(grey(pixel));
    return pixel;
  });
  const middle = average(greys);
  const contrasted = pixelwise(bright, (pixel) => blend(pixel, middle, contrast));
  const saturated = pixelwise(contrasted, (pixel) => blend(pixel, grey(pixel), saturation));
  return pixelwise(saturated, (pixel) => turnHue(pixel, hue));
}

function affine(x: Vector, weights: Named, name: string): Vector {
  const weight = get(weights, `${name}.weight`);
  return get(weights, `${name}.bias`).map(
    (bias, out) => bias + dot(x, weight.slice(out * x.length, (out + 1) * x.length)),
  );
}

function standard(x: Vector): Vector {
  const centre = average(x);
  const variance = average(x.map((value) => (value - centre) ** 2));
  return x.map((value) => (value - centre) / Math.sqrt(variance + 1e-6));
}

/** @param change of the standardised numbers, before scale and bias */
const normed = (x: Vector, weights: Named, name: string, change = (own: Vector) => own): Vector => {
  const [scale, bias] = [get(weights, `${name}.weight`), get(weights, `${name}.bias`)];
  return change(standard(x)).map((value, i) => value * scale[i]! + bias[i]!);
};

/** Error function by its series, exact to double precision in the range that occurs here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return Math.abs(x) > 5 ? Math.sign(x) : (2 / Math.sqrt(Math.PI)) * sum;
}

const gelu = (x: Vector): Vector => x.map((value) => (value * (1 + erf(value / Math.SQRT2))) / 2);

/** @param by shift, scale and gate of the attention, then of the MLP */
function block(
  tokens: readonly Vector[],
  weights: Named,
  name: string,
  heads: number,
  by?: readonly Vector[],
): Vector[] {
  const modulated =
    (at: number) =>
    (x: Vector): Vector =>
      by === undefined ? x : x.map((value, d) => value * (1 + by[at + 1]![d]!) + by[at]![d]!);
  const gated = (x: Vector, at: number): Vector =>
    by === undefined ? x : x.map((value, d) => value * (1 + by[at]![d]!));
  const width = tokens[0]!.length;
  const size = width / heads;
  const joint = tokens.map((x) =>
    affine(normed(x, weights, `${name}.norm1`, modulated(0)), weights, `${name}.attn.qkv`),
  );
  const attended = tokens.map((x, asking) => {
    const mixed = Array.from({ length: heads }, (_, head) => {
      const part = (token: number, which: number): Vector =>
        joint[token]!.slice(which * width + head * size, which * width + (head + 1) * size);
      const scores = tokens.map((_, other) =>
        Math.exp(dot(part(asking, 0), part(other, 1)) / Math.sqrt(size)),
      );
      return Array.from({ length: size }, (_, i) =>
        total(tokens.map((_, other) => (scores[other]! * part(other, 2)[i]!) / total(scores))),
      );
    }).flat();
    return plus(x, gated(affine(mixed, weights, `${name}.attn.proj`), 2));
  });
  return attended.map((x) => {
    const hidden = affine(normed(x, weights, `${name}.norm2`, modulated(3)), weights, `${name}.mlp.fc1`);
    const active = gelu(hidden);
    return [...plus(x, gated(affine(active, weights, `${name}.mlp.fc2`), 5))];
  });
}

/** Sine-cosine position of a token: first half of the features by its column, second by its row. */
function position(token: number, side: number, width: number): Vector {
  const wave = (place: number): Vector => {
    const angles = Array.from({ length: width / 4 }, (_, i) => place / 10000 ** (i / (width / 4)));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  };
  return [...wave(token % side), ...wave(Math.floor(token / side))];
}

/** What the encoder's blocks give, one after the other; the last is normalised. */
function encode(model: SlowModel, weights: Named, image: Planes): Vector[][] {
  const side = model.image / model.patch;
  let tokens = Array.from({ length: side * side }, (_, token) => {
    const [top, left] = [Math.floor(token / side) * model.patch, (token % side) * model.patch];
    const patch = image.flatMap((plane, channel) =>
      plane
        .slice(top, top + model.patch)
        .flatMap((row) => row.slice(left, left + model.patch))
        .map((value) => (value - model.mean[channel]!) / model.std[channel]!),
    );
    const embedded = affine(patch, weights, 'patch_embed.proj');
    return plus(embedded, position(token, side, embedded.length));
  });
  const outputs: Vector[][] = [];
  for (let i = 0; i < model.depth.encoder; i++) {
    tokens = block(tokens, weights, `blocks.${i}`, model.heads.encoder);
    outputs.push(tokens);
  }
  return [...outputs.slice(0, -1), tokens.map((token) => normed(token, weights, 'norm'))];
}

/** What is predicted of an image: standardised, token by token, the mean of what several blocks give standardised. */
function asked(model: SlowModel, image: Planes): Vector[] {
  const outputs = encode(model, model.target, image);
  const levels = model.targetBlocks.map((number) => outputs[number - 1]!.map(standard));
  return levels[0]!.map((token, n) =>
    standard(token.map((_, d) => average(levels.map((level) => level[n]![d]!)))),
  );
}

/** Shift, scale, gate of a block's attention and MLP: a hidden layer of the action, then the block's own map. */
function modulationOf(predictor: Named, number: number, action: Vector): Vector[] {
  const hidden = gelu(affine(action, predictor, 'conditioning.adaln.action'));
  const numbers = affine(hidden, predictor, `conditioning.adaln.blocks.${number}`);
  const width = numbers.length / 6;
  return Array.from({ length: 6 }, (_, part) => numbers.slice(part * width, (part + 1) * width));
}

function predict(model: SlowModel, context: readonly Vector[], action: Vector): Vector[] {
  const side = model.image / model.patch;
  const { predictor } = model;
  const relu = (x: Vector): Vector => x.map((value) => Math.max(0, value));
  const known = context.map((x, token) => {
    const embedded = affine(x, predictor, 'predictor_embed');
    return plus(embedded, position(token, side, embedded.length));
  });
  const mask = get(predictor, 'mask_token');
  const told: Vector[] = [];
  if (model.conditioning === 'sequence') {
    const [weight, bias] = ['weight', 'bias'].map((what) => get(predictor, `conditioning.sequence.${what}`));
    action.forEach((value, i) => {
      const at = i * mask.length;
      told.push(mask.map((_, d) => value * weight![at + d]! + bias![at + d]!));
    });
  }
  const asked = context.map((_, token) => {
    const query = plus(mask, position(token, side, mask.length));
    if (model.conditioning !== 'feature') return query;
    const name = 'conditioning.feature';
    const first = relu(affine([...query, ...action], predictor, `${name}.0`));
    return affine(relu(affine(first, predictor, `${name}.2`)), predictor, `${name}.4`);
  });
  let tokens: Vector[] = [...known, ...told, ...asked];
  for (let i = 0; i < model.depth.predictor; i++) {
    const by = model.conditioning === 'adaln' ? modulationOf(predictor, i, action) : undefined;
    tokens = block(tokens, predictor, `predictor_blocks.${i}`, model.heads.predictor, by);
  }
  return tokens
    .slice(-context.length)
    .map((x) => affine(normed(x, predictor, 'predictor_norm'), predictor, 'predictor_proj'));
}

/** Reciprocal ranks of the versions asked for of one image, and the least difference that decided a rank. */
export function slowReciprocalRanks(
  model: SlowModel,
  image: Planes,
  versions: readonly Jitter[],
  questions: Int32Array,
): { cosine: number[]; l2: number[]; margin: number } {
  const clean = resize(image, model.image);
  const bank = versions.map((version) => asked(model, jittered(clean, version)));
  const context = encode(model, model.encoder, clean).at(-1)!;
  let margin = Number.POSITIVE_INFINITY;
  const reciprocal = (closeness: Vector, right: number): number => {
    const others = closeness.filter((_, i) => i !== right);
    const scale = Math.max(...closeness.map(Math.abs));
    for (const other of others) margin = Math.min(margin, Math.abs(other - closeness[right]!) / scale);
    return 1 / (1 + others.filter((other) => other >= closeness[right]!).length);
  };
  const answers = Array.from(questions, (right) => {
    const { brightness, contrast, saturation, hue } = versions[right]!;
    // Divided by the paper's strengths; the clean image went through nothing destructive.
    const action = [(brightness - 1) / 0.4, (contrast - 1) / 0.4, (saturation - 1) / 0.2, hue / 0.1, 0, 0, 0];
    const predicted = predict(model, context, action);
    const cosines = bank.map((latents) =>
      average(
        latents.map(
          (b, n) => dot(b, predicted[n]!) / Math.sqrt(dot(b, b) * dot(predicted[n]!, predicted[n]!)),
        ),
      ),
    );
    const distances = bank.map((latents) =>
      total(latents.map((b, n) => total(b.map((value, d) => (value - predicted[n]![d]!) ** 2)))),
    );
    return [
      reciprocal(cosines, right),
      reciprocal(
        distances.map((value) => -value),
        right,
      ),
    ] as const;
  });
  return { cosine: answers.map(([cosine]) => cosine), l2: answers.map(([, l2]) => l2), margin };
}
