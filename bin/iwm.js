#!/usr/bin/env node
// Only syntax of 2017 and no static import here, so that an old Node gets as far as the sentence below.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(`iwm: needs Node.js 20.9 or newer, and this is ${process.version}: see https://nodejs.org`);
  process.exitCode = 1;
} else {
  import('./start.js');
}
