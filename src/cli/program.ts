import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { RegisterCommand } from './commands.js';

/**
 * The program `iwm` with the given commands. Parsing throws a CommanderError where commander would have
 * printed a message and ended the process; `explainFailure` turns it into one line and an exit code.
 */
export function createProgram(commands: readonly RegisterCommand[]): Command {
  const program = new Command('iwm')
    .description(
      'Image world models: pretrain an encoder and a predictor that applies transformations to latents.',
    )
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  for (const register of commands) register(program);
  return program;
}

/** The version in package.json, which lies two folders up from src/cli and from dist/cli alike. */
function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
