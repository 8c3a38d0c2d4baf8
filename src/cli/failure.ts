import { CommanderError } from 'commander';
import { systemRefusal, UserError } from '../errors.js';
import { Interrupted } from './interruption.js';

/** How a command ended: the exit code, and the one line to print on standard error, if any. */
export interface Failure {
  exitCode: number;
  message?: string;
}

/** Mistakes for which the help is the next thing to read. */
const seeHelp = new Set([
  'commander.unknownCommand',
  'commander.unknownOption',
  'commander.excessArguments',
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.optionMissingArgument',
]);

/**
 * Turns anything thrown by a command into one line and an exit code: 2 for wrong usage, 1 for a failure,
 * 130 or 143 for a signal. Commander throws also after printing the help or the version: exit code 0, nothing to print.
 * @param args what the program was given, the command's name first
 */
export function explainFailure(error: unknown, args: readonly string[] = []): Failure {
  if (error instanceof CommanderError) return explainUsage(error, args);
  if (error instanceof Interrupted) return { exitCode: error.exitCode, message: oneLine(error.message) };
  if (error instanceof UserError) return { exitCode: error.exitCode, message: oneLine(error.message) };
  const refusal = systemRefusal(error);
  if (refusal) return { exitCode: 1, message: refusal };
  const text = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, message: `internal error: ${oneLine(text)} (IWM_DEBUG=1 shows where)` };
}

function explainUsage(error: CommanderError, [command = '-']: readonly string[]): Failure {
  if (error.exitCode === 0) return { exitCode: 0 };
  // No command was given: commander has printed the help on standard error.
  if (error.code === 'commander.help') return { exitCode: 2 };
  const message = oneLine(error.message.replace(/^error: /, ''));
  const isKnown = error.code !== 'commander.unknownCommand' && !command.startsWith('-');
  const help = isKnown ? `iwm ${command} --help` : 'iwm --help';
  const hint = seeHelp.has(error.code) && !message.includes('Did you mean') ? `; see ${help}` : '';
  return { exitCode: 2, message: message + hint };
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
