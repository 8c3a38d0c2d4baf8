import { createHash } from 'node:crypto';
import type { RunFiles } from '../../src/run/run-files.js';

/** A run's files in memory. */
export function memoryFiles(name = 'a run'): RunFiles {
  const files = new Map<string, Buffer>();
  return {
    name,
    read: async (path) => files.get(path),
    list: async (folder) => {
      const prefix = folder === '' ? '' : `${folder}/`;
      const inside = [...files.keys()].filter((path) => path.startsWith(prefix));
      return [...new Set(inside.map((path) => /^[^/]*\/?/.exec(path.slice(prefix.length))![0]))];
    },
    write: async (path, parts) => {
      files.set(path, Buffer.concat(parts));
    },
    append: async (path, text) => {
      files.set(path, Buffer.concat([files.get(path) ?? Buffer.alloc(0), Buffer.from(text)]));
    },
    remove: async (path) => {
      files.delete(path);
    },
    sha256: async (parts) =>
      createHash('sha256')
        .update(Buffer.concat([...parts]))
        .digest('hex'),
  };
}
