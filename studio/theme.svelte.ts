/** Whether the reader's system is dark, followed as it changes. */
class Theme {
  readonly #query = matchMedia('(prefers-color-scheme: dark)');
  isDark = $state(this.#query.matches);

  constructor() {
    this.#query.addEventListener('change', ({ matches }) => {
      this.isDark = matches;
    });
  }
}

export const theme = new Theme();
