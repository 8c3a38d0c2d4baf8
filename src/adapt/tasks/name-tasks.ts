import type { TaskName } from './task.js';

/** A task that may lack a name. */
interface Unnamed {
  readonly name?: string | undefined;
  readonly task: TaskName;
  readonly data: readonly string[];
}

/**
 * Names the tasks that have no name. One alone is named by its kind; of several each by its data, and where that does
 * not tell them apart, by its kind too: `cifar10-rotation`.
 */
export function nameTasks<T extends Unnamed>(tasks: readonly T[]): (T & { name: string })[] {
  if (tasks.length === 1) return tasks.map((each) => ({ ...each, name: each.name ?? each.task }));
  const ofData = tasks.map(({ data }) => nameOfSource(data[0] ?? ''));
  return tasks.map((each, i) => {
    const own = ofData[i] as string;
    const alone = ofData.filter((other) => other === own).length === 1;
    return { ...each, name: each.name ?? (alone ? own : `${own}-${each.task}`) };
  });
}

/** `data/flowers/` → flowers, `cifar10/train-0.parquet` → cifar10, `hf:owner/name:split` → name, `synthetic:9` → synthetic. */
function nameOfSource(source: string): string {
  const path = source.replace(/^hf:/, '').replace(/:\w+$/, '');
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const isFile = !source.startsWith('hf:') && parts.length > 1 && /[^.]\.[^.]+$/.test(parts.at(-1) ?? '');
  const name = (parts.at(isFile ? -2 : -1) ?? '').replace(/\W+/g, '-');
  return name.replace(/^[^a-z0-9]+|-+$/gi, '') || 'data';
}
