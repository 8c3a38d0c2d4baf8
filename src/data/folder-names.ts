import { splitIn, wordsOf } from './splits.js';

const imageWords = new Set(['image', 'images', 'img', 'imgs', 'jpegimages']);
const maskWords = new Set(
  'mask masks annotation annotations annot label labels segmentation segmentations seg segs gt truth groundtruth trimap trimaps'.split(
    ' ',
  ),
);
/** Words that tell neither what is seen nor whether it is an image or a mask. */
const otherWords = new Set(
  'photo photos picture pictures frame frames jpg jpeg png rgb input inputs original originals raw data dataset set left bit fine coarse ground class object ids binary semantic instance instances'.split(
    ' ',
  ),
);

/** Whether a folder says that it holds images: `images`, `JPEGImages`, `train_imgs`. */
export const saysImages = (name: string): boolean => wordsOf(name).some((word) => imageWords.has(word));

/** Whether a folder says that it holds masks: `annotations`, `SegmentationClass`, `train_masks`. */
export const saysMasks = (name: string): boolean => wordsOf(name).some((word) => maskWords.has(word));

/** What a folder says beside its split and whether it holds images or masks: nothing (`''`) in `train_masks`. */
export function subjectOf(name: string): string {
  return wordsOf(name)
    .filter((word) => splitIn(word) === undefined)
    .filter((word) => ![imageWords, maskWords, otherWords].some((words) => words.has(word)))
    .join(' ');
}

/** Whether a folder is called images and nothing else, so that it is no class: `images`, `imgs_02`; not `image`. */
export function isImagesFolder(name: string): boolean {
  const words = wordsOf(name);
  return subjectOf(name) === '' && words.some((word) => imageWords.has(word) && word !== 'image');
}
