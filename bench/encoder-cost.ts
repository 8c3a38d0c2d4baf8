// What tuning a 6 × 192 predictor on a frozen ViT-S/14 (DINOv2-S's layout, 12 × 384, random weights) costs beside tuning
// that encoder: seconds an epoch once the latents are kept, and multiply-adds counted from the step. Every form is an
// `iwm adapt` on drawn images in a process of its own, in turn, round after round; medians of the rounds.
//
//   npx tsx bench/encoder-cost.ts [--size 224] [--images 128] [--epochs 2] [--batch 16] [--rounds 3] [--threads N]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEncoder } from '../src/encoders/open-encoder.js';
import { preprocessorConfig, transformersConfig } from '../src/export/config-files.js';
import { timmWeights, transformersWeights } from '../src/export/encoder-names.js';
import { median } from '../src/median.js';
import { initialise, layout } from '../src/nn/index.js';
import { processor } from '../src/processor.js';
import { adopt } from '../src/run/config.js';
import { writeSafetensors } from '../src/run/disk/safetensors-file.js';
import { imagenet } from '../src/run/presets.js';
import { pretrain } from '../src/verbs/pretrain.js';
import { type EncoderConfig, encoderSpec } from '../src/world-model/index.js';
import { adaptOnce, type CellResult } from './adapt-results.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '224' },
    images: { type: 'string', default: '128' },
    epochs: { type: 'string', default: '2' },
    batch: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const { images, epochs, batch, threads } = values;
const [size, rounds] = [Number(values.size), Number(values.rounds)];

/** How each is tuned; the goals are shares of the encoder's epoch. */
const forms: Readonly<Record<string, { readonly told: readonly string[]; readonly goal?: number }>> = {
  encoder: { told: ['--tune', 'encoder'] },
  'predictor, published form': { told: ['--tune', 'predictor'], goal: 1 / 3 },
  'predictor, cheap form': {
    told: [
      '--tune predictor --set predictor.contextBlocks=2 --set predictor.stride=4 --set predictor.visible=.5',
    ].flatMap((text) => text.split(' ')),
    goal: 1 / 10,
  },
};

const vitS: EncoderConfig = {
  depth: 12,
  width: 384,
  heads: 6,
  hidden: 1536,
  image: size,
  patch: 14,
  classToken: true,
  positions: 'learned',
  layerScale: true,
};

/** Writes an encoder of random weights as transformers has it. */
function drawEncoder(folder: string): void {
  mkdirSync(folder);
  const parts = layout(encoderSpec(vitS));
  const timm = timmWeights(parts, initialise(parts, 0, 0), vitS);
  writeSafetensors(join(folder, 'model.safetensors'), {
    tensors: transformersWeights(timm, vitS),
    metadata: { format: 'pt' },
  });
  const write = (name: string, document: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(document));
  write('config.json', transformersConfig(vitS));
  write('preprocessor_config.json', preprocessorConfig(imagenet, size, 'square'));
}

const folder = mkdtempSync(join(tmpdir(), 'iwm-encoder-cost-'));
try {
  const [source, run] = [join(folder, 'encoder'), join(folder, 'run')];
  drawEncoder(source);
  const config = adopt('small', (await openEncoder(source)).settled, {
    data: ['synthetic:32'],
    'image.stored': size,
    'predictor.depth': 6,
    steps: 1,
    batch: 2,
  });
  await pretrain(config, { out: run });
  const results: Record<string, CellResult[]> = {};
  for (let round = 1; round <= rounds; round++)
    for (const [name, { told }] of Object.entries(forms)) {
      const shared = [
        `--threads ${threads} --set epochs=${epochs} --set batch=${batch}`,
        '--set cache.kept=memory --set measure.every=1000',
      ].flatMap((text) => text.split(' '));
      const result = adaptOnce([run, '--data', `synthetic:${images}`], [...told, ...shared], name);
      results[name] = [...(results[name] ?? []), result];
      console.error(`round ${round}, ${name}: ${result.secondsPerEpoch.toFixed(2)} s an epoch`);
    }
  const seconds = (name: string): number =>
    median((results[name] ?? []).map(({ secondsPerEpoch }) => secondsPerEpoch));
  const counted = (name: string): number => results[name]?.[0]?.multiplyAddsPerImage ?? Number.NaN;
  console.log(
    `${processor()}, ${threads} threads; images of ${size} × ${size}, batches of ${batch}, ${images} images an epoch; ${config.encoder.depth} × ${config.encoder.width} encoder, ${config.predictor.depth} × ${config.predictor.width} predictor; medians of ${rounds} rounds`,
  );
  for (const [name, { goal }] of Object.entries(forms)) {
    const share = (of: (form: string) => number): string => `${(of(name) / of('encoder')).toFixed(3)} ×`;
    console.log(
      [
        name.padEnd(26),
        `${(counted(name) / 1e9).toFixed(2)} G multiply-adds an image, ${share(counted)}`,
        `${seconds(name).toFixed(2)} s an epoch, ${share(seconds)}`,
        ...(goal === undefined ? [] : [`goal ≤ ${goal.toFixed(3)} ×`]),
      ].join('  '),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
