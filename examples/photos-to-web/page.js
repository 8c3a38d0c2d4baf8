// Names what is in a photo with the classifier that lies at ./model. Model and photo stay in the page.
import { env, pipeline } from '@huggingface/transformers';

env.allowRemoteModels = false;
env.localModelPath = './';
env.backends.onnx.wasm.wasmPaths = './wasm/';

const [photo, shown, answer] = ['photo', 'shown', 'answer'].map((id) => document.getElementById(id));
addEventListener('unhandledrejection', ({ reason }) => {
  answer.value = reason.message;
});
const classify = await pipeline('image-classification', 'model', { dtype: 'fp32' });
answer.value = 'Choose a photo.';

async function ask() {
  const [file] = photo.files;
  if (file === undefined) return;
  shown.src = URL.createObjectURL(file);
  const found = await classify(shown.src, { top_k: 3 });
  answer.value = found.map(({ label, score }) => `${label} ${(100 * score).toFixed(0)} %`).join(', ');
}
photo.addEventListener('change', ask);
// A photo may have been chosen while the model was loading.
await ask();
