import type { AroundCall, Program } from '../tensor/index.js';
import type { Executable, Feeds, Results, Value } from './engine.js';

/** Runs a model: it takes one value and gives a new one. */
export type RunModel = (input: Value) => Promise<Value>;

/**
 * A program that calls a model, made ready to run: what comes before it, the model, and what comes after, each with its own
 * weights; so many programs share one model, which stands in memory once.
 * @param parts both compiled
 */
export function calling<I, O>(
  program: Program<I, O>,
  { called }: AroundCall<I, O>,
  {
    before,
    model,
    after,
  }: {
    readonly before: Executable<I, { readonly input: unknown }>;
    readonly model: RunModel;
    readonly after: Executable<unknown, O>;
  },
): Executable<I, O> {
  return {
    program,
    async run(feeds: Feeds<I>): Promise<Results<O>> {
      const { input } = (await before.run(feeds)) as { readonly input: Value };
      const given = await model(input);
      input.dispose();
      const results = await after.run({ ...(feeds as object), [called]: given } as Feeds<unknown>);
      given.dispose();
      return results as Results<O>;
    },
    dispose() {
      before.dispose();
      after.dispose();
    },
  };
}
