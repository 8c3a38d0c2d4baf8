/** Images of one file that are read together: `start` … `end` − 1 of it. */
export interface Group {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** A group that has been read. */
export interface HeldGroup extends Group {
  /** Encoded images by place in the file − start. */
  readonly images: readonly Uint8Array[];
  readonly bytes: number;
}

/** Encoded images that are read a group at a time, each group held until it is let go; oldest first. */
export class HeldGroups {
  readonly #held = new Map<string, Promise<HeldGroup>>();
  #bytes = 0;

  /** Size of the encoded images that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The encoded image at `row` of a group's file. @param read gives the group's images where it is not held */
  async at(group: Group, row: number, read: () => Promise<readonly Uint8Array[]>): Promise<Uint8Array> {
    const key = keyOf(group);
    const held = this.#held.get(key) ?? this.#hold(group, read);
    this.#held.set(key, held);
    try {
      return (await held).images[row - group.start] ?? new Uint8Array();
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  /** The group that has been held longest; undefined when there is none. */
  async oldest(): Promise<HeldGroup | undefined> {
    const [first] = this.#held.values();
    return first;
  }

  /** Forgets a group's images. */
  letGo(group: HeldGroup): void {
    if (this.#held.delete(keyOf(group))) this.#bytes -= group.bytes;
  }

  async #hold(group: Group, read: () => Promise<readonly Uint8Array[]>): Promise<HeldGroup> {
    const images = await read();
    const bytes = images.reduce((total, { length }) => total + length, 0);
    this.#bytes += bytes;
    return { ...group, images, bytes };
  }
}

function keyOf({ path, start }: Group): string {
  return `${path}:${start}`;
}
