import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
export async function writeReport(folder: string, report: unknown): Promise<string> {
  const p = join(folder, 'report.html');
  writeFileSync(p, JSON.stringify(report).slice(0, 100));
  return p;
}
