import type { Command } from 'commander';
import { type CommonOptions, jsonOption, setOption } from './options.js';
import { createOutput } from './output.js';

/** `iwm config` */
export function registerConfig(program: Command): void {
  program
    .command('config')
    .description('list every key of the configuration that --set takes: value and meaning')
    .argument('[preset]', 'demo, cifar, small or vit-b16', 'cifar')
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm config small --set encoder.width=384')
    .action(async (preset: string, options: CommonOptions) => {
      const { resolve } = await import('../run/config.js');
      const { configSchema } = await import('../run/config-schema.js');
      const { keysOf } = await import('../run/keys.js');
      const { get } = await import('../run/settings.js');
      const config = resolve(preset, options.set);
      const rows = keysOf(configSchema).map(({ key, meaning }) => ({
        key,
        value: get(config, key) ?? null,
        meaning,
      }));
      const cells = rows.map(({ key, value, meaning }) => [
        key,
        value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value),
        meaning,
      ]);
      const width = (column: number): number => Math.max(...cells.map((row) => row[column]?.length ?? 0));
      const [keys, values] = [width(0), width(1)];
      const lines = cells.map(([key = '', value = '', meaning = '']) =>
        [key.padEnd(keys), value.padEnd(values), meaning].join('  '),
      );
      createOutput({ json: options.json === true }).result(rows, lines.join('\n'));
    });
}
