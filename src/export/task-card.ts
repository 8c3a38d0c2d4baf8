import type { TaskResult } from '../adapt/result.js';
import { describeScore } from '../adapt/scores/score.js';
import type { AdaptationSettings } from '../adapt/settings.js';
import type { Config } from '../run/config.js';
import { pretrainCommand } from '../run/describe-config.js';
import { count, quoted } from '../words.js';
import { adaptCommand } from './adapt-command.js';
import { card, code, list, nameOf } from './model-card.js';

/** The card of one task of an adapted model. @param files what it says of them */
export function taskCard(
  { folder, out }: { readonly folder: string; readonly out: string },
  settings: AdaptationSettings,
  pretraining: Config,
  result: TaskResult,
  classes: readonly string[],
  files: string,
): string {
  const segments = result.task === 'segmentation';
  const name = nameOf(out);
  const pipeline = segments ? 'image-segmentation' : 'image-classification';
  const data = settings.tasks.find((task) => task.name === result.name)?.data ?? [];
  return card(
    pipeline,
    ['world-model'],
    [
      `# ${name}`,
      `${segments ? 'Says the class of every pixel' : 'Classifies images'}: ${classes.join(', ')}. Learned from ${count(result.trained, 'image')} of ${list(data)} on top of the world model ${settings.run}, trained without labels on ${list(pretraining.data)}.`,
      `On ${count(result.asked, 'image')} that it did not learn from: ${describeScore(result)}.`,
      '## Files',
      files,
      '## Use',
      code(
        'js',
        `import { pipeline } from '@huggingface/transformers';`,
        ``,
        `const ask = await pipeline('${pipeline}', '${name}', { dtype: 'fp32' });`,
        `const answer = await ask('rose.jpg');`,
      ),
      '## How it was made',
      code(
        'bash',
        pretrainCommand(settings.run, pretraining),
        adaptCommand(folder, settings, pretraining),
        `npx iwm export ${quoted(folder)} --out ${quoted(out)}`,
      ),
    ],
  );
}
