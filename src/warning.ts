/** The name of our warnings. */
export const WARNING = 'ImageWorldModelsWarning';

const warned = new Set<string>();

/** Says in a line, once, what went otherwise than expected without stopping the work: as a warning of the process. */
export function warn(line: string): void {
  if (warned.has(line)) return;
  warned.add(line);
  process.emitWarning(line, WARNING);
}
