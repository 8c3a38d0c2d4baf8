import { count } from '../words.js';
import type { HeadConfig } from './network/heads.js';
import type { AdaptationResult } from './result.js';
import { type AdaptationSettings, hasTaskTokens, trainedShares, weightOf } from './settings.js';
import type { TaskSet } from './tasks/task.js';

/** A task's images, and how they were taught. */
interface Taught {
  readonly name: string;
  readonly training: TaskSet;
  readonly heldOut: TaskSet;
  readonly head: HeadConfig;
  /** Images of it in a step. */
  readonly share: number;
}

/** How an adaptation was made and measured, in words. */
export function describeProtocol(
  adaptation: AdaptationSettings,
  tasks: readonly Taught[],
  steps: number,
): AdaptationResult['protocol'] {
  const { encoder, predictor, optimiser, augmentation, seed } = adaptation;
  const { variants, crop } = augmentation;
  const batch = tasks.reduce((sum, { share }) => sum + share, 0);
  return {
    ...byTask(
      tasks.map(({ name, training, heldOut }) => ({
        name,
        said: { training: training.description, asked: heldOut.description },
      })),
    ),
    ...(tasks.length > 1 ? { tasks: describeMixing(adaptation, tasks) } : {}),
    seed,
    ...byTask(tasks.map(({ name, heldOut, head }) => ({ name, said: heldOut.protocol(head) }))),
    encoder: `${encoder.weights === 'pretrained' ? 'pretrained target encoder' : 'random'}; ${trainedShares(adaptation).encoder !== undefined ? 'trained' : 'frozen'}`,
    predictor:
      predictor.weights === 'none'
        ? 'none: the head reads the latents'
        : `${predictor.weights}, null action; context computed in ${predictor.contextBlocks} blocks, ${predictor.stride === 1 ? 'every position' : `one position in ${predictor.stride} of rows and columns`} predicted${predictor.visible === 1 ? '' : `; in training it sees ${predictor.visible} of the latents, drawn anew for every image and step`}`,
    ...(variants === 0
      ? {}
      : {
          augmentation: `${variants} versions of each training image, drawn whatever the seed: cropped (area ${crop.scale.join('–')}, width / height ${crop.ratio.map((each) => each.toFixed(2)).join('–')}), flipped with probability ${crop.flip}; an epoch passes as many of them as there are images`,
        }),
    optimiser: `AdamW, ${count(steps, 'step')} of ${batch}, learning rate ${optimiser.learningRate} (pretrained weights × ${optimiser.pretrained}), warm-up ${optimiser.warmup}, cosine to × ${optimiser.final}, weight decay ${optimiser.weightDecay}, clip ${optimiser.clip}`,
  };
}

/** What is said of each task, by what it is about: once where all say the same, else with the tasks' names. */
export function byTask(
  tasks: readonly { readonly name: string; readonly said: Readonly<Record<string, string>> }[],
): Record<string, string> {
  const topics = [...new Set(tasks.flatMap(({ said }) => Object.keys(said)))];
  return Object.fromEntries(
    topics.map((topic) => {
      const lines = tasks.flatMap(({ name, said }) => (topic in said ? [{ name, text: said[topic] }] : []));
      const same = lines.length === tasks.length && lines.every(({ text }) => text === lines[0]?.text);
      return [
        topic,
        same ? `${lines[0]?.text}` : lines.map(({ name, text }) => `${name}: ${text}`).join('; '),
      ];
    }),
  );
}

/** How several tasks are learned at once. */
function describeMixing(adaptation: AdaptationSettings, tasks: readonly Taught[]): string {
  const each = tasks.map(({ name, share }) => `${name} ${share}`).join(', ');
  const weighted = tasks.map(({ name }) => `${name} ${weightOf(adaptation, name)}`).join(', ');
  return [
    `images of every task in every step, by their numbers, so that an epoch passes each image once: ${each}`,
    `the loss is the mean over tasks${Object.keys(adaptation.weights).length === 0 ? '' : ` weighted ${weighted}`}`,
    ...(hasTaskTokens(adaptation)
      ? ["the predictor reads a token learned for the task beside the image's latents"]
      : []),
  ].join('; ');
}
