import { reachable } from './graph.js';
import type { Callee } from './ops/call.js';
import type { Program } from './program.js';
import { rewrite } from './rewrite.js';
import { Tensor } from './tensor.js';

/** A program that calls a model, in two: both take all its inputs. */
export interface AroundCall<I, O> {
  readonly callee: Callee;
  /** Makes `input`, which the model is given. */
  readonly before: Program<I, { readonly input: Tensor }>;
  /** The input of `after` that what the model gives is fed as. */
  readonly called: string;
  /** The whole, but for the call; may call again. */
  readonly after: Program<unknown, O>;
}

/** Parts a program around its first call of a model; undefined where it calls none. What both need both compute. */
export function aroundCall<I, O>(program: Program<I, O>): AroundCall<I, O> | undefined {
  const call = program.nodes.find(({ type }) => type === 'Call');
  if (call === undefined) return undefined;
  const [input] = call.inputs as [Tensor];
  const [output] = call.outputs as [Tensor];
  const { model, output: wanted } = call.attributes as { readonly model: string; readonly output: string };
  const called = `called.${program.inputs.length}`;
  const given = new Tensor(output.dtype, output.shape);
  const rest = rewrite(program, (node) => (node === call ? [given] : undefined));
  return {
    callee: { name: model, output: wanted },
    before: {
      ...program,
      name: `${program.name} before ${model}`,
      outputs: [['input', input]],
      nodes: reachable([input]),
      outputTree: { input },
    },
    called,
    after: {
      ...rest,
      inputs: [...program.inputs, [called, given]],
      inputTree: { ...(program.inputTree as object), [called]: given },
    },
  };
}
