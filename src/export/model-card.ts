import { basename, resolve } from 'node:path';
import type { TaskResult } from '../adapt/result.js';
import { describeScore } from '../adapt/scores/score.js';
import type { AdaptationSettings } from '../adapt/settings.js';
import type { Config } from '../run/config.js';
import { pretrainCommand } from '../run/describe-config.js';
import type { Health } from '../run/metrics.js';
import { count, percent } from '../words.js';
import { adaptCommand } from './adapt-command.js';
import { type Files, graphFiles } from './graph-files.js';
import type { Effects } from './measured-effect.js';
import type { Precision } from './store-smaller.js';

/** `README.md` of an export, which hubs show as its model card. */

/** What every card says of its graphs. */
interface Graphs {
  readonly files: Files;
  readonly effects: Effects;
}

/** The card of a run's encoder and predictor. @param health how well it did when that was last measured */
export function encoderCard(
  { run, out }: { readonly run: string; readonly out: string },
  config: Config,
  health: Health | undefined,
  graphs: Graphs,
): string {
  const { encoder, predictor, image } = config;
  const name = nameOf(out);
  return card(
    'image-feature-extraction',
    ['ijepa', 'world-model', 'self-supervised-learning'],
    [
      `# ${name}`,
      `An image encoder and the predictor of its world model, trained without labels on ${list(config.data)}: a JEPA whose predictor is told which transformation leads from one view of an image to another ([Garrido et al. 2024](https://arxiv.org/abs/2403.00504)).`,
      table([
        ['images', `${image.size} × ${image.size}, patches of ${image.patch}`],
        [
          'encoder',
          `${encoder.depth} blocks × ${encoder.width}, ${encoder.heads} heads${encoder.trained === 'none' ? '; frozen' : ''}`,
        ],
        ...(encoder.source === undefined
          ? []
          : [['its weights', `begun with ${encoder.source.name}`] as const]),
        [
          'predictor',
          `${predictor.depth} blocks × ${predictor.width}, told the action by ${predictor.conditioning}`,
        ],
        ['training', `${count(config.steps, 'step')} of ${count(config.batch, 'image')}`],
        ...measured(health),
      ]),
      '## Files',
      graphTable(graphs),
      '`model.safetensors` has the same encoder for transformers, `timm/` for timm and I-JEPA’s own code. `predictor/predictor.json` says what the predictor is fed, and what the numbers of an action mean.',
      '## Use',
      code(
        'js',
        `import { pipeline } from '@huggingface/transformers';`,
        ``,
        `const extract = await pipeline('image-feature-extraction', '${name}', { dtype: 'fp32' });`,
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
      '## How it was made',
      code(
        'bash',
        pretrainCommand(run, config),
        `npx iwm evaluate ${run}`,
        `npx iwm export ${run} --out ${out}`,
      ),
    ],
  );
}

/** The card of one task of an adapted model. */
export function taskCard(
  { folder, out }: { readonly folder: string; readonly out: string },
  settings: AdaptationSettings,
  pretraining: Config,
  result: TaskResult,
  classes: readonly string[],
  graphs: Graphs,
): string {
  const segments = result.task === 'segmentation';
  const name = nameOf(out);
  const pipeline = segments ? 'image-segmentation' : 'image-classification';
  const data = settings.tasks.find((task) => task.name === result.name)?.data ?? [];
  return card(
    pipeline,
    ['world-model'],
    [
      `# ${name}`,
      `${segments ? 'Says the class of every pixel' : 'Classifies images'}: ${classes.join(', ')}. Learned from ${count(result.trained, 'image')} of ${list(data)} on top of the world model ${settings.run}, trained without labels on ${list(pretraining.data)}.`,
      `On ${count(result.asked, 'image')} that it did not learn from: ${describeScore(result)}.`,
      '## Files',
      graphTable(graphs),
      '## Use',
      code(
        'js',
        `import { pipeline } from '@huggingface/transformers';`,
        ``,
        `const ask = await pipeline('${pipeline}', '${name}', { dtype: 'fp32' });`,
        `const answer = await ask('rose.jpg');`,
      ),
      '## How it was made',
      code(
        'bash',
        pretrainCommand(settings.run, pretraining),
        adaptCommand(folder, settings, pretraining),
        `npx iwm export ${folder} --out ${out}`,
      ),
    ],
  );
}

const nameOf = (folder: string): string => basename(resolve(folder));
const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' + ');
const code = (language: string, ...lines: readonly string[]): string =>
  [`\`\`\`${language}`, ...lines, '```'].join('\n');
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function table(rows: readonly (readonly string[])[], head: readonly string[] = ['', '']): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function card(pipeline: string, tags: readonly string[], parts: readonly string[]): string {
  const front = [
    '---',
    'library_name: transformers.js',
    `pipeline_tag: ${pipeline}`,
    `tags: [${tags.join(', ')}]`,
    '---',
  ];
  return `${[front.join('\n'), ...parts].join('\n\n')}\n`;
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

/** The files of a graph, and how their answers differ. */
function graphTable({ files, effects }: Graphs): string {
  const rows = Object.entries(graphFiles).map(([precision, path]) => {
    const { difference, knn, agreement } = effects.of[precision as Precision];
    const bytes = (files.get(path) ?? []).reduce((sum, part) => sum + part.length, 0);
    const quality = knn ?? agreement;
    return [
      `\`${path}\``,
      `${(bytes / 2 ** 20).toFixed(1)} MiB`,
      precision === 'float32' ? '0' : difference.toExponential(1),
      ...(quality === undefined ? [] : [percent(quality)]),
    ];
  });
  const { knn, agreement } = effects.of.float32;
  const asks = knn !== undefined ? ['k-NN'] : agreement !== undefined ? ['same answers'] : [];
  return `${table(rows, ['file', 'size', 'relative difference', ...asks])}\n\nCompared on ${effects.images}. The smaller files store their numbers in 16 and 8 bits and compute with them in 32.`;
}
