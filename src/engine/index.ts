export * from './compiled.js';
export * from './engine.js';
export { copyOut, place } from './values.js';
