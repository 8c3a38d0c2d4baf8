// Names what is in a photo with the classifier that lies at ./model. Model and photo stay in the page.
import { env, pipeline } from '@huggingface/transformers';

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.localModelPath = './';
env.backends.onnx.wasm.wasmPaths = './wasm/';

const [photo, shown, answer] = ['photo', 'shown', 'answer'].map((id) => document.getElementById(id));
/** Also what goes wrong while the model is loaded is said on the page. */
const tell = ({ message }) => {
  answer.value = message;
};
addEventListener('error', tell);
const classify = await pipeline('image-classification', 'model', { dtype: 'fp32' });
answer.value = 'Choose a photo.';

async function ask() {
  const [file] = photo.files;
  if (file === undefined) return;
  shown.src = URL.createObjectURL(file);
  const found = await classify(shown.src, { top_k: 3 });
  answer.value = found.map(({ label, score }) => `${label} ${(100 * score).toFixed(0)} %`).join(', ');
}
photo.addEventListener('change', () => ask().catch(tell));
// A photo may have been chosen while the model was loading.
await ask().catch(tell);
