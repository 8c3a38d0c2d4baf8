import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latest } from '../../studio/model/latest.js';
import { ago } from '../../studio/runs/ago.js';

test('while an answer is on its way only the newest question is kept', async () => {
  const asked: number[] = [];
  let answer = (): void => {};
  const ask = latest<number>(async (question) => {
    asked.push(question);
    await new Promise<void>((done) => {
      answer = done;
    });
  });
  for (const question of [1, 2, 3, 4]) ask(question);
  assert.deepEqual(asked, [1]);
  answer();
  await new Promise(setImmediate);
  assert.deepEqual(asked, [1, 4]);
  answer();
  await new Promise(setImmediate);
  ask(5);
  assert.deepEqual(asked, [1, 4, 5]);
});

test('times are told in the largest unit that they fill', () => {
  const second = 1000;
  const told = [-5, 59, 60, 3599, 7200, 86400 * 3].map((seconds) => ago(0, seconds * second));
  assert.deepEqual(told, [
    'just now',
    'just now',
    '1 minute ago',
    '59 minutes ago',
    '2 hours ago',
    '3 days ago',
  ]);
});
