import {
  absorb,
  type Block,
  block,
  blocks,
  blocksSpec,
  type Linear,
  linear,
  linearSpec,
  type Norm,
  normSpec,
  type ParameterSpec,
  sineCosine,
} from '../nn/index.js';
import {
  add,
  concat,
  fold,
  gatherRows,
  repeatFor,
  reshape,
  scope,
  size,
  slice,
  split,
  standardise,
  type Tensor,
} from '../tensor/index.js';
import {
  type Conditioning,
  type ConditioningParameters,
  condition,
  conditioningSpec,
  modulations,
} from './conditioning.js';
import type { EncoderConfig } from './encoder.js';
import { type TargetConfig, targetWidth } from './target-latents.js';

/** Sizes of the predictor, named IWM_{depth,width} in the paper. */
export interface PredictorConfig extends TargetConfig {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  readonly conditioning: Conditioning;
}

/** Parameters of the predictor; names as in I-JEPA. */
export interface Predictor<T> {
  readonly predictor_embed: Linear<T>;
  readonly mask_token: T;
  readonly conditioning: ConditioningParameters<T>;
  readonly predictor_blocks: Readonly<Record<string, Block<T>>>;
  readonly predictor_norm: Norm<T>;
  readonly predictor_proj: Linear<T>;
}

export function predictorSpec(config: PredictorConfig, encoder: EncoderConfig): Predictor<ParameterSpec> {
  const { depth, width, conditioning } = config;
  return {
    predictor_embed: linearSpec(encoder.width, width),
    mask_token: { shape: [1, 1, width], initialise: { normal: 0.02 } },
    conditioning: conditioningSpec(conditioning, width, depth),
    predictor_blocks: blocksSpec(depth, width),
    predictor_norm: normSpec(width),
    predictor_proj: linearSpec(width, targetWidth({ encoder, predictor: config })),
  };
}

/**
 * Latents of the target view, predicted from those of the source view and the action between them.
 * @param context latents of the source, [B, V, D]
 * @param action [B, 7], or [1, 7] with `at.predicted` [1, P]: the same for all
 * @param at.visible positions of the context's tokens, int32 [B, V]; all in order where absent
 * @param at.predicted positions to predict, int32 [B, P]
 * @param how.contextBlocks how many of the first blocks compute the context's tokens too, 0 … depth − 1; those after
 *   them compute the mask tokens alone, which still attend to the context as it was then. All but the last where
 *   absent: the published predictor, as nobody reads the context after it
 * @param how.lastBlock only the latents of the encoder's last block, [B, P, D]
 * @param how.prompt tokens of the predictor's width beside the context's, without positions, [1 or B, T, width]
 * @returns [B, P, `targetWidth`]
 */
export function predict(
  context: Tensor,
  action: Tensor,
  at: { readonly visible?: Tensor; readonly predicted: Tensor },
  parameters: Predictor<Tensor>,
  config: PredictorConfig,
  encoder: EncoderConfig,
  {
    contextBlocks = config.depth - 1,
    lastBlock = false,
    prompt,
  }: { contextBlocks?: number; lastBlock?: boolean; prompt?: Tensor | undefined } = {},
): Tensor {
  const side = encoder.image / encoder.patch;
  const positions = sineCosine(side, side, config.width);
  const places = at.visible === undefined ? positions : gatherRows(positions, at.visible);
  const known = add(linear(context, parameters.predictor_embed), places);
  const queries = add(
    gatherRows(positions, at.predicted),
    reshape(parameters.mask_token, [1, 1, config.width]),
  );
  const asked = scope('conditioning', () => condition(queries, action, parameters.conditioning));
  const forAll = (each: Tensor): Tensor => repeatFor(each, context);
  const tokens = concat([known, ...(prompt === undefined ? [] : [forAll(prompt)]), forAll(asked)], 1);
  const stack = Object.entries(parameters.predictor_blocks);
  const modulated = scope('conditioning', () => modulations(action, parameters.conditioning));
  const joint = blocks(tokens, Object.fromEntries(stack.slice(0, contextBlocks)), config.heads, {
    modulations: modulated,
  });
  const queried = size(at.predicted, 1);
  const [told, asking] = split(joint, 1, [size(joint, 1) - queried, queried]) as [Tensor, Tensor];
  // Nothing changes them any more, so that all blocks share what they see of them.
  const others = standardise(fold(told));
  const answers = stack
    .slice(contextBlocks)
    .reduce(
      (all, [number, weights]) =>
        scope(`blocks.${number}`, () =>
          block(all, weights, config.heads, { others, modulation: modulated?.[Number(number)] }),
        ),
      asking,
    );
  const { weight, bias } = parameters.predictor_proj;
  const rows = (x: Tensor): Tensor => (lastBlock ? slice(x, 0, 0, encoder.width) : x);
  const map = { weight: rows(weight), bias: rows(bias) };
  return linear(standardise(answers), absorb(parameters.predictor_norm, map));
}
