import { linkTo } from '../address.svelte.js';
import { messageOf } from '../message.js';
import { runBook } from './run-book.svelte.js';

/** Whether these files are a run's folder. */
export const isRun = (files: readonly File[]): boolean =>
  files.some(({ webkitRelativePath, name }) => /(?:^|\/)config\.json$/.test(webkitRelativePath || name));

/** What a person opens from a disk. */
class OpenedRun {
  /** Why it could not be opened. */
  problem = $state<string>();

  /** Opens a run's folder on the page that it belongs to. */
  async open(files: readonly File[]): Promise<void> {
    this.problem = undefined;
    try {
      const { id, kind } = await runBook.open(files);
      location.hash = linkTo(kind === 'adapted' ? 'adapted' : 'playground', id);
    } catch (error) {
      this.problem = messageOf(error);
    }
  }
}

export const openedRun = new OpenedRun();
