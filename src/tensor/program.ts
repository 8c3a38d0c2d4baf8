import { reachable } from './graph.js';
import { type DType, isTensor, type Node, type Shape, type Spec, Tensor } from './tensor.js';
import { leaves, type MapTree, mapTree, type Tree } from './tree.js';

/** Named inputs or outputs of a program: a nested object whose leaves are specs. */
export type SpecTree = Tree<Spec>;
/** The tensors a traced function receives for specs of type S. */
export type Traced<S> = MapTree<S, Spec, Tensor>;

/** A traced function: typed, named inputs and outputs, and the nodes between. */
export interface Program<I = unknown, O = unknown> {
  readonly name: string;
  /** Inputs by dotted path, in the order of the spec tree; all are kept, used or not. */
  readonly inputs: readonly (readonly [string, Tensor])[];
  readonly outputs: readonly (readonly [string, Tensor])[];
  readonly nodes: readonly Node[];
  readonly inputTree: Traced<I>;
  readonly outputTree: O;
}

const isSpec = (value: unknown): value is Spec =>
  value instanceof Tensor ||
  (typeof value === 'object' && value !== null && Array.isArray((value as Spec).shape));

/** A spec in short: `spec([64, 3, 32, 32])`, `spec([64, 24], 'int32')`. */
export function spec(shape: Shape, dtype: DType = 'float32'): Spec {
  return { dtype, shape };
}

/**
 * Runs `build` once on symbolic tensors and keeps what it computes.
 * @param name of the program, for error messages and the ONNX graph
 * @param specs nested object of specs: the program's inputs
 * @param build pure function of tensors; returns a nested object of tensors: the program's outputs
 * @throws where a value has no name of its own, or `build` uses an input of another program
 */
export function trace<I, O>(name: string, specs: I, build: (inputs: Traced<I>) => O): Program<I, O> {
  const inputTree = mapTree(specs, isSpec, (leaf) => new Tensor(leaf.dtype, leaf.shape)) as Traced<I>;
  const outputTree = build(inputTree);
  const inputs = leaves(inputTree as Tree<Tensor>, isTensor);
  const outputs = leaves(outputTree as Tree<Tensor>, isTensor);
  const nodes = reachable(outputs.map(([, tensor]) => tensor));
  checkNames(name, inputs);
  checkNames(name, outputs);
  const own = new Set(inputs.map(([, tensor]) => tensor));
  for (const tensor of [...nodes.flatMap((node) => node.inputs), ...outputs.map(([, output]) => output)])
    if (tensor.producer === undefined && tensor.data === undefined && !own.has(tensor))
      throw new Error(`${name}: uses the input of another program, of shape [${tensor.shape.join(', ')}]`);
  return { name, inputs, outputs, nodes, inputTree, outputTree };
}

/** Every input has its own name, and so has every output. */
function checkNames(program: string, values: readonly (readonly [string, Tensor])[]): void {
  const seen = new Set<string>();
  for (const [path] of values) {
    if (path === '')
      throw new Error(`${program}: inputs and outputs need names: { x: … } instead of one tensor`);
    if (seen.has(path)) throw new Error(`${program}: two inputs or two outputs are called ${path}`);
    seen.add(path);
  }
}
