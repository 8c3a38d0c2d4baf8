import type { Command } from 'commander';
import { interruptible } from './interruption.js';
import { type CommonOptions, dataOption, deviceOption, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';

interface EmbedCommand extends CommonOptions {
  data: string[];
  out: string;
  patches?: true;
}

/** `iwm embed` */
export function registerEmbed(program: Command): void {
  program
    .command('embed')
    .description('write features of many images, with their files and labels, to Parquet or NumPy')
    .argument(
      '<model>',
      "folder of a finished run, one that iwm adapt has made, or others' encoder as pretrain --encoder takes it",
    )
    .addOption(dataOption().makeOptionMandatory())
    .requiredOption('--out <file>', 'file to write: .parquet, or .npy and a .npy.csv beside it')
    .option('--patches', 'a vector for every patch in the place of their mean')
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  iwm embed runs/photos --data photos/ --out photos.parquet\n  iwm embed dinov2-small/ --data photos/ --out photos.parquet',
    )
    .action(async (model: string, options: EmbedCommand) => {
      const { embed, describeEmbedding } = await import('../embed/embed.js');
      const output = createOutput({ json: options.json === true });
      const { data, out, patches = false, threads, device } = options;
      const embedding = await interruptible(
        'the same command',
        () => output.note('stopping; once more to stop at once'),
        (signal) => embed(model, { data, out, patches, log: output, signal, threads, device }),
      );
      output.result(embedding, describeEmbedding(embedding));
    });
}
