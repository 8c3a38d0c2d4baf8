import type { Config } from '../run/config.js';
import { pretrainCommand } from '../run/describe-config.js';
import type { Health } from '../run/metrics.js';
import { count, percent, quoted } from '../words.js';
import { graphFiles } from './graph-files.js';
import { card, code, type Graphs, graphTable, list, nameOf, table } from './model-card.js';

/** What a card says of an encoder, by what it is. */
export interface EncoderWords {
  readonly encoder: string;
  /** Where its weights are from; absent where they were random. */
  readonly weights?: string;
  readonly files: string;
  readonly use: readonly string[];
}

/** Of one that has weights. @param name of the export */
export function weightsWords({ encoder }: Config, name: string, graphs: Graphs): EncoderWords {
  return {
    encoder: `${encoder.depth} blocks × ${encoder.width}, ${encoder.heads} heads${encoder.trained === 'none' ? '; frozen' : ''}`,
    ...(encoder.source === undefined ? {} : { weights: `begun with ${encoder.source.name}` }),
    files: `${graphTable(graphs)}\n\n\`model.safetensors\` has the same encoder for transformers, \`timm/\` for timm and I-JEPA’s own code.`,
    use: [
      extraction(
        name,
        `const latents = await extract('rose.jpg'); // [1, patches, ${encoder.width}]`,
        `const features = await extract('rose.jpg', { pool: true }); // their mean, [1, ${encoder.width}]`,
      ),
      code(
        'python',
        `import timm`,
        `from transformers import AutoImageProcessor, AutoModel`,
        ``,
        `processor = AutoImageProcessor.from_pretrained("${name}")`,
        `encoder = AutoModel.from_pretrained("${name}", add_pooling_layer=False)  # or:`,
        `encoder = timm.create_model("local-dir:${name}/timm", pretrained=True)`,
      ),
    ],
  };
}

/** Of one that is an ONNX model. @param name of the export */
export function programWords({ encoder: { width, source, program } }: Config, name: string): EncoderWords {
  return {
    encoder: `an ONNX model, ${width} features a patch; frozen`,
    weights: `from ${source?.name}`,
    files: `\`${graphFiles.float32}\` is the encoder, byte for byte as it came.`,
    use: [
      extraction(
        name,
        `const latents = await extract('rose.jpg'); // [1, ${program?.prefix} + patches, ${width}]`,
      ),
    ],
  };
}

const extraction = (name: string, ...lines: readonly string[]): string =>
  code(
    'js',
    `import { pipeline } from '@huggingface/transformers';`,
    ``,
    `const extract = await pipeline('image-feature-extraction', '${name}', { dtype: 'fp32' });`,
    ...lines,
  );

/** The card of a run's encoder and predictor. @param health how well it did when that was last measured */
export function encoderCard(
  { run, out }: { readonly run: string; readonly out: string },
  config: Config,
  health: Health | undefined,
  words: EncoderWords,
): string {
  const { predictor, image } = config;
  return card(
    'image-feature-extraction',
    ['ijepa', 'world-model', 'self-supervised-learning'],
    [
      `# ${nameOf(out)}`,
      `An image encoder and the predictor of its world model, trained without labels on ${list(config.data)}: a JEPA whose predictor is told which transformation leads from one view of an image to another ([Garrido et al. 2024](https://arxiv.org/abs/2403.00504)).`,
      table([
        ['images', `${image.size} × ${image.size}, patches of ${image.patch}`],
        ['encoder', words.encoder],
        ...(words.weights === undefined ? [] : [['its weights', words.weights] as const]),
        [
          'predictor',
          `${predictor.depth} blocks × ${predictor.width}, told the action by ${predictor.conditioning}; predicts the latents of ${count(predictor.targetBlocks, 'block')} of the encoder`,
        ],
        ['training', `${count(config.steps, 'step')} of ${count(config.batch, 'image')}`],
        ...measured(health),
      ]),
      '## Files',
      words.files,
      '`predictor/predictor.onnx` is the predictor; `predictor/predictor.json` says what it is fed, by which graphs, what its predictions come near, and what the numbers of an action mean.',
      '## Use',
      ...words.use,
      '## How it was made',
      code(
        'bash',
        pretrainCommand(run, config),
        `npx iwm evaluate ${quoted(run)}`,
        `npx iwm export ${quoted(run)} --out ${quoted(out)}`,
      ),
    ],
  );
}

function measured(health: Health | undefined): [string, string][] {
  if (health === undefined) return [];
  const knn = health.knn === undefined ? '' : `; k-NN ${percent(health.knn)}`;
  return [
    [
      `on held-out images, at step ${health.step}`,
      `MRR ${health.mrr.toFixed(3)}${knn}; RankMe ${health.rankMe.toFixed(1)}; ${health.verdict}`,
    ],
  ];
}
