import { readImages } from '../data/image-files.js';
import type { ComputeOptions } from '../engine/index.js';
import type { Inference, InferredAction } from '../model/search-action.js';
import { signed } from '../words.js';
import { transformations } from '../world-model/index.js';
import { WorldModel } from './world-model.js';

/** What a run infers of two image files. */
export interface InferredFiles extends Inference {
  readonly run: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Which action leads from one image file to another?
 * @throws UserError for a run or an image that cannot be read
 */
export async function inferFiles(
  run: string,
  before: string,
  after: string,
  { threads, device }: ComputeOptions = {},
): Promise<InferredFiles> {
  const model = await WorldModel.load(run, { threads, device });
  try {
    const pixels = await readImages([before, after], model);
    const half = pixels.length / 2;
    const found = await model.infer(pixels.subarray(0, half), pixels.subarray(half));
    return { run, before, after, ...found };
  } finally {
    model.dispose();
  }
}

/** An inference in words. */
export function describeInference({ tolerance, nothing, runnerUp, ...best }: Inference): string {
  const share = (distance: number): string => `distance ${distance.toFixed(3)}`;
  const lines = Object.entries(tolerance).map(
    ([name, width]) =>
      `  ${name.padEnd(10)} ${signed(best.action[name as 'hue'] ?? 0, 3)} ± ${width.toFixed(3)}`,
  );
  return [
    `action     ${share(best.distance)}; ${share(nothing)} where nothing is done`,
    ...lines,
    ...destroyed(best),
    `runner-up  ${share(runnerUp.distance)}: ${Object.keys(tolerance)
      .map((name) => `${name} ${signed(runnerUp.action[name as 'hue'] ?? 0, 3)}`)
      .join(', ')}${destroyed(runnerUp)
      .map((line) => `,${line.replace(/^ +/, ' ')}`)
      .join('')}`,
    '±: about one standard deviation, of actions as training draws them',
  ].join('\n');
}

function destroyed({ action }: InferredAction): string[] {
  const names = transformations
    .filter(({ kind, name }) => kind === 'destructive' && action[name])
    .map(({ name }) => name);
  return names.length > 0 ? [`  before was changed by ${names.join(', ')}`] : [];
}
