import { type Command, Option } from 'commander';
import { count } from '../words.js';
import { type CommonOptions, integer, jsonOption } from './options.js';
import { createOutput } from './output.js';

interface StudioCommand extends CommonOptions {
  port?: number;
  build?: string;
}

/** `iwm studio` */
export function registerStudio(program: Command): void {
  program
    .command('studio')
    .description('a page on this machine: runs and their curves, and world models to play with')
    .argument('[runs...]', 'folders of runs, or folders that hold some (default: runs)')
    .addOption(
      new Option('--port <integer>', 'port of 127.0.0.1 (default: a free one)').argParser(integer(1, 65535)),
    )
    .option(
      '--build <folder>',
      'write the page and the runs as files for any server, in place of serving them',
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  iwm studio\n  iwm studio runs/photos runs/flowers --build site')
    .action(async (places: string[], { port, build, json }: StudioCommand) => {
      const { builtPage } = await import('../studio/built-page.js');
      const { ShownRuns } = await import('../studio/shown-runs.js');
      const output = createOutput({ json: json === true });
      const runs = new ShownRuns(places);
      const page = builtPage();
      if (build !== undefined) {
        const { buildSite } = await import('../studio/build-site.js');
        const listed = buildSite(runs, page, build);
        const ids = listed.map(({ id }) => id);
        output.result(
          { folder: build, runs: ids },
          `${build}: the studio with ${count(ids.length, 'run')} (${ids.join(', ')})`,
        );
        return;
      }
      const { serveStudio } = await import('../studio/server.js');
      const { url } = await serveStudio(runs, page, port);
      output.result({ url }, `studio    ${url} (Ctrl-C ends it)`);
    });
}
