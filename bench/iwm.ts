import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './adapt-results.js';

/** Runs a command as a person would. @returns its JSON @throws Error where it fails, having said why */
export function iwm(...told: readonly string[]): unknown {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'bin', 'iwm.js'), ...told, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`iwm ${told.join(' ')}: exit code ${status}`);
  return JSON.parse(stdout);
}

/** A table of Markdown. */
export function tableOf(heads: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.join(' | ')} |\n`;
  return [heads, heads.map(() => '---'), ...rows].map(line).join('');
}
