#!/usr/bin/env node
// No static import here: a Node without ES modules must get as far as saying what it lacks.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(`iwm: needs Node.js 20.9 or newer, and this is ${process.version}: see https://nodejs.org`);
  process.exitCode = 1;
} else {
  import('./start.js');
}
