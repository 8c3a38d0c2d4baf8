import { basename, dirname, extname } from 'node:path';
import { UserError } from '../errors.js';
import { type DatasetFacts, readDatasetJson } from './dataset-json.js';
import { imageEndings } from './encoded-image.js';
import { describeSource, type Masks, type Source, type TarShard } from './source.js';
import { chooseSplit, type Split, splitIn } from './splits.js';
import { isGzipped, type Member, openTar, readMembers, type TarBytes } from './tar-file.js';

/** Names of WebDataset shards end so. */
export const tarEndings = ['.tar', '.tar.gz', '.tgz'] as const;

/** Longest `.cls` and `.json` that is read for a label. */
const LONGEST_LABEL = 2 ** 20;
/** Whole numbers without names are classes only below this. */
const MOST_CLASSES = 65_536;

/** A class by number or by name. */
type Label = number | string;

/** The members of one sample: those with the same name up to its first dot. */
interface Sample {
  image?: Member;
  mask?: Member;
  label?: Label;
  /** An image by its last ending alone, as `left.png`: a name that WebDataset reads otherwise than meant. */
  odd?: string;
}

interface Shard {
  readonly path: string;
  readonly packed: boolean;
  readonly samples: readonly (Sample & { readonly image: Member })[];
}

/**
 * Images in WebDataset's layout: tar files, plain or gzipped, whose members belong together by their name up to its
 * first dot: `0001.jpg`, `0001.cls` (a class by number or name), `0001.json` (the class under label, cls or class),
 * `0001.seg.png` (a mask). Class names may stand in a `dataset.json` beside the shards. Reads headers and labels only.
 * @param name as the person gave it
 * @param found the shards, in order; those whose name tells a split (`train-000.tar`) belong to it
 * @throws UserError naming shard and member of what is damaged, or without the split asked for
 */
export async function webDataset(
  name: string,
  found: readonly string[],
  wanted: Split | undefined,
): Promise<Source> {
  const facts = readDatasetJson(dirname(found[0] ?? ''));
  const splitOfShard = (path: string): Split | undefined =>
    facts.splitOf ? facts.splitOf(basename(path)) : splitIn(basename(path));
  const split = chooseSplit(name, new Set(found.map(splitOfShard)), wanted);
  const shards: Shard[] = [];
  for (const path of found)
    if (split === 'all' || splitOfShard(path) === split) shards.push(await readShard(path));
  const length = shards.reduce((total, { samples }) => total + samples.length, 0);
  if (length === 0)
    throw new UserError(`${name}: no images there (looked for ${imageEndings.join(' ')} in the tar files)`);
  const { labels, classes } = resolveLabels(shards, facts);
  const masks = (): Masks => ({
    pixels: { kind: 'tar', files: shards.map((shard) => table(shard, (sample) => maskOf(shard, sample))) },
    classes: facts.classes,
    ignored: facts.ignored,
  });
  return {
    description: describeSource(name, { length, classes, split }),
    split,
    length,
    classes,
    labels,
    pixels: { kind: 'tar', files: shards.map((shard) => table(shard, ({ image }) => image)) },
    ...(shards.some(({ samples }) => samples.some(({ mask }) => mask)) ? { masks } : {}),
  };
}

function maskOf({ path }: Shard, { image, mask }: Shard['samples'][number]): Member {
  if (mask === undefined) throw new UserError(`${path}, ${image.name}: has no mask (.seg.png) beside it`);
  return mask;
}

async function readShard(path: string): Promise<Shard> {
  const tar = await openTar(path);
  try {
    const samples = new Map<string, Sample>();
    for (const member of readMembers(path, tar)) {
      const [, key = '', ending = ''] = /^((?:.*\/)?[^/.][^/.]*)\.([^/]+)$/s.exec(member.name) ?? [];
      if (key === '') continue;
      const sample = samples.get(key) ?? {};
      samples.set(key, sample);
      add(path, sample, member, ending.toLowerCase(), tar);
    }
    return { path, packed: isGzipped(path), samples: [...samples].flatMap((entry) => whole(path, ...entry)) };
  } finally {
    tar.close();
  }
}

