import type { Command } from 'commander';
import { type CommonOptions, jsonOption } from './options.js';
import { createOutput } from './output.js';

/** `iwm devices` */
export function registerDevices(program: Command): void {
  program
    .command('devices')
    .description('list what this machine can compute on, and what gets what is missing')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm devices --json')
    .action(async (options: CommonOptions) => {
      const { describeDevices, listDevices } = await import('../engine/devices.js');
      const found = await listDevices();
      createOutput({ json: options.json === true }).result(found, describeDevices(found));
    });
}
