import { chosenImages, pretrain, resolve, storedRun } from '../../src/web/index.js';

/** What a worker is told: files, and the settings of a run on them. */
export interface Task {
  readonly files: readonly File[];
  readonly settings: Readonly<Record<string, unknown>>;
}

const worker = globalThis as unknown as {
  onmessage: (message: { data: Task }) => Promise<void>;
  postMessage(answer: unknown): void;
};

/** A worker that trains on files that a page gives it, and says what it was told. */
worker.onmessage = async ({ data: { files, settings } }) => {
  const notes: string[] = [];
  const log = { progress: () => {}, note: (line: string) => notes.push(line) };
  try {
    const config = resolve('demo', settings);
    const images = await chosenImages(files, { size: config.image.stored });
    const { source, split, classes, labels, description, length } = images;
    const names = Array.from({ length }, (_, i) => images.name(i));
    const bad = [...(await images.bad([...names.keys()])).values()];
    const good = names.flatMap((name, i) => (bad.some(({ sample }) => sample === name) ? [] : [i]));
    const digests = await images.digests(good);
    const pixels = await images.batch(good);
    await pretrain(config, { run: storedRun('worker'), images, log, wasm: '/', device: 'cpu' });
    worker.postMessage({
      ...{ source, split, classes, labels, description, names, bad, digests, pixels, notes },
      told: images.notes,
    });
  } catch (error) {
    worker.postMessage({ error: (error as Error).message });
  }
};
