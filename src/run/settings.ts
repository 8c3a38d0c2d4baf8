import type { z } from 'zod';
import { UserError } from '../errors.js';
import { keysOf, nearestKey } from './keys.js';

/** Nested settings by name. */
export type Tree = { readonly [key: string]: unknown };

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Both trees in one; where both set a value, that of `over` counts. */
export function merge(base: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isTree(before) && isTree(value) ? merge(before, value) : value;
  }
  return merged;
}

/**
 * A tree with values set by dotted key (`predictor.depth`).
 * @throws UserError (exit code 2) for a key that could not be one
 */
export function set(base: Tree, settings: Tree): Tree {
  return Object.entries(settings).reduce((tree, [path, value]) => {
    const keys = path.split('.');
    // Assigning to it would set no key but the prototype, unseen by whoever checks the keys.
    if (keys.includes('__proto__')) throw new UserError(`unknown key ${path} in the configuration`, 2);
    return merge(tree, keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Tree);
  }, base);
}

/** The value at a dotted key; undefined where there is none. */
export function get(tree: Tree, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (isTree(at) && Object.hasOwn(at, key) ? at[key] : undefined), tree);
}

/** Dotted keys whose values differ between two trees, in their order. */
export function differences(
  before: Tree,
  now: Tree,
  prefix = '',
): { readonly key: string; readonly before: unknown; readonly now: unknown }[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) => {
    const [a, b] = [before[name], now[name]];
    const key = `${prefix}${name}`;
    if (isTree(a) && isTree(b)) return differences(a, b, `${key}.`);
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ key, before: a, now: b }];
  });
}

/** Settings that fit their schema. @throws UserError (exit code 2) naming the first key that does not */
export function parseSettings<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const key = [...path, ...issue.keys.slice(0, 1)].join('.');
    const meant = nearestKey(key, keysOf(schema));
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    throw new UserError(`unknown key ${key} in the configuration${hint}`, 2);
  }
  const key = path.join('.');
  if (issue?.code === 'invalid_type' && isTree(given) && key !== '' && get(given, key) === undefined)
    throw new UserError(`configuration key ${key} is missing`, 2);
  throw new UserError(`configuration key ${key}: ${issue?.message ?? 'not valid'}`, 2);
}
