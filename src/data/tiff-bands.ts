/** Numbers of tags, in the words of the TIFF 6.0 specification. */
const tags = { bitsPerSample: 258, photometric: 262, samples: 277, extraSamples: 338, sampleFormat: 339 };

/** What the first bands of an image are, by `photometric`: with how many of them, or that they are not read. */
const colours: ReadonlyMap<number, { readonly name: string; readonly bands?: number }> = new Map([
  [0, { name: 'grey', bands: 1 }],
  [1, { name: 'grey', bands: 1 }],
  [2, { name: 'RGB', bands: 3 }],
  [3, { name: 'palette', bands: 1 }],
  [4, { name: 'transparency' }],
  [5, { name: 'CMYK', bands: 4 }],
  [6, { name: 'YCbCr', bands: 3 }],
  [8, { name: 'CIELab' }],
  [9, { name: 'ICCLab' }],
  [10, { name: 'ITULab' }],
]);

/** Kinds of numbers that have no white, by `sampleFormat`. */
const unscaled: ReadonlyMap<number, string> = new Map([
  [2, 'signed'],
  [3, 'floating-point'],
  [5, 'complex'],
  [6, 'complex'],
]);

/**
 * Whether a TIFF file has a band beyond its colours that is not declared transparency: it means nothing that is known, and
 * decoders take it for transparency.
 * @throws Error saying in a few words why its bands cannot be understood: what stands in them are neither grey values nor
 *   colours, or numbers of which nothing says which one is white
 */
export function hasUndeclaredBand(bytes: Uint8Array): boolean {
  const header = readTags(bytes);
  const samples = header.get(tags.samples)?.[0] ?? 1;
  const [photometric] = header.get(tags.photometric) ?? [];
  const { name, bands } = colours.get(photometric ?? -1) ?? {
    name: `unknown (${photometric ?? 'not told'})`,
  };
  if (bands === undefined) throw refusal(`its colours are ${name}`);
  const bits = Math.max(...(header.get(tags.bitsPerSample) ?? [1]));
  const kind = (header.get(tags.sampleFormat) ?? []).map((format) => unscaled.get(format)).find(Boolean);
  if (kind !== undefined || bits > 16)
    throw refusal(`it has ${kind ?? 'whole'} numbers of ${bits} bits, and nothing says which one is white`);
  const further = samples - bands;
  if (further === 0) return false;
  const [extra = 0] = header.get(tags.extraSamples) ?? [];
  const declared = extra === 1 || extra === 2;
  // Programs call grey whatever they know nothing of.
  if (further !== 1 || name === 'palette' || (name === 'grey' && !declared))
    throw refusal(`it has ${samples} bands and declares ${bands} of them (${name})`);
  return !declared;
}

function refusal(reason: string): Error {
  return new Error(`not a readable image (${reason}; convert it to grey or RGB of 8 or 16 bits)`);
}

/** Whole numbers of the first image's tags: bytes, shorts and longs. @throws Error where the file ends before them */
function readTags(bytes: Uint8Array): ReadonlyMap<number, readonly number[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 'I'.charCodeAt(0);
  const short = (at: number): number => view.getUint16(at, little);
  const long = (at: number): number => view.getUint32(at, little);
  const huge = (at: number): number => Number(view.getBigUint64(at, little));
  const readers: ReadonlyMap<number, [bytes: number, read: (at: number) => number]> = new Map([
    [1, [1, (at) => view.getUint8(at)]],
    [3, [2, short]],
    [4, [4, long]],
  ]);
  // Of BigTIFF offsets and counts are longer.
  const [first, head, step, offset, size] =
    short(2) === 43 ? ([8, 8, 20, huge, 8] as const) : ([4, 2, 12, long, 4] as const);
  const wanted = new Set(Object.values(tags));
  try {
    const start = offset(first);
    const entries = head === 2 ? short(start) : huge(start);
    const found = new Map<number, number[]>();
    for (let i = 0, at = start + head; i < entries; i++, at += step) {
      const reader = readers.get(short(at + 2));
      const count = offset(at + 4);
      // No image has more bands than a short can count.
      if (!wanted.has(short(at)) || found.has(short(at)) || reader === undefined || count > 0xffff) continue;
      const [width, read] = reader;
      const values = count * width <= size ? at + 4 + size : offset(at + 4 + size);
      found.set(
        short(at),
        Array.from({ length: count }, (_, j) => read(values + j * width)),
      );
    }
    return found;
  } catch {
    throw new Error('not a readable image (damaged)');
  }
}
