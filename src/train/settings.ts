import type { z } from 'zod';
import { UserError } from '../errors.js';

/** Settings as nested objects, before they are checked. */
export type Tree = { readonly [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `base` with what `over` says instead, at any depth. */
export function merge(base: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isTree(before) && isTree(value) ? merge(before, value) : value;
  }
  return merged;
}

/** `base` with values by dotted key (`predictor.depth`) instead of its own. */
export function assign(base: Tree, settings: Readonly<Record<string, unknown>>): Tree {
  return Object.entries(settings).reduce((tree, [path, value]) => {
    const nested = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Tree;
    return merge(tree, nested);
  }, base);
}

/** Settings that fit their schema. @throws UserError (exit code 2) naming the first key that does not */
export function parseSettings<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === 'unrecognized_keys')
    throw new UserError(
      `unknown key ${[...path, ...issue.keys.slice(0, 1)].join('.')} in the configuration`,
      2,
    );
  throw new UserError(`configuration key ${path.join('.')}: ${issue?.message ?? 'not valid'}`, 2);
}
