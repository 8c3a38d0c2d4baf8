import type { Layouts, ModelWeights } from '../world-model/index.js';
import type { KeptImages } from './kept-images.js';

/** The run whose weights another begins with. */
export interface Predecessor {
  /** Its weights, the caller's to change; the same at every call. @throws UserError where they do not fit the layouts */
  readonly weights: (layouts: Layouts) => ModelWeights;
  /** Which images it held out and was trained on. */
  readonly kept: KeptImages;
}
