import { UserError } from '../errors.js';
import { type Flat, type Layout, view } from '../nn/index.js';
import type { Weights } from './safetensors.js';

/** Flat vectors, how they are laid out, and the prefix of their tensors' names on disk; none where it is empty. */
export interface Section {
  readonly prefix: string;
  readonly layout: Layout<unknown>;
  readonly flat: Flat<Float32Array>;
}

/** The tensors of all sections by name (`encoder.blocks.0.attn.qkv.weight`); they share the flat vectors' memory. */
export function collect(sections: readonly Section[]): Weights['tensors'] {
  return new Map(
    sections.flatMap(({ prefix, layout, flat }) =>
      layout.entries.map(
        (entry) =>
          [
            prefix === '' ? entry.name : `${prefix}.${entry.name}`,
            { shape: entry.shape, data: view(flat, entry) },
          ] as const,
      ),
    ),
  );
}

/**
 * Copies named tensors into flat vectors, all or none.
 * @param file for the message
 * @throws UserError that names every tensor which is missing, of another shape, or not asked for
 */
export function fill(
  { tensors }: Pick<Weights, 'tensors'>,
  sections: readonly Section[],
  file: string,
): void {
  const wanted = collect(sections);
  const text = (shape: readonly number[] = []): string => `[${shape.join(', ')}]`;
  const faults = [
    ['missing', [...wanted.keys()].filter((name) => !tensors.has(name))],
    ['not part of the model', [...tensors.keys()].filter((name) => !wanted.has(name))],
    [
      'of another shape',
      [...wanted].flatMap(([name, { shape }]) => {
        const found = tensors.get(name)?.shape;
        return found === undefined || found.join() === shape.join()
          ? []
          : [`${name} is ${text(found)}, not ${text(shape)}`];
      }),
    ],
  ] as const;
  const told = faults.flatMap(([what, names]) => (names.length > 0 ? [`${what}: ${names.join(', ')}`] : []));
  if (told.length > 0) throw new UserError(`${file} does not fit the configuration; ${told.join('; ')}`);
  for (const [name, { data }] of wanted) data.set(tensors.get(name)?.data ?? []);
}
