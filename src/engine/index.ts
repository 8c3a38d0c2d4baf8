export * from './compiled.js';
export * from './engine.js';
export { copyOut, SwappedState } from './swapped-state.js';
