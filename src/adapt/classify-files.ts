import { readImages } from '../data/image-files.js';
import type { ComputeOptions } from '../engine/index.js';
import { percent } from '../words.js';
import { AdaptedModel } from './adapted-model.js';

/** Classes of one image, likeliest first. */
export interface ClassifiedFile {
  readonly image: string;
  readonly labels: readonly { readonly label: string; readonly probability: number }[];
}

/**
 * Names the classes of image files: each resized as in training, the middle kept.
 * @param most how many classes of each image to tell
 * @throws UserError naming a file that is no image, or a folder that is no adapted model
 */
export async function classifyFiles(
  folder: string,
  paths: readonly string[],
  { most = 5, threads, device }: { most?: number } & ComputeOptions = {},
): Promise<ClassifiedFile[]> {
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const { classes, probabilities } = await model.classify(await readImages(paths, model.size));
    return paths.map((image, i) => ({
      image,
      labels: classes
        .map((label, j) => ({ label, probability: probabilities[i * classes.length + j] as number }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, most),
    }));
  } finally {
    model.dispose();
  }
}

/** The likeliest classes as a table, an image a row. */
export function describeClassified(files: readonly ClassifiedFile[]): string {
  const width = Math.max(...files.map(({ image }) => image.length));
  return files
    .map(({ image, labels }) => {
      const shares = labels.map(({ label, probability }) => `${label} ${percent(probability)}`);
      return `${image.padEnd(width)}  ${shares.join(', ')}`;
    })
    .join('\n');
}
