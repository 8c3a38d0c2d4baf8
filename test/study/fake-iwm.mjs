// In the place of iwm: notes that it was called, makes what pretrain and adapt make, and tells numbers by its arguments.
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const [command] = args;
appendFileSync(process.env.FAKE_CALLS, `${args.join(' ')}\n`);
if (command === 'pretrain') {
  mkdirSync(option('--out'), { recursive: true });
  writeFileSync(join(option('--out'), 'config.json'), '{}');
}
if (command === 'adapt') {
  if (existsSync(option('--out'))) {
    console.error(`iwm: ${option('--out')} exists already; choose another --out`);
    process.exit(1);
  }
  mkdirSync(option('--out'));
}
if (args.includes('masks.visible=1')) {
  console.error('a note\niwm: masks.visible 1: too few');
  process.exit(1);
}
if (process.env.FAKE_SLOW === command) {
  // Ends in good order when it is asked to, or else fails the test by its time.
  process.on('SIGTERM', () => process.exit(143));
  console.error('slowly');
  await new Promise((resolve) => setTimeout(resolve, 20_000));
}
// An evaluation is told its seed by the run's folder alone.
const seed = Number(/seed[ -](\d+)/.exec(args.join(' '))?.[1]);
console.log(JSON.stringify({ loss: 1 + seed / 10, deep: [{ value: args.length + seed }] }));
