import { type Engine, type Feeds, take, type Value } from '../engine/index.js';
import { cast, constant, mul, type Program, rewrite, staticShape, Tensor, trace } from '../tensor/index.js';

/** How the numbers of a program's matrices are stored; they are computed with in float32. */
export type Precision = 'float32' | 'float16' | 'int8';

/** Elements below which a matrix is left as it is. */
const SMALL = 2 ** 10;

/**
 * The same program with its matrices stored in fewer bits. Whoever runs it brings them back to float32 when it is loaded,
 * as these are operators on constants alone: it computes no slower, and wherever the first one does.
 */
export async function storeSmaller(program: Program, precision: Precision, engine: Engine): Promise<Program> {
  if (precision === 'float32') return program;
  const matrices = [...new Set(program.nodes.flatMap(({ inputs }) => inputs))].filter(isMatrix);
  if (matrices.length === 0) return program;
  const smaller = precision === 'int8' ? matrices.map(asIntegers) : await asHalves(matrices, engine);
  return rewrite(
    program,
    () => undefined,
    new Map(matrices.map((matrix, i) => [matrix, smaller[i] as Tensor])),
  );
}

type Matrix = Tensor & { readonly data: Float32Array };

const isMatrix = (tensor: Tensor): tensor is Matrix =>
  tensor.data instanceof Float32Array &&
  tensor.data.length >= SMALL &&
  tensor.shape.filter((dim) => dim !== 1).length > 1;

/** Each column – what one output of a linear map is made of – as 8-bit integers, in units of its largest / 127. */
function asIntegers({ data, shape }: Matrix): Tensor {
  const columns = staticShape({ dtype: 'float32', shape }).at(-1) as number;
  const units = new Float32Array(columns);
  const integers = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++)
    units[i % columns] = Math.max(units[i % columns] as number, Math.abs(data[i] as number) / 127);
  for (let i = 0; i < data.length; i++)
    integers[i] = Math.round((data[i] as number) / (units[i % columns] || 1));
  return mul(cast(new Tensor('int8', shape, integers), 'float32'), constant(units));
}

/** All numbers rounded to float16. */
async function asHalves(matrices: readonly Matrix[], engine: Engine): Promise<Tensor[]> {
  const specs = Object.fromEntries(matrices.map(({ dtype, shape }, i) => [String(i), { dtype, shape }]));
  const program = trace('halves', specs, (inputs) =>
    Object.fromEntries(Object.entries(inputs).map(([i, x]) => [i, cast(x as Tensor, 'float16')])),
  );
  const executable = await engine.compile(program);
  const feeds = Object.fromEntries(matrices.map(({ data }, i) => [String(i), data]));
  const halves = (await executable.run(feeds as Feeds<typeof specs>)) as Record<string, Value>;
  const stored = await Promise.all(
    matrices.map(
      async ({ shape }, i) => new Tensor('float16', shape, await take(halves[String(i)] as Value)),
    ),
  );
  executable.dispose();
  return stored.map((half) => cast(half, 'float32'));
}
