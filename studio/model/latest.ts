/**
 * Does a task for what is asked last: while one runs, newer questions replace each other, so that answers follow a slider
 * as fast as they can be had and never queue up.
 */
export function latest<Question>(task: (question: Question) => Promise<void>): (question: Question) => void {
  let next: { readonly question: Question } | undefined;
  let isBusy = false;
  return async (question) => {
    next = { question };
    if (isBusy) return;
    isBusy = true;
    try {
      while (next !== undefined) {
        const { question: now } = next;
        next = undefined;
        await task(now);
      }
    } finally {
      isBusy = false;
    }
  };
}
