/** A nested object with leaves of one kind; arrays are not leaves nor branches. */
export type Tree<T> = T | { readonly [key: string]: Tree<T> };

/** The structure of tree type S with every leaf of type L replaced by T. */
export type MapTree<S, L, T> = S extends L ? T : { readonly [K in keyof S]: MapTree<S[K], L, T> };

/** Leaves with their dotted paths, in key order of creation: {a: {b: x}} → [['a.b', x]]. */
export function leaves<T>(tree: Tree<T>, isLeaf: (value: unknown) => value is T, path = ''): [string, T][] {
  if (isLeaf(tree)) return [[path, tree]];
  return Object.entries(tree as Record<string, Tree<T>>).flatMap(([key, child]) =>
    leaves(child, isLeaf, path === '' ? key : `${path}.${key}`),
  );
}

/** The same tree with every leaf replaced by `change(leaf, path)`. */
export function mapTree<S, L, T>(
  tree: S,
  isLeaf: (value: unknown) => value is L,
  change: (leaf: L, path: string) => T,
  path = '',
): MapTree<S, L, T> {
  if (isLeaf(tree)) return change(tree, path) as MapTree<S, L, T>;
  return Object.fromEntries(
    Object.entries(tree as Record<string, unknown>).map(([key, child]) => [
      key,
      mapTree(child, isLeaf, change, path === '' ? key : `${path}.${key}`),
    ]),
  ) as MapTree<S, L, T>;
}
