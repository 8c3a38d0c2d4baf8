import { type Engine, type Feeds, take, type Value } from '../engine/index.js';
import { type Program, reachable, rewrite, Tensor, type TensorData } from '../tensor/index.js';

/**
 * The same program with some inputs given for good: they are inputs no more, and all that follows from them and from
 * constants alone is computed now, once, by the engine, and written into the program.
 * @param given numbers of inputs, by path
 */
export async function fixInputs(
  program: Program,
  given: ReadonlyMap<string, TensorData>,
  engine: Engine,
): Promise<Program> {
  const fixed = program.inputs.filter(([path]) => given.has(path));
  const known = new Set(fixed.map(([, tensor]) => tensor));
  const isKnown = (tensor: Tensor): boolean => tensor.data !== undefined || known.has(tensor);
  for (const { inputs, outputs } of program.nodes)
    if (inputs.every(isKnown)) for (const output of outputs) known.add(output);
  const unknown = program.nodes.filter(({ outputs }) => outputs.some((output) => !known.has(output)));
  const read = new Set(
    [...unknown.flatMap(({ inputs }) => inputs), ...program.outputs.map(([, output]) => output)].filter(
      (tensor) => known.has(tensor),
    ),
  );
  const constants = await compute(program.name, fixed, [...read], given, engine);
  return {
    ...rewrite(
      program,
      ({ outputs }) =>
        outputs.every((output) => known.has(output))
          ? outputs.map((output) => constants.get(output) ?? output)
          : undefined,
      constants,
    ),
    inputs: program.inputs.filter(([path]) => !given.has(path)),
  };
}

/** What some tensors of a program are, as constants. */
async function compute(
  name: string,
  inputs: Program['inputs'],
  wanted: readonly Tensor[],
  given: ReadonlyMap<string, TensorData>,
  engine: Engine,
): Promise<ReadonlyMap<Tensor, Tensor>> {
  if (wanted.length === 0) return new Map();
  const outputs = wanted.map((tensor, i) => [String(i), tensor] as const);
  const program: Program = {
    name: `${name}, what is fixed`,
    inputs,
    outputs,
    nodes: reachable(wanted),
    inputTree: Object.fromEntries(inputs),
    outputTree: Object.fromEntries(outputs),
  };
  const executable = await engine.compile(program);
  const results = (await executable.run(Object.fromEntries(given) as Feeds<unknown>)) as Record<
    string,
    Value
  >;
  const constants = new Map<Tensor, Tensor>();
  for (const [path, tensor] of outputs) {
    const value = results[path] as Value;
    constants.set(tensor, new Tensor(value.dtype, value.shape, await take(value)));
  }
  executable.dispose();
  return constants;
}
