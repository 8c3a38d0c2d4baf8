import { z } from 'zod';
import { UserError } from '../errors.js';
import { parseJson } from '../json.js';

/** How it is written. */
export const keptImages = z.object({
  /** Of all images that training began with, in order. */
  names: z.array(z.string()),
  /** Those never trained on. */
  heldOut: z.array(z.object({ name: z.string(), digest: z.string() })),
  /** Digests of those that have been. */
  trained: z.array(z.string()),
});

/** Which images a training began with, which are held out of it and which were trained on: what `images.json` says. */
export type KeptImages = Readonly<z.infer<typeof keptImages>>;

/**
 * @param schema of what is kept
 * @param where file, for the message
 * @throws UserError where the text is none
 */
export function parseKept<T>(schema: z.ZodType<T>, text: string, where: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new UserError(
    `${where}: does not say which images were held out (${[...path.map(String), message].join(': ')}); restore the file`,
  );
}

/** Nothing says which images were held out. @param file where it should be said */
export const imagesMissing = (file: string): UserError =>
  new UserError(`${file} is missing, so nobody knows which images were held out; restore it, or train anew`);

/** Names of images, the first few. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 2).join(', ')}${names.length > 2 ? ', …' : ''}`;

/**
 * Refuses to go on with other images: every place in the order, and what is held out, would be another's.
 * @param run what to call it
 * @param now names of the images that its data hold now, in order
 * @throws UserError saying what has changed, and what to do
 */
export function checkSameImages(run: string, { names }: KeptImages, now: readonly string[]): void {
  if (names.length === now.length && names.every((name, i) => name === now[i])) return;
  const [before, after] = [new Set(names), new Set(now)];
  const changes = [
    { what: 'added', which: now.filter((name) => !before.has(name)) },
    { what: 'removed', which: names.filter((name) => !after.has(name)) },
  ].flatMap(({ what, which }) => (which.length > 0 ? [`${which.length} ${what} (${some(which)})`] : []));
  throw imagesChanged(run, changes.join(', ') || 'their order is another');
}

/** The images of a run are not those that it began with. @param how in a few words */
export const imagesChanged = (run: string, how: string): UserError =>
  new UserError(
    `${run}: its images have changed since it began: ${how}; put them back to go on, or begin a new run from its weights: iwm pretrain --from ${run}`,
  );
