// How far the latents of others' encoders are from those that encoders.py has computed in a folder:
//   python test/oracle/encoders.py FOLDER && node --import tsx test/oracle/compare-encoders.ts FOLDER
import { join } from 'node:path';
import { createEngine } from '../../src/engine/create-engine.js';
import { readSafetensors } from '../../src/run/disk/safetensors-file.js';
import { apart, importedLatents } from '../encoders/imported.js';

const folder = process.argv[2] ?? '';
const { tensors } = readSafetensors(join(folder, 'latents.safetensors'));
const engine = createEngine();
for (const [key, { data }] of tensors) {
  const [name = '', size = ''] = key.split('.');
  const image = tensors.get(`images.${size}`)?.data;
  if (name === 'images' || image === undefined) continue;
  const { whole } = await importedLatents(engine, join(folder, name), Number(size), image);
  console.log(`${name}, images of ${size} pixels: relative error ${apart(whole, data).toExponential(1)}`);
}
engine.dispose();
