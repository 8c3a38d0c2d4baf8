import { openImages } from '../../data/images.js';
import { openSegmentation, type SegmentationSet } from '../../data/segmentation.js';
import { MissingSplit } from '../../data/splits.js';
import { UserError } from '../../errors.js';
import type { DenseHeadConfig } from '../network/dense-head.js';
import type { HeadConfig } from '../network/heads.js';
import { PixelConfusion } from '../scores/iou.js';
import { atPoints } from './mask-classes.js';
import { pixelClasses } from './pixel-classes.js';
import { PixelCounts } from './pixel-counts.js';
import { type PixelClasses, type TaskKind, type TaskSet, UnlabelledSplit } from './task.js';
import { toldClasses } from './told-classes.js';

/** Images with a mask each. */
export interface MaskedImages extends TaskSet {
  readonly sets: readonly SegmentationSet[];
  /** Where each image lies among those of all sets. */
  readonly places: Int32Array;
  /** The class of every pixel of an image. @throws UserError naming a mask that cannot be read */
  truth(image: number): Promise<PixelClasses>;
}

type Facts = Pick<
  MaskedImages,
  'images' | 'sets' | 'places' | 'classes' | 'ignored' | 'description' | 'notes'
>;

function masked(facts: Facts): MaskedImages {
  const { images, sets, places, classes, ignored } = facts;
  const read = pixelClasses(sets, facts);
  const truth = (image: number): Promise<PixelClasses> => read(places[image] as number);
  return {
    ...facts,
    protocol: (head) => protocol(dense(head), ignored),
    groups: new Int32Array(images.length),
    truth,
    async targets(head, progress, note) {
      const { points } = dense(head);
      const size = points ** 2;
      const all = new Int16Array(images.length * size);
      const counts = new PixelCounts(facts);
      for (let image = 0; image < images.length; image++) {
        const pixels = await truth(image);
        counts.add(pixels);
        all.set(atPoints(pixels, points), image * size);
        progress(image + 1);
      }
      const missing = counts.describeMissing();
      if (missing !== undefined) note(missing);
      return (chosen) => {
        const out = new Int32Array(chosen.length * size);
        chosen.forEach((image, i) => {
          out.set(all.subarray(image * size, (image + 1) * size), i * size);
        });
        return out;
      };
    },
    async measure(answers, head, compiled, judged) {
      const config = dense(head);
      const each = config.side ** 2 * config.classes;
      const confusion = new PixelConfusion(classes);
      for await (const { first, logits } of answers)
        for (let i = 0; i < logits.length / each; i++) {
          const pixels = await truth(first + i);
          const own = logits.subarray(i * each, (i + 1) * each);
          const told = await toldClasses(compiled, own, config, pixels, ignored);
          confusion.add(pixels.data, told);
          judged?.(first + i, { kind: 'pixels', truth: pixels, told });
        }
      const overlap = confusion.overlap(ignored);
      if (overlap.pixels === 0)
        throw new UserError(`${images.source}: no pixel of its masks has a class that counts`);
      return { task: 'segmentation', ...overlap };
    },
    close: async () => {
      await Promise.all([images.close(), ...sets.map((set) => set.close())]);
    },
  };
}

function protocol(
  { points }: DenseHeadConfig,
  ignored: number | undefined,
): Readonly<Record<string, string>> {
  return {
    images: 'the whole image stretched to the square that the model takes, in training and when asked',
    loss: `cross-entropy at ${points} × ${points} points: logits upsampled bilinearly, against the mask's nearest pixel`,
    meanIou: `at the resolution of the annotations, logits upsampled bilinearly; all images' pixels counted together, mean over the classes that occur in truth or answer; pixels of class ${ignored} left out; at the end, not the best along the way`,
  };
}

function dense(head: HeadConfig): DenseHeadConfig {
  if (head.kind !== 'dense') throw new Error(`a ${head.kind} head says nothing of pixels`);
  return head;
}

/** Telling the class of every pixel. */
export const segmentation: TaskKind<MaskedImages> = {
  async open(data, { size, split, classes, ignored }) {
    const all = await openImages(data, { size, split, fit: 'stretched' });
    const sets: SegmentationSet[] = [];
    try {
      for (const source of data) sets.push(await openMasks(source, { size, split, classes, ignored }));
      const [first, ...others] = sets;
      if (first === undefined) throw new UserError('no source of images was given', 2);
      // Where classes are mere numbers, a source may lack the last ones.
      const most = others.reduce((a, b) => (b.classes.length > a.classes.length ? b : a), first);
      const images = all.subset(Int32Array.from(placesOf(sets)));
      const places = Int32Array.from({ length: images.length }, (_, i) => i);
      const description = sets.map((set) => set.description).join('; ');
      return masked({
        images,
        sets,
        places,
        classes: most.classes,
        ignored: most.ignored,
        description,
        notes: sets.flatMap((set) => set.notes),
      });
    } catch (error) {
      await Promise.all([all, ...sets].map((set) => set.close()));
      throw error;
    }
  },
  async checkLearnable(set) {
    const counts = new PixelCounts(set);
    for (let image = 0; image < set.images.length && counts.occurring < 2; image++)
      counts.add(await set.truth(image));
    if (counts.occurring < 2) throw new UserError(`${set.images.source}: ${counts.describeTooFew()}`);
  },
  subset: (set, chosen, description) =>
    masked({
      ...set,
      images: set.images.subset(chosen),
      places: chosen.map((place) => set.places[place] as number),
      description,
    }),
  renumber: (set, { classes, ignored }) => masked({ ...set, classes, ignored }),
};

/** @throws UnlabelledSplit for a split without masks */
async function openMasks(...wanted: Parameters<typeof openSegmentation>): Promise<SegmentationSet> {
  try {
    return await openSegmentation(...wanted);
  } catch (error) {
    throw error instanceof MissingSplit ? new UnlabelledSplit(error.message) : error;
  }
}

/** Where the images with masks lie among those of all sources. */
function placesOf(sets: readonly SegmentationSet[]): number[] {
  let first = 0;
  return sets.flatMap(({ places, among }) => {
    const own = Array.from(places, (place) => first + place);
    first += among;
    return own;
  });
}
