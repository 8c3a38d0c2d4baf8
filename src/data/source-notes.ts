/** A few of the names, and whether there are more: `a.jpg, b.jpg, c.jpg, …`. */
export function some(named: readonly { readonly name: string }[], most = 3): string {
  const names = named.slice(0, most).map(({ name }) => name);
  return names.join(', ') + (named.length > most ? ', …' : '');
}
