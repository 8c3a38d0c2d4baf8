import { UserError } from '../errors.js';
import { type Config, modelConfig } from '../run/config.js';
import { keptIn } from '../run/disk/images-file.js';
import { loadModel, modelDigest } from '../run/disk/model-file.js';
import { readConfig } from '../run/disk/run-folder.js';
import { keptImages } from '../run/kept-images.js';
import { differences } from '../run/settings.js';
import type { StepConfig } from '../train/step.js';
import { initialState, startFrom } from '../train/trainer.js';
import type { Course } from '../train/training-loop.js';
import { layouts } from '../world-model/index.js';

/** The run that another begins from, as its configuration names it. @throws UserError where there is no finished run */
export function beginFrom(run: string): NonNullable<Config['from']> {
  return { run, sha256: modelDigest(run) };
}

/**
 * Where a run's training begins: random weights, or those of the run that `from` names, with what that one has kept of
 * its images.
 * @throws UserError where those are missing, have changed since, or are of another size
 */
export function startOf({ from, seed }: Config, settings: StepConfig): Pick<Course, 'begin' | 'before'> {
  if (from === undefined) return { begin: () => initialState(settings, seed), before: undefined };
  const { run, sha256 } = from;
  if (modelDigest(run) !== sha256)
    throw new UserError(
      `${run}: model.safetensors is another than the one that this run began with (SHA-256)`,
    );
  const theirs = modelConfig(readConfig(run));
  // Positions are computed: of the sizes, only that of the image may be another one.
  const sizes = ({ encoder, predictor }: typeof theirs) => ({ encoder: { ...encoder, image: 0 }, predictor });
  const other = differences(sizes(theirs), sizes(settings.model)).map(
    ({ key, before, now }) => `${key} ${before}, now ${now}`,
  );
  if (other.length > 0)
    throw new UserError(
      `${run} has a model of another size: ${other.join('; ')}; leave the sizes as they are`,
      2,
    );
  return {
    begin: () => startFrom(settings, loadModel(run, layouts(settings.model))),
    before: keptIn(run, keptImages),
  };
}
