import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Epochs } from '../../src/train/epochs.js';

test('every epoch passes all images once, in an order of its own; other streams in other orders', () => {
  const orders = [new Epochs(40, 3), new Epochs(40, 3, 1), new Epochs(40, 3, 2), new Epochs(40, 4)].flatMap(
    (epochs) => [epochs.from(0, 40), epochs.from(40, 40)],
  );
  for (const order of orders) assert.equal(new Set(order).size, 40);
  assert.equal(new Set(orders.map((order) => order.join())).size, orders.length);
});
