import { type Command, Option } from 'commander';
import type { Action } from '../world-model/index.js';
import { type CommonOptions, deviceOption, jsonOption, number, threadsOption } from './options.js';
import { createOutput } from './output.js';

interface PredictCommand extends CommonOptions, Action {
  sweep?: string;
  out?: string;
}

/** `iwm predict` */
export function registerPredict(program: Command): void {
  program
    .command('predict')
    .description("apply an action to an image's latents, and show what the prediction retrieves")
    .argument('<run>', 'folder of a finished run')
    .argument('<image>', 'image file')
    .addOption(new Option('--brightness <change>', 'from −1 up, .3: the factor 1.3').argParser(number(-1)))
    .addOption(new Option('--contrast <change>', 'from −1 up').argParser(number(-1)))
    .addOption(new Option('--saturation <change>', 'from −1 up; −1 is grey').argParser(number(-1)))
    .addOption(new Option('--hue <turn>', 'in full circles, −.5 … .5').argParser(number(-0.5, 0.5)))
    .addOption(
      new Option('--grayscale', 'the model sees a grey image, and is asked for the clean one').preset(1),
    )
    .addOption(
      new Option('--blur <sigma>', 'it sees a blurred image: standard deviation, pixels').argParser(
        number(0),
      ),
    )
    .addOption(new Option('--solarize', 'it sees a solarized image').preset(1))
    .option('--sweep <jitter>', 'in the place of an action, a jitter from low to high')
    .option('--out <file>', 'PNG to write: above what the action gives, below what is retrieved')
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  iwm predict runs/photos rose.jpg --brightness .3 --hue -.1 --out picture.png\n  iwm predict runs/photos rose.jpg --sweep hue --out hues.png',
    )
    .action(async (run: string, image: string, options: PredictCommand) => {
      const { predictImage, describePrediction } = await import('../verbs/predict.js');
      const output = createOutput({ json: options.json === true });
      const { sweep, out, threads, device, json: _, ...action } = options;
      const prediction = await predictImage(run, image, {
        action,
        ...(sweep === undefined ? {} : { sweep }),
        ...(out === undefined ? {} : { out }),
        threads,
        device,
      });
      output.result(prediction, describePrediction(prediction));
    });
}
