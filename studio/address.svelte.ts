/** The pages of the studio, in the order of its menu. */
export const pages = {
  runs: 'Runs',
  playground: 'Playground',
  train: 'Train',
  adapted: 'Adapted models',
} as const;
export type PageName = keyof typeof pages;

/** Where the studio is: `#/playground/demo`. A part after the hash works from any sub-path and needs no server. */
class Address {
  #hash = $state(location.hash);

  constructor() {
    addEventListener('hashchange', () => {
      this.#hash = location.hash;
    });
  }

  get page(): PageName {
    const name = this.#parts[0] ?? '';
    return Object.hasOwn(pages, name) ? (name as PageName) : 'runs';
  }

  /** The run that the page is about, by its id; undefined where it is about none. */
  get run(): string | undefined {
    return this.#parts[1];
  }

  get #parts(): string[] {
    return this.#hash.replace(/^#\//, '').split('/').filter(Boolean).map(decodeURIComponent);
  }
}

export const address = new Address();

/** The address of a page, and of a run on it. */
export const linkTo = (page: PageName, run?: string): string =>
  `#/${page}${run === undefined ? '' : `/${encodeURIComponent(run)}`}`;
