import { UserError } from '../errors.js';
import { type Dim, type Spec, spec } from '../tensor/index.js';

/** Places of the patches that an encoder sees of every image, row by row; all where absent. */
export type Visible = readonly number[] | undefined;

/** Refuses places that are not those of different patches, one at least. @throws UserError */
export function checkVisible(visible: Visible, patches: number): void {
  if (visible === undefined) return;
  const places = new Set(visible.filter((place) => Number.isInteger(place) && place >= 0 && place < patches));
  if (places.size === 0 || places.size < visible.length)
    throw new UserError(
      `visible patches: ${visible.join(', ') || 'none'}; name different ones of 0 to ${patches - 1}, one at least`,
      2,
    );
}

/** The spec of {@link visibleInput}, for tracing. @param count of the patches that are seen; undefined: all */
export const visibleSpec = (batch: Dim, count: number | undefined): { readonly visible?: Spec } =>
  count === undefined ? {} : { visible: spec([batch, count], 'int32') };

/** Places as a program takes them, int32 [images, V]; nothing where all patches are seen. */
export const visibleInput = (visible: Visible, images: number): { readonly visible?: Int32Array } =>
  visible === undefined
    ? {}
    : { visible: Int32Array.from(Array<readonly number[]>(images).fill(visible).flat()) };
