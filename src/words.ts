/** Numbers in words, as all output writes them. */

/** Seconds: `48 s`, `12 min`, `3.4 h`. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Bytes: `7.7 GiB`. */
export const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Bytes: `34 MiB`. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** A count: `1.50M`. */
export const millions = (count: number): string => `${(count / 1e6).toFixed(2)}M`;

/** A share, 0 … 1: `43.5 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** How many of a thing, whose plural ends in s: `1 image`, `1,000 images`. */
export const count = (number: number, thing: string): string =>
  `${number.toLocaleString('en-US')} ${thing}${number === 1 ? '' : 's'}`;

/** The first few of many names: `a, b, c, …`. */
export const some = (names: readonly string[], most = 3): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ', …' : '');

/** A number with its sign: `+0.30`, `−0.10`. */
export const signed = (value: number, digits = 2): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

/** A word of a command line, for a shell. */
export const quoted = (word: string): string =>
  /^[\w./:=,+@%-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
