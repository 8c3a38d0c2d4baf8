import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type CommonOptions, jsonOption, seedOption, threadsOption } from './options.js';
import { createOutput } from './output.js';
import { runPretrain } from './pretrain.js';

/** `iwm demo`: the main job on the embedded synthetic images, in minutes. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('train a small image world model on the built-in synthetic images')
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm demo')
    .action(async (options: CommonOptions) => {
      let out = 'runs/demo';
      for (let number = 2; existsSync(out); number++) out = `runs/demo-${number}`;
      await runPretrain('demo', out, options, createOutput({ json: options.json === true }));
    });
}
