export * from './engine.js';
export { createEngine } from './onnxruntime-node.js';
export { copyOut, SwappedState } from './swapped-state.js';
