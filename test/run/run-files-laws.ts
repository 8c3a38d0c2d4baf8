import type { RunFiles } from '../../src/run/run-files.js';

/**
 * Asks files of a run, still empty, for what every place of them must do. Runs in a page too.
 * @returns what they did otherwise, a line each
 */
export async function runFilesLaws(files: RunFiles): Promise<string[]> {
  const wrong: string[] = [];
  const holds = (law: string, found: unknown, wanted: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) wrong.push(`${law}: ${JSON.stringify(found)}`);
  };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const read = async (path: string): Promise<string | undefined> => {
    const found = await files.read(path);
    return found && new TextDecoder().decode(found);
  };
  const list = async (folder: string): Promise<string[]> => [...(await files.list(folder))].sort();

  holds('nothing is there at first', [await read('a'), await list(''), await list('in')], [null, [], []]);
  await files.remove('a');
  await files.write('in/a', [bytes('one'), bytes(''), bytes('two')]);
  holds('parts are written one after the other', await read('in/a'), 'onetwo');
  await files.write('in/a', [bytes('x')]);
  holds('what is written takes the place of all before', await read('in/a'), 'x');
  await files.append('b.jsonl', 'first\n');
  await files.append('b.jsonl', 'zweite: ä\n');
  holds('lines are added', await read('b.jsonl'), 'first\nzweite: ä\n');
  holds('folders are told from files', [await list(''), await list('in')], [['b.jsonl', 'in/'], ['a']]);
  await files.write('b.jsonl', [bytes('')]);
  await files.append('b.jsonl', 'third\n');
  holds('lines are added to an emptied file', await read('b.jsonl'), 'third\n');
  await files.remove('in/a');
  holds('what is removed is gone', [await read('in/a'), await list('in')], [null, []]);
  holds(
    'checksums are SHA-256 of all parts',
    await files.sha256([bytes('a'), bytes('bc')]),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  return wrong;
}
