import { maskClasses } from '../adapt/tasks/mask-classes.js';
import type { PixelClasses, TaskClasses } from '../adapt/tasks/task.js';
import { imageFolder } from '../data/image-folder.js';
import { checkClasses, decodeMask } from '../data/mask.js';
import { USUALLY_IGNORED } from '../data/source.js';
import { openHeldOut } from '../data/splits.js';
import { UserError } from '../errors.js';
import { chosenFolder } from './chosen-folder.js';
import { sidesOf } from './decode-square.js';
import type { ChosenFile } from './run-source.js';

/** An image of a folder, with a class for each of its pixels. */
export interface MaskedFile {
  readonly file: ChosenFile;
  /**
   * Reads its mask.
   * @throws UserError naming a mask that cannot be read, or with a class that is none
   */
  truth(): Promise<PixelClasses>;
}

/** Images with masks that a person chose or dropped. */
export interface ChosenMasks {
  readonly images: readonly MaskedFile[];
  /** What was found and is not used, or was guessed: a sentence each. */
  readonly notes: readonly string[];
}

/** Bytes of a mask, each a class. */
const BYTES = Array.from({ length: 256 }, (_, byte) => String(byte));

/**
 * The images of a folder that have a mask, as `iwm evaluate` reads them: which is whose mask, split and names of classes are
 * those of {@link imageFolder}. But a mask is taken as it lies: it is never turned as EXIF data turn its image.
 * @param known the classes of who is asked, which the masks' are numbered as
 * @returns undefined for a folder without masks
 * @throws UserError for a folder without images, and a mask that does not suit
 */
export async function chosenMasks(
  files: Iterable<ChosenFile>,
  known: TaskClasses,
): Promise<ChosenMasks | undefined> {
  const { folder, byPath } = await chosenFolder(files);
  const opened = await openHeldOut(async (split) => {
    const { pixels, masks, notes = [] } = imageFolder(folder, split);
    return { pixels, masks: masks?.(), notes };
  });
  const { pixels, masks, notes } = opened;
  if (masks?.pixels.kind !== 'files' || pixels.kind !== 'files') return undefined;
  const [imagePaths, maskPaths] = [pixels.paths, masks.pixels.paths];
  const fileAt = (path: string): ChosenFile => byPath.get(path) as ChosenFile;
  const meaning = { classes: masks.classes ?? BYTES, ignored: masks.ignored ?? USUALLY_IGNORED };
  const read = maskClasses({ source: folder.path, ...meaning }, known);
  const places = masks.places ?? maskPaths.keys();
  const images = Array.from(places, (place, at): MaskedFile => {
    const [path, image] = [maskPaths[at] ?? '', imagePaths[place] ?? ''];
    return {
      file: fileAt(image),
      async truth() {
        try {
          const mask = decodeMask(new Uint8Array(await fileAt(path).arrayBuffer()));
          const { width, height } = await sidesOf(fileAt(image));
          if (mask.width !== width || mask.height !== height)
            throw new UserError(
              `${path}: a mask of ${mask.width} × ${mask.height} pixels for an image of ${width} × ${height}, ${image}`,
            );
          checkClasses(path, mask, meaning);
          return read(mask);
        } catch (error) {
          if (error instanceof UserError) throw error;
          throw new UserError(`${path}: ${(error as Error).message}`);
        }
      },
    };
  });
  return { images, notes };
}
