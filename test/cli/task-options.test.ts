import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskChoice } from '../../src/adapt/settings.js';
import { nameTasks } from '../../src/adapt/tasks/name-tasks.js';
import { explainFailure } from '../../src/cli/failure.js';
import { dataOption } from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';
import { type AskedTask, pairTasks, tasksOption, withHead } from '../../src/cli/task-options.js';

/** The tasks that a command line asks for, or the message that refuses it. */
async function parse(...args: string[]): Promise<readonly TaskChoice[] | string> {
  let parsed: readonly TaskChoice[] | string = 'no command ran';
  const program = createProgram([
    (iwm) => {
      iwm
        .command('try')
        .addOption(dataOption())
        .addOption(tasksOption())
        .action(({ task = [], data = [] }: { task?: AskedTask[]; data?: string[] }) => {
          parsed = pairTasks(task, data);
        });
    },
  ]);
  try {
    await program.parseAsync(['try', ...args], { from: 'user' });
  } catch (error) {
    const { exitCode, message } = explainFailure(error);
    assert.equal(exitCode, 2);
    return message ?? '';
  }
  return parsed;
}

test('one task has all the data; of several the n-th has the n-th', async () => {
  const both = ['--data', 'a', '--data', 'b'];
  assert.deepEqual(await parse(...both), [{ task: 'classification', data: ['a', 'b'] }]);
  assert.deepEqual(await parse(...both, '--task', 'turn=rotation'), [
    { name: 'turn', task: 'rotation', data: ['a', 'b'] },
  ]);
  assert.deepEqual(await parse('--task', 'classification', ...both, '--task', 'turn=rotation'), [
    { task: 'classification', data: ['a'] },
    { name: 'turn', task: 'rotation', data: ['b'] },
  ]);
});

test('what does not pair, and what is no task, is told in a line', async () => {
  const two = ['--task', 'rotation', '--task', 'classification'];
  assert.match(String(await parse(...two, '--data', 'a')), /2 --task and 1 --data do not pair: the n-th/);
  assert.match(
    String(await parse(...two, '--data', 'a', '--data', 'b', '--data', 'c')),
    /2 --task and 3 --data/,
  );
  assert.match(
    String(await parse('--data', 'a', '--task', 'poetry')),
    /--task.*poetry.*Give classification, segmentation or rotation/s,
  );
  assert.match(String(await parse('--data', 'a', '--task', 'x=')), /Give classification/);
});

test('tasks without a name are named by their data, one alone by its kind', () => {
  const names = (...choices: TaskChoice[]): string[] =>
    nameTasks(choices.map((choice) => ({ task: 'classification' as const, ...choice }))).map(
      ({ name }) => name,
    );
  assert.deepEqual(names({ data: ['flowers/'] }), ['classification']);
  assert.deepEqual(names({ data: ['data/flowers/'] }, { data: ['hf:owner/sea-birds:train'] }), [
    'flowers',
    'sea-birds',
  ]);
  assert.deepEqual(
    names(
      { data: ['cifar10/train-00000-of-00001.parquet'] },
      { data: ['cifar10'], task: 'rotation' },
      { data: ['synthetic:9', 'more/'] },
    ),
    ['cifar10-classification', 'cifar10-rotation', 'synthetic'],
  );
  assert.deepEqual(names({ data: ['a'], name: 'letters' }, { data: ['__x/y z!'] }), ['letters', 'y-z']);
});

test('a head is for the tasks that it suits', () => {
  const [names, masks] = [{ data: ['a'] }, { data: ['b'], task: 'segmentation' }] as const;
  const heads = (head: 'linear' | 'dense' | undefined, ...tasks: TaskChoice[]) =>
    withHead(tasks, head).map((task) => task.head);
  assert.deepEqual(heads(undefined, names, masks), [undefined, undefined]);
  assert.deepEqual(heads('linear', names, masks), ['linear', undefined]);
  assert.deepEqual(heads('linear', masks), ['linear'], 'to be refused');
});
