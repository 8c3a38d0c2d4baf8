import type { EncoderConfig, Normalisation } from '../world-model/index.js';
import { type Kind, kindOf } from './encoder-names.js';

/** A document that goes out as a JSON file. */
export type Document = Readonly<Record<string, unknown>>;

/** What all that is exported says: the weights are in the ONNX file itself, so nobody looks for others beside it. */
const selfContained = { 'transformers.js_config': { use_external_data_format: false } };

/** Where there are no smaller files, a page does not look for them either. */
const inOnePrecision = {
  'transformers.js_config': { ...selfContained['transformers.js_config'], dtype: 'fp32' },
};

/** Names of class 0, 1, … in both directions. */
const labels = (classes: readonly string[]): Document => ({
  id2label: Object.fromEntries(classes.map((name, i) => [i, name])),
  label2id: Object.fromEntries(classes.map((name, i) => [name, i])),
});

/** What transformers calls its models. */
const classNames: Readonly<Record<Kind, string>> = {
  ijepa: 'IJepa',
  vit: 'ViT',
  dinov2: 'Dinov2',
  dinov2_with_registers: 'Dinov2WithRegisters',
};

/**
 * `config.json` of our encoder as the model of transformers that it is: without a class token one of I-JEPA's.
 * @throws UserError where transformers has no such model
 */
export function transformersConfig(encoder: EncoderConfig): Document {
  const kind = kindOf(encoder);
  const { width, hidden = 4 * width, epsilon = 1e-6, registers = 0 } = encoder;
  return {
    architectures: [`${classNames[kind]}Model`],
    model_type: kind,
    hidden_size: width,
    num_hidden_layers: encoder.depth,
    num_attention_heads: encoder.heads,
    ...(kind.startsWith('dinov2')
      ? { mlp_ratio: hidden / width, use_swiglu_ffn: false, use_mask_token: false }
      : { intermediate_size: hidden }),
    ...(registers > 0 ? { num_register_tokens: registers } : {}),
    hidden_act: 'gelu',
    layer_norm_eps: epsilon,
    attention_probs_dropout_prob: 0,
    hidden_dropout_prob: 0,
    qkv_bias: true,
    image_size: encoder.image,
    patch_size: encoder.patch,
    num_channels: 3,
    dtype: 'float32',
    ...selfContained,
  };
}

/** Of all that transformers.js extracts features, classifies or segments with, what asks for nothing but the graph. */
const askedForOutputs = {
  encoder: { architectures: ['ViTModel'], model_type: 'vit' },
  classifier: { architectures: ['ViTForImageClassification'], model_type: 'vit' },
  segmenter: { architectures: ['SegformerForSemanticSegmentation'], model_type: 'segformer' },
} as const;

/** `config.json` of an encoder that is an ONNX model, of which there is but one precision: what is read of it again. */
export function programConfig({ width, depth, heads, image, patch }: EncoderConfig): Document {
  return {
    ...askedForOutputs.encoder,
    hidden_size: width,
    num_hidden_layers: depth,
    num_attention_heads: heads,
    image_size: image,
    patch_size: patch,
    num_channels: 3,
    ...inOnePrecision,
  };
}

/**
 * `config.json` of a task.
 * @param smaller whether there are smaller files too
 */
export function taskConfig(
  kind: 'classifier' | 'segmenter',
  classes: readonly string[],
  smaller: boolean,
): Document {
  return {
    ...askedForOutputs[kind],
    num_channels: 3,
    ...labels(classes),
    ...(smaller ? selfContained : inOnePrecision),
  };
}

/** `config.json` that `timm.create_model('local-dir:…')` reads. */
export function timmConfig(encoder: EncoderConfig, { mean, std }: Normalisation): Document {
  return {
    architecture: 'vit_base_patch16_224',
    num_classes: 0,
    num_features: encoder.width,
    model_args: {
      img_size: encoder.image,
      patch_size: encoder.patch,
      embed_dim: encoder.width,
      depth: encoder.depth,
      num_heads: encoder.heads,
      mlp_ratio: (encoder.hidden ?? 4 * encoder.width) / encoder.width,
      class_token: encoder.classToken ?? false,
      reg_tokens: encoder.registers ?? 0,
      no_embed_class: true,
      init_values: encoder.layerScale ? 1 : null,
      global_pool: 'avg',
      fc_norm: false,
    },
    pretrained_cfg: {
      input_size: [3, encoder.image, encoder.image],
      fixed_input_size: true,
      interpolation: 'lanczos',
      crop_pct: 1,
      mean,
      std,
      num_classes: 0,
      pool_size: null,
      first_conv: 'patch_embed.proj',
      classifier: 'head',
    },
  };
}

/** Pillow's number of the filter that our own images are resized with. */
const LANCZOS = 1;

/**
 * `preprocessor_config.json`: how an image becomes what the graph is fed.
 * @param size side of the square, pixels
 * @param fit its middle, or all of it stretched
 */
export function preprocessorConfig(
  { mean, std }: Normalisation,
  size: number,
  fit: 'square' | 'stretched',
): Document {
  const side = { height: size, width: size };
  const square = {
    image_processor_type: 'BitImageProcessor',
    size: { shortest_edge: size },
    do_center_crop: true,
    crop_size: side,
  };
  const stretched = { image_processor_type: 'SegformerImageProcessor', size: side, do_reduce_labels: false };
  return {
    ...(fit === 'square' ? square : stretched),
    do_resize: true,
    resample: LANCZOS,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
    do_convert_rgb: true,
  };
}
