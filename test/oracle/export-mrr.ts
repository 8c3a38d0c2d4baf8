/**
 * What `iwm evaluate` measures a run's MRR on, for test/oracle/export_mrr.py: images, the parameters of their versions,
 * which of them are asked for, and what comes out here.
 *
 *     node --import tsx test/oracle/export-mrr.ts RUN OUT.safetensors [IMAGES]
 */
import { bankParameters, jitterNames } from '../../src/evaluate/bank.js';
import { ACTIONS, BANK } from '../../src/evaluate/evaluation-protocol.js';
import { purpose, random } from '../../src/random.js';
import { keptIn } from '../../src/run/disk/images-file.js';
import { readConfig } from '../../src/run/disk/run-folder.js';
import { writeSafetensors } from '../../src/run/disk/safetensors-file.js';
import { keptImages } from '../../src/run/kept-images.js';
import { evaluateRun } from '../../src/verbs/evaluate-run.js';
import { openEvaluationSets } from '../../src/verbs/evaluation-sets.js';

const [run, out, many = '64'] = process.argv.slice(2);
if (run === undefined || out === undefined) throw new Error('give RUN and OUT.safetensors');
const images = Number(many);
const { mrr } = await evaluateRun(run, { images });
const config = readConfig(run);
const sets = await openEvaluationSets(config, keptIn(run, keptImages), { seed: 0 });
const places = Int32Array.from({ length: mrr.images }, (_, i) => i);
const pixels = await sets.asked.batch(places);
const parameters = [...places].flatMap((image) =>
  bankParameters(config.augmentation, BANK, 0, image).flatMap((view) =>
    jitterNames.map((name) => view[name]),
  ),
);
const asked = [...places].flatMap((image) => [
  ...random(0, image, purpose.evaluate).permutation(BANK).subarray(0, ACTIONS),
]);
const side = config.image.stored;
const tensor = (shape: readonly number[], numbers: ArrayLike<number>) => ({
  shape,
  data: Float32Array.from(numbers),
});
writeSafetensors(out, {
  tensors: new Map([
    ['images', tensor([mrr.images, 3, side, side], pixels)],
    ['parameters', tensor([mrr.images, BANK, jitterNames.length], parameters)],
    ['asked', tensor([mrr.images, ACTIONS], asked)],
    ['mrr', tensor([2], [mrr.value, mrr.l2])],
  ]),
  metadata: {},
});
console.log(`MRR ${mrr.value} (L2 ${mrr.l2}) of ${mrr.images} images`);
await sets.close();
