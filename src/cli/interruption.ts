import { constants } from 'node:os';

/** The signals that ask a process to stop, and may wait a moment for it. */
const signals = ['SIGINT', 'SIGTERM'] as const;

/** A signal asked the process to stop, and it did. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  /** 130 for SIGINT, 143 for SIGTERM, as shells report them. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals, message: string) {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Does work that SIGINT and SIGTERM stop in good order: the first aborts what `work` is given; a second one ends the
 * process at once, by the system, as a long step would keep us from hearing it.
 * @param howToGoOn a command
 * @param onStop called when the first signal comes
 * @throws Interrupted where `work` gives up with the reason of its signal
 */
export async function interruptible<T>(
  howToGoOn: string,
  onStop: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    ignore();
    onStop();
    controller.abort(new Interrupted(signal, `stopped by ${signal}; go on with: ${howToGoOn}`));
  };
  const ignore = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    ignore();
  }
}
