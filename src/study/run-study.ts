import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { type Log, quiet } from '../log.js';
import { processor } from '../processor.js';
import { isInUse, lockRun } from '../run/disk/run-lock.js';
import { count, duration } from '../words.js';
import { describeCommand, readOutcome, writeOutcome } from './cell-folder.js';
import { type Cell, type Command, cellsOf } from './cells.js';
import { rowsOf, type StudyRow } from './rows.js';
import { type Iwm, runCommand } from './run-command.js';
import type { Study } from './study.js';
import { writeTables } from './tables.js';

export interface StudyOptions {
  /** Folder to make, or to go on with. */
  readonly out: string;
  readonly iwm: Iwm;
  /** Runs at a time, each with its share of the processor; 1 by default. */
  readonly jobs?: number;
  /** Seconds after which nothing is begun any more, and what is running stops where it can go on. */
  readonly budget?: number;
  readonly signal?: AbortSignal;
  readonly log?: Log;
}

/** What a study has come to. */
export interface StudyResult {
  readonly out: string;
  readonly rows: readonly StudyRow[];
  /** Cells that are not done. */
  readonly left: number;
}

/**
 * Runs what is missing of a study, and writes its tables after every cell. No command that has ended is run again, also
 * one that failed: that is a row which says so, until its file is removed. A run that was stopped goes on where it was.
 * @throws UserError where an arm's settings are none, or another process is at the study; the reason of `signal`
 */
export async function runStudy(
  study: Study,
  { out, iwm, jobs = 1, budget, signal, log = quiet }: StudyOptions,
): Promise<StudyResult> {
  const threads = Math.max(1, Math.floor(availableParallelism() / jobs));
  const cells = cellsOf(study, out);
  const release = lockRun(out);
  const over = new AbortController();
  const timer = budget === undefined ? undefined : setTimeout(() => over.abort(), 1000 * budget);
  const stop = AbortSignal.any([over.signal, ...(signal ? [signal] : [])]);
  try {
    const waiting = cells.filter((cell) => !isDone(out, cell));
    log.note(`${study.name}: ${count(cells.length, 'run')}, ${cells.length - waiting.length} of them done`);
    const work = async (): Promise<void> => {
      for (let cell = waiting.shift(); cell && !stop.aborted; cell = waiting.shift()) {
        await runCell(cell, { out, iwm, threads, stop, log });
        writeTables(study, cells, out);
      }
    };
    await Promise.all(Array.from({ length: jobs }, work));
    writeTables(study, cells, out);
    signal?.throwIfAborted();
    const left = cells.filter((cell) => !isDone(out, cell)).length;
    return { out, rows: rowsOf(study, cells, out), left };
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** Whether all its commands have ended, or one has failed. */
function isDone(folder: string, cell: Cell): boolean {
  const outcomes = cell.commands.map((command) => readOutcome(folder, cell, command));
  return outcomes.some((outcome) => outcome?.failure !== undefined) || !outcomes.includes(undefined);
}

interface Running {
  readonly out: string;
  readonly iwm: Iwm;
  readonly threads: number;
  readonly stop: AbortSignal;
  readonly log: Log;
}

/** Runs a cell's commands in order, as far as they have not ended; after one that fails none. */
async function runCell(cell: Cell, { out, iwm, threads, stop, log }: Running): Promise<void> {
  for (const command of cell.commands) {
    if (readOutcome(out, cell, command) !== undefined) continue;
    await untilFree(command, stop, log);
    if (stop.aborted) return;
    if (command.makes !== undefined) rmSync(command.makes, { recursive: true, force: true });
    const args = [...argsOf(command), '--threads', String(threads), '--json'];
    const began = performance.now();
    const ended = await runCommand(iwm, args, stop, (line) =>
      log.progress(`${cell.name} ${command.name}: ${line}`),
    );
    // What was asked to stop is not done, whatever it says.
    if (stop.aborted && ended.code !== 0) return;
    const seconds = (performance.now() - began) / 1000;
    const about = { command: describeCommand(command), seconds, machine: machine(threads) };
    const failure = ended.code === 0 ? undefined : ended.lastWords.replace(/^iwm: /, '');
    writeOutcome(out, cell, command, {
      ...about,
      ...(failure === undefined ? { result: JSON.parse(ended.stdout) } : { failure }),
    });
    log.note(`${cell.name} ${command.name}: ${failure ?? `done in ${duration(seconds)}`}`);
    if (failure !== undefined) return;
  }
}

/** Seconds that a training may take to see that the study which began it was killed, and to stop. */
const PATIENCE = 60;

/** Waits for who is at work in the command's folder, not for long, as the command itself says who that is. */
async function untilFree({ resumes }: Command, stop: AbortSignal, log: Log): Promise<void> {
  if (resumes === undefined || !existsSync(resumes)) return;
  for (let second = 0; second < PATIENCE && !stop.aborted && isInUse(resumes); second++) {
    if (second === 0) log.note(`${resumes} is still in use; waiting`);
    await after(1000);
  }
}

/** The command's own, and the option to go on where it was stopped. */
function argsOf({ args, resumes }: Command): readonly string[] {
  return resumes !== undefined && existsSync(join(resumes, 'config.json')) ? [...args, '--resume'] : args;
}

const machine = (threads: number): string => `${processor()}, ${count(threads, 'thread')}`;
