// What a trained world model can be asked: latents of images, what an action makes of them, and what that retrieves.
//
//   node world-model.js RUN IMAGE OTHER-IMAGE
import { readImages, WorldModel } from 'image-world-models';

const [run, ...files] = process.argv.slice(2);
const model = await WorldModel.load(run);
const pixels = await readImages(files, model); // Float32Array [images, 3, size, size] in 0..1

// How alike two images are: the cosine of their mean latents by the target encoder.
const { data, dims } = await model.features(pixels); // [images, patches, features]
const [images, patches, width] = dims;
const pooled = Array.from({ length: images }, (_, image) =>
  Array.from({ length: width }, (_, feature) => {
    let sum = 0;
    for (let patch = 0; patch < patches; patch++) sum += data[(image * patches + patch) * width + feature];
    return sum / patches;
  }),
);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
console.log(`${files[0]} and ${files[1]}: cosine ${cosine(pooled[0], pooled[1]).toFixed(3)}`);

// Latents of the same images, brighter, without a look at brighter images.
const brighter = await model.predict(await model.encode(pixels), { brightness: 0.3 });
console.log(`predicted latents of the brighter images: [${brighter.dims}]`);

// Which of what some actions and 256 random ones really give is nearest to what is predicted for each action?
const actions = [{ hue: -0.08 }, { hue: 0.08 }, { brightness: 0.3, contrast: -0.2 }];
const found = await model.retrieve(pixels.subarray(0, 3 * model.size ** 2), actions);
for (const [i, { rank, bank }] of found.entries())
  console.log(`${JSON.stringify(actions[i])}: what it really gives has rank ${rank} of ${bank}`);
model.dispose();
