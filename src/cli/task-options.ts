import { InvalidArgumentError, Option } from 'commander';
import type { HeadKind } from '../adapt/network/heads.js';
import type { TaskChoice } from '../adapt/settings.js';
import { suits, type TaskName, taskNames } from '../adapt/tasks/task.js';
import { UserError } from '../errors.js';

const inWords = `${taskNames.slice(0, -1).join(', ')} or ${taskNames.at(-1)}`;

/** A `--task` as it was given. */
export interface AskedTask {
  readonly name?: string;
  readonly task: TaskName;
}

/** `--task <[name=]kind>`, repeatable. */
export const tasksOption = (): Option =>
  new Option(
    '--task <[name=]kind>',
    `what to learn: ${inWords} (default: classification); repeatable, and then the n-th --task takes the n-th --data; a task without a name is named by its data`,
  ).argParser((text: string, earlier: readonly AskedTask[] = []) => [...earlier, parseTask(text)]);

/** `--task <name>`, one of a model's. */
export const taskOption = (): Option =>
  new Option('--task <name>', 'which of the tasks of an adapted model (default: all)');

function parseTask(text: string): AskedTask {
  const [, name, kind] = /^(?:(.*)=)?(.*)$/s.exec(text) ?? [];
  const task = taskNames.find((each) => each === kind);
  if (task === undefined)
    throw new InvalidArgumentError(`Give ${inWords}, with a name as NAME=${taskNames[0]}.`);
  return name === undefined ? { task } : { name, task };
}

/**
 * One task with all the data, or as many tasks as data: the n-th takes the n-th.
 * @throws UserError (exit code 2) where they do not pair
 */
export function pairTasks(tasks: readonly AskedTask[], data: readonly string[]): TaskChoice[] {
  const [only = { task: taskNames[0] }, ...others] = tasks;
  if (others.length === 0) return [{ ...only, data }];
  if (tasks.length !== data.length)
    throw new UserError(
      `${tasks.length} --task and ${data.length} --data do not pair: the n-th --task takes the n-th --data`,
      2,
    );
  return tasks.map((task, i) => ({ ...task, data: [data[i] as string] }));
}

/** The tasks with a head that was asked for: those that it suits; all where it suits none, so that it is refused. */
export function withHead(tasks: readonly TaskChoice[], head: HeadKind | undefined): readonly TaskChoice[] {
  if (head === undefined) return tasks;
  const isFor = ({ task = 'classification' }: TaskChoice): boolean => suits(head, task);
  return tasks.map((task) => (isFor(task) || !tasks.some(isFor) ? { ...task, head } : task));
}
