import { extname } from 'node:path';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';
import { imageEndings } from './image-endings.js';
import { isGzipped, type Member, openTar, readMembers, type TarBytes } from './tar-file.js';
import { isSplitKey } from './told-splits.js';

/** Longest `.cls` and `.json` that is read for a label. */
const LONGEST_LABEL = 2 ** 20;

/** An image of a tar file and what belongs to it. */
export interface Sample {
  readonly image: Member;
  readonly mask: Member | undefined;
  /** As it is written in its `.cls` or `.json`; undefined where nothing is. */
  readonly label: unknown;
  /** What its `.json` says of its split; undefined where it says nothing. */
  readonly split: unknown;
}

/** What a tar file holds. */
export interface Samples {
  readonly path: string;
  /** Whether it is gzipped. */
  readonly packed: boolean;
  readonly samples: readonly Sample[];
  /** What is not used, by kind, and of how many samples. */
  readonly unused: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
}

/** What a `.json` tells. */
type Told = Pick<Sample, 'label' | 'split'>;

/** The members of one sample: those with the same name up to its first dot. */
interface Gathered {
  image?: Member;
  mask?: Member;
  cls?: string;
  json?: Told;
  /** An image by its last ending alone, as `left.png`: a name that WebDataset reads otherwise than meant. */
  odd?: string;
  /** Endings of its other members. */
  readonly others: string[];
}

/**
 * Reads headers and labels of a tar file in WebDataset's layout. In one that was put together of several, a name may
 * come again in each: another sample.
 * @throws UserError naming shard and member of what is damaged or not meant so
 */
export async function readSamples(path: string): Promise<Samples> {
  const tar = await openTar(path);
  const notes: string[] = [];
  const gathered = new Map<string, Gathered>();
  try {
    for (const member of readMembers(path, tar, notes)) {
      const [, key = '', ending = ''] = /^((?:.*\/)?[^/.][^/.]*)\.([^/]+)$/s.exec(member.name) ?? [];
      if (key === '') continue;
      const place = `${member.part} ${key}`;
      const sample = gathered.get(place) ?? { others: [] };
      gathered.set(place, sample);
      add(path, sample, member, ending.toLowerCase(), tar);
    }
  } finally {
    tar.close();
  }
  const unused = new Map<string, number>();
  const samples = [...gathered].flatMap(([place, sample]) => {
    const { image, mask, cls, json } = sample;
    const whole = image ?? withoutImage(path, place, sample);
    const left = whole ? sample.others : ['without an image'];
    for (const what of left) unused.set(what, (unused.get(what) ?? 0) + 1);
    return whole ? [{ image: whole, mask, label: cls || json?.label, split: json?.split }] : [];
  });
  return { path, packed: isGzipped(path), samples, unused, notes };
}

/** Puts a member into the sample that it belongs to. */
function add(shard: string, sample: Gathered, member: Member, ending: string, tar: TarBytes): void {
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
  else if (ending === 'cls') sample.cls = content(shard, member, tar);
  else if (ending === 'json') sample.json = readJson(shard, member, content(shard, member, tar));
  else {
    if (isImageEnding(extname(ending))) sample.odd ??= member.name;
    sample.others.push(`.${ending}`);
  }
}

function isImageEnding(ending: string): boolean {
  return imageEndings.some((each) => each === ending);
}

/** @throws UserError where the sample is not meant to be none of images */
function withoutImage(shard: string, place: string, { mask, odd }: Gathered): undefined {
  if (mask !== undefined) throw new UserError(`${shard}, ${mask.name}: a mask without an image`);
  if (odd !== undefined)
    throw new UserError(
      `${shard}, ${odd}: a WebDataset name has one dot before its ending; the sample "${place.replace(/^\d+ /, '')}" has no image`,
    );
}

function content(shard: string, { name, offset, size }: Member, tar: TarBytes): string {
  if (size > LONGEST_LABEL) throw new UserError(`${shard}, ${name}: ${size} bytes, too long for a label`);
  // Without a byte order mark, which is white space to `trim`.
  return tar.read(offset, size).toString('utf8').trim();
}

/** The first of the keys label, cls and class that says something, and the key that is called like a split. */
function readJson(shard: string, { name }: Member, text: string): Told {
  const json = text === '' ? null : parseJson(text);
  if (json === undefined) throw new UserError(`${shard}, ${name}: not valid JSON`);
  if (typeof json !== 'object' || json === null) return { label: undefined, split: undefined };
  const { label, cls, class: named } = json as Record<string, unknown>;
  const [, split] = Object.entries(json).find(([key]) => isSplitKey(key)) ?? [];
  return {
    label: [label, cls, named].find((value) => value !== undefined && value !== null && value !== ''),
    split,
  };
}
