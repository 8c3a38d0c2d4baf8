import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather, onAny, tell } from '../../src/ranks/exchange.js';
import { launched } from '../../src/ranks/launcher.js';
import { alone, partOf } from '../../src/ranks/ranks.js';
import { together } from './together.js';

test('parts cover all places once, in order, and differ by one at most', () => {
  for (const places of [1, 7, 64])
    for (const size of [1, 2, 3, 5].filter((size) => size <= places)) {
      const parts = Array.from({ length: size }, (_, rank) => partOf({ rank, size }, places));
      const covered = parts.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
      assert.deepEqual(
        covered,
        Array.from({ length: places }, (_, i) => i),
      );
      const counts = parts.map(({ count }) => count);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    }
});

test('what ranks exchange arrives on each, whatever its length; alone it comes back', async () => {
  const given = ['', 'é'.repeat(1000), { deep: [1, null] }];
  const all = await Promise.all(together(3).map((ranks) => gather(ranks, given[ranks.rank])));
  assert.deepEqual(all, [given, given, given]);
  assert.deepEqual(await Promise.all(together(3).map((ranks) => tell(ranks, ranks.rank, 2))), [2, 2, 2]);
  for (const which of [undefined, 0, 2]) {
    const told = await Promise.all(together(3).map((ranks) => onAny(ranks, ranks.rank === which)));
    assert.deepEqual(told, Array(3).fill(which !== undefined));
  }
  assert.deepEqual(
    [await gather(alone, 'x'), await tell(alone, 'x'), await onAny(alone, true), await onAny(alone, false)],
    [['x'], 'x', true, false],
  );
});

test('what a launcher says', () => {
  const openMpi = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3' };
  assert.deepEqual(launched(openMpi), { rank: 3, size: 4, variable: 'OMPI_COMM_WORLD_SIZE' });
  assert.deepEqual(launched({ PMI_SIZE: '2', PMI_RANK: '0' }), { rank: 0, size: 2, variable: 'PMI_SIZE' });
  assert.equal(launched({ SLURM_STEP_NUM_TASKS: '8', SLURM_PROCID: '1' })?.variable, 'SLURM_STEP_NUM_TASKS');
  assert.equal(launched({ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }), undefined);
  // A batch script of Slurm's: its first task, of none.
  assert.equal(launched({ SLURM_PROCID: '0', SLURM_NTASKS: '4' }), undefined);
});
