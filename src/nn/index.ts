export * from './adamw.js';
export * from './attention.js';
export * from './block.js';
export * from './cross-entropy.js';
export * from './flat-gradients.js';
export * from './linear.js';
export * from './parameters.js';
export * from './position.js';
