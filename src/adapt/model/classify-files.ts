import { readImages } from '../../data/image-files.js';
import type { ComputeOptions } from '../../engine/index.js';
import { percent } from '../../words.js';
import { AdaptedModel } from './adapted-model.js';

/** Classes of one image by one task, likeliest first. */
export interface ClassifiedFile {
  readonly image: string;
  readonly task: string;
  readonly labels: readonly { readonly label: string; readonly probability: number }[];
}

/**
 * Names the classes of image files: each resized as in training, the middle kept.
 * @param task by which of the model's tasks; by all that name classes, one after the other, where left out
 * @param most how many classes of each image to tell
 * @throws UserError naming a file that is no image, a folder that is no adapted model, or a task that is none of its
 */
export async function classifyFiles(
  folder: string,
  paths: readonly string[],
  { task, most = 5, threads, device }: { task?: string; most?: number } & ComputeOptions = {},
): Promise<ClassifiedFile[]> {
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const tasks = model.tasksTo('classify', task);
    const pixels = await readImages(paths, model.size);
    const answers: ClassifiedFile[][] = [];
    for (const { name } of tasks) {
      const { classes, probabilities } = await model.classify(pixels, name);
      answers.push(
        paths.map((image, i) => ({
          image,
          task: name,
          labels: classes
            .map((label, j) => ({ label, probability: probabilities[i * classes.length + j] as number }))
            .sort((a, b) => b.probability - a.probability)
            .slice(0, most),
        })),
      );
    }
    return paths.flatMap((_, i) => answers.map((ofTask) => ofTask[i] as ClassifiedFile));
  } finally {
    model.dispose();
  }
}

/** The likeliest classes as a table: a row for each image and, of several, each task. */
export function describeClassified(files: readonly ClassifiedFile[]): string {
  const several = files.some(({ task }) => task !== files[0]?.task);
  const heads = files.map(({ image, task }) => (several ? [image, task] : [image]));
  const widths = [0, 1].map((column) => Math.max(...heads.map((head) => head[column]?.length ?? 0)));
  return files
    .map(({ labels }, i) => {
      const head = (heads[i] ?? []).map((text, column) => `${text.padEnd(widths[column] ?? 0)}  `).join('');
      return head + labels.map(({ label, probability }) => `${label} ${percent(probability)}`).join(', ');
    })
    .join('\n');
}
