import { CommanderError } from 'commander';
import { UserError } from '../errors.js';

/** How a command ended: the exit code, and the one line to print on standard error, if any. */
export interface Failure {
  exitCode: 0 | 1 | 2;
  message?: string;
}

/** What the system refuses, in words: these are no defects of ours. */
const systemRefusals = new Map([
  ['ENOSPC', 'no space left on the disk: free some and try again'],
  ['EDQUOT', 'the disk quota is used up: free some space and try again'],
  ['EROFS', 'the file system is read-only: choose another place'],
  ['EACCES', 'permission denied: choose another place or change its permissions'],
]);

/** Mistakes for which the help of the program is the next thing to read. */
const seeHelp = new Set([
  'commander.unknownCommand',
  'commander.unknownOption',
  'commander.excessArguments',
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.optionMissingArgument',
]);

/**
 * Turns anything thrown by a command into one line and an exit code: 2 for wrong usage, 1 for a failure.
 * Commander throws also after printing the help or the version: exit code 0, nothing to print.
 */
export function explainFailure(error: unknown): Failure {
  if (error instanceof CommanderError) return explainUsage(error);
  if (error instanceof UserError) return { exitCode: error.exitCode, message: oneLine(error.message) };
  const refusal = systemRefusal(error);
  if (refusal) return { exitCode: 1, message: refusal };
  const text = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, message: `internal error: ${oneLine(text)} (IWM_DEBUG=1 shows where)` };
}

function explainUsage(error: CommanderError): Failure {
  if (error.exitCode === 0) return { exitCode: 0 };
  // No command was given: commander has printed the help on standard error.
  if (error.code === 'commander.help') return { exitCode: 2 };
  const message = oneLine(error.message.replace(/^error: /, ''));
  const hint = seeHelp.has(error.code) && !message.includes('Did you mean') ? '; see iwm --help' : '';
  return { exitCode: 2, message: message + hint };
}

function systemRefusal(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const { code, path } = e as NodeJS.ErrnoException;
    const sentence = systemRefusals.get(code ?? '');
    if (sentence) return path ? `${path}: ${sentence}` : sentence;
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
