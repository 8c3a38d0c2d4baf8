import type { Command } from 'commander';
import { type CommonOptions, dataOption, deviceOption, jsonOption, threadsOption } from './options.js';
import { createOutput } from './output.js';

interface ExportCommand extends CommonOptions {
  out: string;
}

/** `iwm export` */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description(
      'write a run or an adapted model as ONNX and safetensors, for transformers.js, transformers, timm',
    )
    .argument('<model>', 'folder of a finished run, or one that iwm adapt has made')
    .requiredOption('--out <folder>', 'folder to make')
    .addOption(dataOption())
    .addOption(threadsOption())
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      "\nExample:\n  iwm export runs/photos --out exported/photos\n  iwm export runs/flowers --out exported/flowers\n\nThe images, by default the model's own, are those on which smaller files are compared with the full one.",
    )
    .action(async (model: string, { out, data, threads, device, json }: ExportCommand) => {
      const { describeExport, exportModel } = await import('../export/export-model.js');
      const output = createOutput({ json: json === true });
      const exported = await exportModel(model, {
        out,
        ...(data === undefined ? {} : { data }),
        threads,
        device,
        log: output,
      });
      output.result(exported, describeExport(exported));
    });
}
