import type { Place } from './encoded-images.js';
import type { Pixels } from './source.js';

/** Image `at` of all those of several sources, one after the other. @throws RangeError where there is none */
export function placeAmong(
  sources: readonly { readonly pixels: Pixels; readonly length: number }[],
  at: number,
): Place {
  let within = at;
  for (const { pixels: source, length } of sources) {
    if (within < length) return { source, at: within };
    within -= length;
  }
  throw new RangeError(`no image ${at}`);
}
