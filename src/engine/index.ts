export * from './compiled.js';
export * from './engine.js';
export { copyOut, place, release } from './values.js';
