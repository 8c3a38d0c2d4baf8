export * from './engine.js';
export { createEngine } from './onnxruntime-node.js';
