import { UserError } from '../errors.js';

/** Seconds that a rank waits for the others: health, measured by one while the rest wait, and slower machines take less. */
const USUAL = 3600;
const VARIABLE = 'IWM_WAIT_SECONDS';

/** How long a rank waits for the others: `$IWM_WAIT_SECONDS`, else an hour. @throws UserError where that is no number */
export function patience(environment: NodeJS.ProcessEnv = process.env): number {
  const text = environment[VARIABLE] ?? String(USUAL);
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UserError(`${VARIABLE} is ${text}; give a number of seconds`, 2);
  return seconds;
}

/** Parts that the time is counted in. */
const PARTS = 20;

/**
 * What is waited for, but not for ever. Only such time counts as passes while this process runs: ranks that are stopped and
 * woken together have not waited for each other.
 * @throws UserError when more than so many seconds have passed
 */
export async function patiently<T>(waiting: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    let passed = 0;
    const pass = (): void => {
      if (++passed < PARTS) return;
      const who = 'another rank, which hangs or is out of reach';
      const next = '--resume goes on from the last checkpoint';
      reject(new UserError(`waited ${seconds} s for ${who}; ${next} (${VARIABLE}: how long to wait)`));
    };
    timer = setInterval(pass, (seconds * 1000) / PARTS);
  });
  try {
    return await Promise.race([waiting, over]);
  } finally {
    clearInterval(timer);
  }
}
