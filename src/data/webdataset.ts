import { UserError } from '../errors.js';
import { some } from '../words.js';
import { ClassLabels } from './class-labels.js';
import { imageEndings } from './image-endings.js';
import { chooseShards, type Shards } from './shards.js';
import { describeSource, type Masks, type Source, type TarShard } from './source.js';
import type { Split } from './splits.js';
import type { Member } from './tar-file.js';
import { foldersUnread, splitsOfFolders } from './tar-folders.js';
import { readSamples, type Sample, type Samples } from './tar-samples.js';
import { checkToldSplits, countSplits, type ToldSplits } from './told-splits.js';

/**
 * Images in WebDataset's layout: tar files, plain or gzipped, whose members belong together by their name up to its
 * first dot: `0001.jpg`, `0001.cls` (a class by number or name), `0001.json` (the class under label, cls or class),
 * `0001.seg.png` (a mask). Class names may stand in a `dataset.json` beside the shards. Reads headers and labels only.
 * @throws UserError naming shard and member of what is damaged, or without the split asked for
 */
export async function webDataset(shards: Shards, wanted: Split | undefined): Promise<Source> {
  const { source, facts } = shards;
  const { split, chosen, others, notes } = chooseShards(shards, wanted);
  const labels = new ClassLabels();
  const codesOf = ({ path, samples }: Samples): number[] =>
    samples.map(({ image, label }) => labels.code(label, () => `${path}, ${image.name}`));
  const tars: Samples[] = [];
  for (const { path } of chosen) tars.push(await readSamples(path));
  const told = tars.flatMap((tar, i) => splitsTold(tar, chosen[i]?.split ?? split));
  const otherwise = checkToldSplits(told);
  const length = tars.reduce((total, { samples }) => total + samples.length, 0);
  if (length === 0)
    throw new UserError(`${source}: no images there (looked for ${imageEndings.join(' ')} in the tar files)`);
  const codes = Int32Array.from(tars.flatMap(codesOf));
  // A class has the same number in all splits, and one that some of them lack has it too.
  for (const { path } of others) {
    if (labels.any && facts.classes) break;
    codesOf(await readSamples(path));
  }
  const labelling = labels.of(codes, { given: facts.classes }, 'no .cls and no label in a .json');
  const masks = (): Masks => ({
    pixels: { kind: 'tar', files: tars.map((tar) => table(tar, (sample) => maskOf(tar, sample))) },
    classes: facts.classes,
    ignored: facts.ignored,
  });
  return {
    description: describeSource(source, { length, split, ...labelling }, labelling),
    notes: [
      ...shards.notes,
      ...notes,
      ...tars.flatMap((tar) => tar.notes),
      ...unusedOf(tars),
      ...otherwise,
      ...(labelling.labels === undefined ? foldersUnread(tars) : []),
      ...labelling.notes,
    ],
    split,
    length,
    classes: labelling.classes,
    labels: labelling.labels,
    pixels: { kind: 'tar', files: tars.map((tar) => table(tar, ({ image }) => image)) },
    ...(tars.some(({ samples }) => samples.some(({ mask }) => mask)) ? { masks } : {}),
  };
}

/** What the folders in a tar file, and its samples, tell of splits. */
const splitsTold = (tar: Samples, readAs: Split): ToldSplits[] => [
  { path: tar.path, readAs, by: 'its folders', images: splitsOfFolders(tar) },
  {
    path: tar.path,
    readAs,
    by: 'a key in its .json',
    images: countSplits(tar.samples.map(({ split }) => split)),
  },
];

/** A sentence on members that are neither image nor label nor mask. */
function unusedOf(tars: readonly Samples[]): string[] {
  const counts = new Map<string, number>();
  for (const { unused } of tars)
    for (const [what, number] of unused) counts.set(what, (counts.get(what) ?? 0) + number);
  const parts = [...counts].map(([what, number]) => `${number.toLocaleString('en-US')} ${what}`);
  return parts.length > 0 ? [`members not used: ${some(parts, 5)}`] : [];
}

function maskOf({ path }: Samples, { image, mask }: Sample): Member {
  if (mask === undefined) throw new UserError(`${path}, ${image.name}: has no mask (.seg.png) beside it`);
  return mask;
}

function table({ path, packed, samples }: Samples, choose: (sample: Sample) => Member): TarShard {
  const members = samples.map(choose);
  return {
    path,
    packed,
    rows: members.length,
    // The archives of one file may use the same names.
    names: members.map(({ name, part }) => (part === 0 ? name : `${name} of archive ${part + 1}`)),
    offsets: Float64Array.from(members, ({ offset }) => offset),
    sizes: Float64Array.from(members, ({ size }) => size),
  };
}
