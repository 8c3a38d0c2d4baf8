import { purpose, random } from '../random.js';
import { constant, type Dim, mul, reshape, type Spec, spec, sub, type Tensor } from '../tensor/index.js';
import { actionSize, actionVector } from './action.js';
import { blurKernelSize, blurMatrix, resizeMatrix, sampleCrop, separable } from './geometry.js';
import { askedTokens, type Grid, type MaskCounts, type RectangleConfig, sampleMasks } from './masks.js';
import {
  type AugmentationConfig,
  sampleParameters,
  type TransformationName,
  transformations,
  type ViewParameters,
} from './transformations.js';

/** What a pair of views is made from and to. */
export interface ViewsConfig {
  /** The images as the data set gives them, in pixels. */
  readonly image: { readonly height: number; readonly width: number };
  /** Side of the square views, in pixels; a multiple of `patch`. */
  readonly size: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
  readonly augmentation: AugmentationConfig;
  readonly masks: MaskCounts & RectangleConfig;
}

/** Mean and standard deviation of each channel, of values in 0..1. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/**
 * Parameters of a batch of views, by transformation: [B] numbers, except blur, whose matrices are [B, 1, S, S].
 * A transformation that is absent is not part of the program.
 */
export type Parameters<T> = { readonly [name in TransformationName]?: T };

/** All that is random about a batch of B pairs of views of side S, with V visible and P predicted tokens. */
export interface ViewInputs<T, I = T> {
  /** Vertical crop and resize, [B, 1, S, h]. */
  readonly rows: T;
  /** Horizontal crop, flip and resize, [B, 1, S, w]. */
  readonly columns: T;
  readonly source: Parameters<T>;
  readonly target: Parameters<T>;
  /** What conditions the predictor, [B, 7]. */
  readonly action: T;
  /** Token positions that the encoder sees, int32 [B, V], ascending. */
  readonly visible: I;
  /** Token positions to predict, int32 [B, P], ascending. */
  readonly predicted: I;
}

const jitters = transformations.filter((row) => row.kind === 'jitter').map((row) => row.name);
const everything = transformations.map((row) => row.name);

/** The grid of patches of a view. */
export function patchGrid({ size, patch }: Pick<ViewsConfig, 'size' | 'patch'>): Grid {
  return { rows: size / patch, columns: size / patch };
}

/** The specs of {@link sampleViews}'s arrays, for tracing. */
export function viewSpecs({ image, size, masks }: ViewsConfig, batch: Dim): ViewInputs<Spec> {
  return {
    rows: spec([batch, 1, size, image.height]),
    columns: spec([batch, 1, size, image.width]),
    source: parameterSpecs(everything, size, batch),
    target: parameterSpecs(jitters, size, batch),
    action: spec([batch, actionSize]),
    visible: spec([batch, masks.visible], 'int32'),
    predicted: spec([batch, askedTokens(masks)], 'int32'),
  };
}

/** The specs of {@link packParameters}'s arrays, for views of side `size`. */
export function parameterSpecs(
  names: readonly TransformationName[],
  size: number,
  batch: Dim,
): Parameters<Spec> {
  return collect(names, (name) => spec(name === 'blur' ? [batch, 1, size, size] : [batch]));
}

/** The parameters of a batch of views as arrays, one per transformation named. */
export function packParameters(
  views: readonly ViewParameters[],
  names: readonly TransformationName[],
  size: number,
): Parameters<Float32Array> {
  return collect(names, (name) => {
    if (name !== 'blur') return Float32Array.from(views, (view) => view[name]);
    const matrices = new Float32Array(views.length * size * size);
    const kernelSize = blurKernelSize(size);
    views.forEach((view, index) => {
      blurMatrix(size, view.blur, kernelSize, matrices, index * size * size);
    });
    return matrices;
  });
}

/**
 * Draws a batch of pairs of views.
 * @param seed of the run
 * @param samples each by the number of its run and its place in it; the same (seed, run, place) always draws the same pair
 */
export function sampleViews(
  config: ViewsConfig,
  seed: number,
  samples: readonly (readonly [run: number, place: number])[],
): ViewInputs<Float32Array, Int32Array> {
  const { image, size, augmentation, masks } = config;
  const batch = samples.length;
  const rows = new Float32Array(batch * size * image.height);
  const columns = new Float32Array(batch * size * image.width);
  const action = new Float32Array(batch * actionSize);
  const visible = new Int32Array(batch * masks.visible);
  const asked = askedTokens(masks);
  const predicted = new Int32Array(batch * asked);
  const sources: ViewParameters[] = [];
  const targets: ViewParameters[] = [];

  samples.forEach(([run, place], index) => {
    const framing = random(seed, run, place, purpose.crop);
    const crop = sampleCrop(framing, image, augmentation.crop);
    const flip = framing.chance(augmentation.crop.flip);
    resizeMatrix(size, image.height, crop.top, crop.height, false, rows, index * size * image.height);
    resizeMatrix(size, image.width, crop.left, crop.width, flip, columns, index * size * image.width);

    const source = sampleParameters(random(seed, run, place, purpose.jitter, 0), augmentation, 'source');
    const target = sampleParameters(random(seed, run, place, purpose.jitter, 1), augmentation, 'target');
    actionVector(source, target, action, index * actionSize);
    sources.push(source);
    targets.push(target);

    const tokens = sampleMasks(random(seed, run, place, purpose.mask), patchGrid(config), masks);
    visible.set(tokens.visible, index * masks.visible);
    predicted.set(tokens.predicted, index * asked);
  });

  return {
    rows,
    columns,
    source: packParameters(sources, everything, size),
    target: packParameters(targets, jitters, size),
    action,
    visible,
    predicted,
  };
}

/**
 * The two views of each image, as a tensor program: the shared crop and flip, then each view's own
 * transformations, then normalisation.
 * @param images [B, 3, h, w] in 0..1
 * @returns both [B, 3, S, S], normalised
 */
export function makeViews(
  images: Tensor,
  inputs: Pick<ViewInputs<Tensor>, 'rows' | 'columns' | 'source' | 'target'>,
  normalisation: Normalisation,
): { readonly source: Tensor; readonly target: Tensor } {
  const cropped = separable(images, inputs.rows, inputs.columns);
  return {
    source: normalise(transform(cropped, inputs.source), normalisation),
    target: normalise(transform(cropped, inputs.target), normalisation),
  };
}

/** The images after every transformation that has parameters, in the table's order. Images [B, 3, S, S] in 0..1. */
export function transform(images: Tensor, parameters: Parameters<Tensor>): Tensor {
  return transformations.reduce((image, row) => {
    const parameter = parameters[row.name];
    if (parameter === undefined) return image;
    return row.apply(
      image,
      parameter.rank === 1 ? reshape(parameter, [...parameter.shape, 1, 1, 1]) : parameter,
    );
  }, images);
}

/** (image − mean) / std per channel; images [B, 3, H, W] in 0..1. */
export function normalise(images: Tensor, { mean, std }: Normalisation): Tensor {
  const channels = { shape: [1, 3, 1, 1] };
  return mul(
    sub(images, constant(mean, channels)),
    constant(
      std.map((value) => 1 / value),
      channels,
    ),
  );
}

function collect<T>(
  names: readonly TransformationName[],
  value: (name: TransformationName) => T,
): Parameters<T> {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}
