import { toCsv } from '../../csv.js';
import { imageFiles, readImages } from '../../data/image-files.js';
import type { ComputeOptions } from '../../engine/index.js';
import { type Log, quiet } from '../../log.js';
import { percent } from '../../words.js';
import { AdaptedModel, type Classification } from './adapted-model.js';
import { type FailedFile, type FileAnswers, readFiles } from './file-answers.js';

/** Images that are classified at once. */
const TOGETHER = 64;

/** Classes of one image by one task, likeliest first. */
export interface ClassifiedFile {
  readonly image: string;
  readonly task: string;
  readonly labels: readonly { readonly label: string; readonly probability: number }[];
}

/**
 * Names the classes of image files: each resized as in training, the middle kept.
 * @param paths image files, and folders of them
 * @param options.task by which of the model's tasks; by all that name classes, one after the other, where left out
 * @param options.most how many classes of each image to tell
 * @throws UserError where none of the files is an image, for a folder that is no adapted model or holds no images, or a task
 *   that is none of its
 */
export async function classifyFiles(
  folder: string,
  paths: readonly string[],
  {
    task,
    most = 5,
    log = quiet,
    threads,
    device,
  }: { task?: string; most?: number; log?: Log } & ComputeOptions = {},
): Promise<FileAnswers<ClassifiedFile>> {
  const files = imageFiles(paths);
  const model = await AdaptedModel.load(folder, { threads, device });
  try {
    const tasks = model.tasksTo('classify', task);
    const seeing = { size: model.size, fit: 'square' } as const;
    const each = 3 * model.size ** 2;
    const images: ClassifiedFile[] = [];
    const failed: FailedFile[] = [];
    const reading = { together: TOGETHER, log, failed };
    for await (const group of readFiles(files, reading, (path) => readImages([path], seeing))) {
      const pixels = new Float32Array(group.length * each);
      for (const [i, { read }] of group.entries()) pixels.set(read, i * each);
      const answers: Classification[] = [];
      for (const { name } of tasks) answers.push(await model.classify(pixels, name));
      for (const [i, { path }] of group.entries())
        for (const [j, { name }] of tasks.entries())
          images.push({ image: path, task: name, labels: likeliest(answers[j] as Classification, i, most) });
    }
    return { images, failed };
  } finally {
    model.dispose();
  }
}

function likeliest(
  { classes, probabilities }: Classification,
  image: number,
  most: number,
): ClassifiedFile['labels'] {
  return classes
    .map((label, i) => ({ label, probability: probabilities[image * classes.length + i] as number }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);
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

/** The same as comma-separated values: a row for each class that is told of an image. */
export function classifiedCsv(files: readonly ClassifiedFile[]): string {
  const rows = files.flatMap(({ image, task, labels }) =>
    labels.map(({ label, probability }, i) => [image, task, i + 1, label, probability.toFixed(6)]),
  );
  return toCsv(['image', 'task', 'rank', 'class', 'probability'], rows);
}
