import type { XlaDevice } from './engine.js';
import { accelerators, findPlugins, isPresent } from './xla/plugins.js';

/** What `auto` takes: the best accelerator that is there with its plugin, else the CPU. */
export function bestDevice(): XlaDevice | 'cpu' {
  const plugins = findPlugins();
  const best = accelerators.find((each) => isPresent(each) && plugins.some(({ name }) => name === each.name));
  return best?.name ?? 'cpu';
}
