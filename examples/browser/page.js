// Loads the run that lies at ./run, and shows what its predictor makes of an action on an image. Nothing leaves the page.
import { runAt, WorldModel } from 'image-world-models/web';

const [image, brightness, hue, answer] = ['image', 'brightness', 'hue', 'answer'].map((id) =>
  document.getElementById(id),
);
/** Also what goes wrong while the model is loaded is said on the page. */
const tell = ({ message }) => {
  answer.value = message;
};
addEventListener('error', tell);
const model = await WorldModel.load(runAt('run'), { wasm: './wasm/' });
const { size } = model;
answer.value = 'Choose an image.';

/** The middle of an image file, as planes [3, size, size] in 0..1. */
async function read(file) {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const context = new OffscreenCanvas(size, size).getContext('2d');
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  context.drawImage(bitmap, left, top, side, side, 0, 0, size, size);
  const { data } = context.getImageData(0, 0, size, size); // RGBA bytes
  return Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const [plane, pixel] = [Math.floor(i / (size * size)), i % (size * size)];
    return data[4 * pixel + plane] / 255;
  });
}

/** Shows RGB bytes [size, size, 3]. */
function show(id, rgb) {
  const canvas = document.getElementById(id);
  canvas.width = canvas.height = size;
  const pixels = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) pixels.data.set([...rgb.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}

async function ask() {
  const [file] = image.files;
  if (file === undefined) return;
  answer.value = '…';
  const action = { brightness: Number(brightness.value), hue: Number(hue.value) };
  const [found] = await model.retrieve(await read(file), [action]);
  show('wanted', found.wanted.pixels);
  show('retrieved', found.retrieved.pixels);
  answer.value = `What the action really gives has rank ${found.rank} of ${found.bank}.`;
}
for (const input of [image, brightness, hue]) input.addEventListener('change', () => ask().catch(tell));
// An image may have been chosen while the model was loading.
await ask().catch(tell);
