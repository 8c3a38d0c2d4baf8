import type { Ranks } from '../../src/ranks/ranks.js';

type Memory = Float32Array | Uint8Array;

/** Ranks of one process: what each calls for the `n`th time is done when all have called it. */
export function together(size: number): Ranks[] {
  const meetings: { given: Map<number, Memory>; met: Promise<void>; meet: () => void }[] = [];
  return Array.from({ length: size }, (_, rank) => {
    let calls = 0;
    const meet = (given: Memory, done: (all: readonly Memory[]) => void): Promise<void> => {
      const number = calls++;
      meetings[number] ??= (() => {
        let meet = (): void => {};
        const met = new Promise<void>((resolve) => {
          meet = resolve;
        });
        return { given: new Map(), met, meet };
      })();
      const meeting = meetings[number];
      meeting.given.set(rank, given);
      if (meeting.given.size === size) {
        done(Array.from({ length: size }, (_, i) => meeting.given.get(i)!));
        meeting.meet();
      }
      return meeting.met;
    };
    return {
      rank,
      size,
      sum: (numbers) =>
        meet(numbers, (all) => {
          const total = (all[0] as Float32Array).map((_, i) => all.reduce((sum, each) => sum + each[i]!, 0));
          for (const each of all) each.set(total);
        }),
      broadcast: (bytes, root) =>
        meet(bytes, (all) => {
          for (const each of all) if (each !== all[root]) each.set(all[root]!);
        }),
      close: () => {},
    };
  });
}
