import type { Engine } from '../engine/index.js';
import { UserError } from '../errors.js';
import type { Config } from '../run/config.js';
import { matmul, roundProducts, spec, trace } from '../tensor/index.js';

/**
 * Checks that an engine multiplies in a precision, by asking it for a product: no name of a device tells.
 * @throws UserError where it does not
 */
export async function checkPrecision(
  engine: Pick<Engine, 'compile' | 'device'>,
  precision: Config['precision'],
): Promise<void> {
  if (precision === 'float32') return;
  const square = spec([8, 8]);
  const program = trace('product', { a: square, b: square }, ({ a, b }) => ({ c: matmul(a, b) }));
  try {
    const product = await engine.compile(roundProducts(program, () => true));
    product.dispose();
  } catch {
    throw new UserError(
      `precision bfloat16: --device ${engine.device} does not multiply in it; cuda, rocm and tpu do; else leave precision at float32`,
      2,
    );
  }
}
