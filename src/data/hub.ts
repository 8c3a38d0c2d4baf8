import { dirname } from 'node:path';
import { UserError } from '../errors.js';
import { readDatasetJson } from './dataset-file.js';
import { checkFactsPlace, FACTS } from './dataset-json.js';
import { explained, HubFiles } from './hub-files.js';
import { factsOfPaths } from './path-facts.js';
import { byKind } from './shard-files.js';
import { chooseShards, notRead, type Shard, type Shards } from './shards.js';
import { MissingSplit, type Split, splitIn } from './splits.js';

/** A data set on the Hugging Face hub: `hf:owner/name`, with `/configuration` and `:split` after it. */
const ADDRESS = /^hf:([\w.-]+\/[\w.-]+)(?:\/([^:]+))?(?::(\w+))?$/;

/**
 * Downloads a split of a data set's Parquet files, else of its tar files, to the cache; what is there already is not
 * fetched again, what broke off goes on. From `$HF_ENDPOINT`, with `$HF_TOKEN` where they are set.
 * @param source `hf:owner/name`, `hf:owner/name:split`, `hf:owner/name/configuration:split`
 * @throws UserError for what is not there, may not be read or cannot be reached, and where one of several
 *   configurations must be named
 */
export async function downloadFromHub(source: string, wanted: Split | undefined): Promise<Shards> {
  const [, name, configuration, given] = ADDRESS.exec(source) ?? [];
  if (name === undefined)
    throw new UserError(
      `${source}: not a data set on the hub; give hf:owner/name, hf:owner/name:split or hf:owner/name/configuration:split`,
      2,
    );
  const own = given === undefined ? undefined : given === 'all' ? 'all' : splitIn(given);
  if (given !== undefined && own === undefined)
    throw new UserError(`${source}: unknown split ${given}; give train, validation, test or all`, 2);
  if (own !== undefined && wanted !== undefined && own !== wanted)
    throw new MissingSplit(`${source}: no ${wanted} split; this is ${own} alone`);
  return explained(source, async () => {
    const hub = await HubFiles.list({ type: 'dataset', name });
    const files = byKind(hub.paths.map((path) => ({ path, name: path })));
    const kind = files.parquet.length > 0 ? 'parquet' : 'tar';
    if (files[kind].length === 0)
      throw new UserError([`${source}: no Parquet or tar files there`, ...notRead(files, [])].join('; '));
    const said = files.facts.find((file) => file.name === FACTS);
    checkFactsPlace(`hf:${name}`, said, files.facts);
    const facts = said ? readDatasetJson(dirname(await hub.fetch(said.path)), kind) : {};
    facts.checkListed?.(files[kind].map((file) => file.name));
    const told = factsOfPaths(files[kind].map((file) => file.name));
    const all = files[kind].map((file) => {
      const { split, configuration = '' } = told.get(file.name) ?? {};
      const listed = facts.splitOf && { split: facts.splitOf(file.name) };
      return { ...file, split, ...listed, configuration: configuration || 'default' };
    });
    const ours = inConfiguration(source, `hf:${name}`, all, configuration);
    const notes = notRead(files, files[kind]);
    const set: Shards = { kind, source, files: ours, facts, notes };
    const { split, chosen, notes: more } = chooseShards(set, own ?? wanted);
    const here: Shard[] = [];
    for (const file of chosen)
      here.push({ ...file, path: await hub.fetch(file.path), split: split === 'all' ? file.split : split });
    return { kind, source, files: here, facts, split, notes: [...notes, ...more] };
  });
}

/** The files of a configuration, which must be named where there are several. */
function inConfiguration(
  source: string,
  name: string,
  files: readonly Shard[],
  wanted: string | undefined,
): readonly Shard[] {
  const names = [...new Set(files.map(({ configuration }) => configuration))];
  if (wanted === undefined && names.length > 1)
    throw new UserError(
      `${source}: several configurations: ${names.join(', ')}; give one, such as ${name}/${names[0]}`,
      2,
    );
  if (wanted !== undefined && !names.includes(wanted))
    throw new UserError(`${source}: no configuration ${wanted}; there are: ${names.join(', ')}`, 2);
  return files.filter(({ configuration }) => wanted === undefined || configuration === wanted);
}