/** Puts a member into the sample that it belongs to. */
function add(shard: string, sample: Sample, member: Member, ending: string, tar: TarBytes): void {
  const isImage = isImageEnding(`.${ending}`);
  if (!member.file && isImage)
    throw new UserError(
      `${shard}, ${member.name}: not a file but a link or the like; pack files (tar --dereference)`,
    );
  if (!member.file) return;
  if (isImage && sample.image !== undefined)
    throw new UserError(`${shard}, ${member.name}: a second image of the sample, after ${sample.image.name}`);
  if (isImage) sample.image = member;
  else if (ending === 'seg.png') sample.mask = member;
  else if (ending === 'cls') sample.label = textLabel(content(shard, member, tar));
  else if (ending === 'json') sample.label ??= jsonLabel(shard, member, content(shard, member, tar));
  else if (isImageEnding(extname(ending))) sample.odd ??= member.name;
}

function isImageEnding(ending: string): boolean {
  return imageEndings.some((each) => each === ending);
}

/** The sample if it has an image, none if it is no sample of images. */
function whole(shard: string, key: string, sample: Sample): (Sample & { image: Member })[] {
  const { image, mask, odd } = sample;
  if (image !== undefined) return [{ ...sample, image }];
  if (mask !== undefined) throw new UserError(`${shard}, ${mask.name}: a mask without an image`);
  if (odd !== undefined)
    throw new UserError(
      `${shard}, ${odd}: a WebDataset name has one dot before its ending; the sample "${key}" has no image`,
    );
  return [];
}

function content(shard: string, { name, offset, size }: Member, tar: TarBytes): string {
  if (size > LONGEST_LABEL) throw new UserError(`${shard}, ${name}: ${size} bytes, too long for a label`);
  return tar.read(offset, size).toString('utf8').trim();
}

function textLabel(text: string): Label {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function jsonLabel(shard: string, { name }: Member, text: string): Label | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UserError(`${shard}, ${name}: not valid JSON`);
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { label, cls, class: named } = json as Record<string, unknown>;
  const value = label ?? cls ?? named;
  return typeof value === 'string' || (Number.isInteger(value) && Number(value) >= 0)
    ? (value as Label)
    : undefined;
}

/** Labels as numbers, where every sample has one. */
function resolveLabels(
  shards: readonly Shard[],
  facts: DatasetFacts,
): { labels?: Int32Array; classes?: readonly string[] } {
  const given = shards.flatMap(({ path, samples }) =>
    samples.map(({ image, label }) => ({ name: `${path}, ${image.name}`, label })),
  );
  if (given.some(({ label }) => label === undefined)) return {};
  const named = given.some(({ label }) => typeof label === 'string');
  const numbers = given.map(({ label }) => Number(label));
  const most = numbers.reduce((a, b) => Math.max(a, b), 0);
  if (facts.classes === undefined && !named && most >= MOST_CLASSES) return {};
  const classes =
    facts.classes ??
    (named
      ? [...new Set(given.map(({ label }) => String(label)))].sort()
      : Array.from({ length: most + 1 }, (_, i) => String(i)));
  const places = new Map(classes.map((name, place) => [name, place]));
  const labels = Int32Array.from(given, ({ name, label }) => {
    const place = named ? places.get(String(label)) : Number(label);
    if (place === undefined || place >= classes.length)
      throw new UserError(`${name}: class ${label} is none of the ${classes.length} in dataset.json`);
    return place;
  });
  return { labels, classes };
}

function table(
  { path, packed, samples }: Shard,
  choose: (sample: Shard['samples'][number]) => Member,
): TarShard {
  const members = samples.map(choose);
  return {
    path,
    packed,
    rows: members.length,
    names: members.map(({ name }) => name),
    offsets: Float64Array.from(members, ({ offset }) => offset),
    sizes: Float64Array.from(members, ({ size }) => size),
  };
}
