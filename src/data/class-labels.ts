import { UserError } from '../errors.js';
import { count } from '../words.js';

/** More different labels than this are no classes. */
const MOST_CLASSES = 65_536;
/** A longer text is no name of a class. */
const LONGEST_NAME = 256;

/** One of the labels that occur: its name and, where it is a whole number or a truth value, which. */
interface Label {
  readonly name: string;
  readonly number: number | undefined;
  /** Where it stands first. */
  readonly where: string;
}

/** What is known of the classes beside the labels. */
export interface KnownClasses {
  /** Their names by number, as `dataset.json` gives them: labels are these names, or these numbers. */
  readonly given?: readonly string[] | undefined;
  /** Their names by number, as the file that holds the labels declares them. */
  readonly declared?: readonly string[] | undefined;
}

/** The classes of a data set and its images. */
export interface Labelling {
  /** Undefined where no image of the data set has a label. */
  readonly classes: readonly string[] | undefined;
  /** Class of each image, −1 where it has none; undefined where none has one. */
  readonly labels: Int32Array | undefined;
  /** Why there are no labels, where there are none. */
  readonly why: string | undefined;
  readonly notes: readonly string[];
}

/**
 * The labels of a data set as they come: numbers, names, truth values. −1, null, NaN and an empty text are none. Each
 * is kept once, so memory grows neither with the images nor with the numbers.
 */
export class ClassLabels {
  readonly #codes = new Map<unknown, number>();
  readonly #labels: Label[] = [];
  /** What stands where labels do and cannot be one: then there are none. */
  #refused: string | undefined;

  /** Whether there were some. */
  get any(): boolean {
    return this.#labels.length > 0;
  }

  /** A number for a label, the same for the same class; −1 for none. @param where it stands, for messages */
  code(value: unknown, where: () => string): number {
    if (this.#refused !== undefined) return -1;
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    const read = readLabel(value);
    if (read !== undefined && 'refused' in read) {
      this.#refused = `${read.refused} in ${where()}`;
      return -1;
    }
    const code = read === undefined ? -1 : this.#add({ ...read, where: where() });
    if (typeof value !== 'object') this.#codes.set(value, code);
    return code;
  }

  #add(label: Label): number {
    // Two ways of writing one class, such as 1, 1.0 and "1".
    const known = this.#codes.get(label.name);
    if (known !== undefined) return known;
    if (this.#labels.length === MOST_CLASSES) {
      this.#refused = `more than ${MOST_CLASSES.toLocaleString('en-US')} different ones`;
      return -1;
    }
    const code = this.#labels.push(label) - 1;
    this.#codes.set(label.name, code);
    return code;
  }

  /**
   * The classes, and those of images by their codes.
   * @param nothing why no image has a label, if that is so
   * @throws UserError for a label that is none of the given or declared classes
   */
  of(codes: Int32Array, known: KnownClasses, nothing: string): Labelling {
    if (this.#refused !== undefined) return without(`a label is ${this.#refused}`);
    if (!this.any) return without(nothing);
    const { classes, numbers } = this.#resolve(known);
    const labels = codes.map((code) => numbers[code] ?? -1);
    const { length } = labels.filter((label) => label >= 0);
    if (length === 0) return { ...without(nothing), classes };
    const none = labels.length - length;
    const notes = [];
    if (none > 0)
      notes.push(`no label for ${none.toLocaleString('en-US')} of ${count(labels.length, 'image')}`);
    if (length >= 20 && classes.length > length / 2)
      notes.push(
        `${classes.length.toLocaleString('en-US')} classes for ${count(length, 'image')}: are they classes?`,
      );
    return { classes, labels, why: undefined, notes };
  }

  /** Given classes are matched by name where all labels are among them, else by number. */
  #resolve({ given, declared }: KnownClasses): { classes: readonly string[]; numbers: readonly number[] } {
    const labels = this.#labels.map((label) => nameDeclared(label, declared));
    const classes = given ?? declared ?? inOrder(labels);
    const places = new Map(classes.map((name, place) => [name, place]));
    const byName = labels.every(({ name }) => places.has(name));
    const numbers = labels.map(({ name, number, where }) => {
      const place = byName ? places.get(name) : number;
      if (place === undefined || place >= classes.length)
        throw new UserError(`${where}: class ${name} is none of the ${classes.length} in dataset.json`);
      return place;
    });
    return { classes, numbers };
  }
}

const without = (why: string): Labelling => ({ classes: undefined, labels: undefined, why, notes: [] });

type Reading = Omit<Label, 'where'> | { readonly refused: string } | undefined;

/** A label as it is written; undefined for none. */
function readLabel(value: unknown): Reading {
  if (value === null || value === undefined || Number.isNaN(value)) return undefined;
  if (typeof value === 'boolean') return { name: String(value), number: Number(value) };
  if (typeof value === 'bigint') return ofWhole(value);
  if (typeof value === 'number')
    return Number.isInteger(value) ? ofWhole(BigInt(value)) : { refused: `${value}, no whole number,` };
  if (value instanceof Uint8Array) return ofText(Buffer.from(value).toString('utf8'));
  return typeof value === 'string' ? ofText(value) : { refused: `${kindOf(value)}, not one class,` };
}

function ofWhole(value: bigint): Reading {
  return value < 0n ? undefined : { name: String(value), number: Number(value) };
}

function ofText(value: string): Reading {
  const text = value.trim();
  if (text === '') return undefined;
  const [, whole] = /^(-?(?:0|[1-9]\d{0,30}))(?:\.0+)?$/.exec(text) ?? [];
  if (whole !== undefined) return ofWhole(BigInt(whole));
  if (text.length > LONGEST_NAME) return { refused: `a text of ${text.length} characters` };
  // 007 keeps its zeros as a name, and is 7 as a number.
  return { name: text, number: /^\d+$/.test(text) ? Number(text) : undefined };
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) || ArrayBuffer.isView(value)
    ? 'a list'
    : value instanceof Date
      ? 'a date'
      : 'an object';

function nameDeclared(label: Label, declared: readonly string[] | undefined): Label {
  if (declared === undefined) return label;
  const number = label.number ?? declared.indexOf(label.name);
  const name = declared[number];
  if (name === undefined)
    throw new UserError(`${label.where}: class ${label.name}, but ${declared.length} classes are declared`);
  return { ...label, name, number };
}

/**
 * By number where all are numbers, else by name. Of whole numbers that are nearly all there those between are classes too,
 * so that the number of a class stays its place; identifiers are only those that occur.
 */
function inOrder(labels: readonly Label[]): string[] {
  const numbered = labels.every(({ number }) => number !== undefined);
  const byName = (a: Label, b: Label): number => (a.name < b.name ? -1 : 1);
  const names = [...labels]
    .sort((a, b) => (numbered && Number(a.number) - Number(b.number)) || byName(a, b))
    .map(({ name }) => name);
  const count = Number(names.at(-1)) + 1;
  const isDense = count <= 2 * names.length && labels.every(({ name, number }) => name === String(number));
  return isDense ? Array.from({ length: count }, (_, i) => String(i)) : names;
}
