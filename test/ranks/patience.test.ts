import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { patience, patiently } from '../../src/ranks/patience.js';

test('an hour, or what the environment says', () => {
  assert.equal(patience({}), 3600);
  assert.equal(patience({ IWM_WAIT_SECONDS: '90' }), 90);
  for (const text of ['soon', '0', '-1'])
    assert.throws(
      () => patience({ IWM_WAIT_SECONDS: text }),
      new RegExp(`^UserError: IWM_WAIT_SECONDS is ${text}; give a number of seconds$`),
    );
});

describe('what is waited for', () => {
  test('comes in time, or fails by itself', async () => {
    assert.equal(await patiently(setTimeout(20, 'here'), 5), 'here');
    await assert.rejects(patiently(Promise.reject(new Error('its own')), 5), /^Error: its own$/);
  });

  test('does not come', () =>
    assert.rejects(
      patiently(new Promise(() => {}), 0.2),
      /^UserError: waited 0.2 s for another rank, which hangs or is out of reach; --resume goes on/,
    ));

  test('while this process is held up no time passes', async () => {
    const waiting = patiently(setTimeout(400, 'here'), 0.3);
    const until = performance.now() + 350;
    while (performance.now() < until);
    assert.equal(await waiting, 'here');
  });
});
