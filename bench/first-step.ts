/**
 * How long until a newcomer sees the first step? Draws photos, then runs `iwm pretrain` from an empty cache and waits
 * for the first line of its metrics that is a step's; the run is ended there.
 *
 *   npx tsx bench/first-step.ts --preset small
 *   npx tsx bench/first-step.ts --preset vit-b16 --set batch=4 --set accumulate=1
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { processor } from '../src/processor.js';
import { random } from '../src/random.js';
import { iwm } from './reliability/short-run.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    set: { type: 'string', multiple: true, default: [] },
    images: { type: 'string', default: '1000' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'iwm-first-step-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Photos of 500 × 375: smooth fields of colour with some grain, as large as a photo's JPEG. */
const photos = join(folder, 'photos');
mkdirSync(photos);
for (let image = 0; image < Number(values.images); image++) {
  const draw = random(0, image);
  const few = Uint8Array.from({ length: 12 * 9 * 3 }, () => draw.integer(256));
  const smooth = await sharp(few, { raw: { width: 12, height: 9, channels: 3 } })
    .resize(500, 375, { kernel: 'cubic' })
    .raw()
    .toBuffer();
  for (let i = 0; i < smooth.length; i += 1 + (i % 3))
    smooth[i] = (smooth[i] as number) ^ (draw.integer(4) * 2);
  writeFileSync(
    join(photos, `${String(image).padStart(4, '0')}.jpg`),
    await sharp(smooth, { raw: { width: 500, height: 375, channels: 3 } })
      .jpeg()
      .toBuffer(),
  );
}

const run = join(folder, 'run');
const set = [...values.set, 'log.every=1'].flatMap((each) => ['--set', each]);
const began = performance.now();
const child = iwm(['pretrain', '--data', photos, '--preset', values.preset, '--out', run, ...set], {
  XDG_CACHE_HOME: join(folder, 'cache'),
});
let said = '';
child.stderr?.setEncoding('utf8').on('data', (text: string) => {
  said += text;
});
const metrics = join(run, 'metrics.jsonl');
const logged = (): boolean => existsSync(metrics) && readFileSync(metrics, 'utf8').includes('"kind":"step"');
while (child.exitCode === null && !logged()) await new Promise((wake) => setTimeout(wake, 50));
const seconds = (performance.now() - began) / 1000;
if (!logged()) throw new Error(said);
child.kill('SIGKILL');
console.log(
  `${processor()}, ${cpus().length} cores; preset ${values.preset} ${values.set.join(' ')}, ${values.images} photos of 500 × 375, empty cache: first logged step after ${seconds.toFixed(1)} s`,
);
