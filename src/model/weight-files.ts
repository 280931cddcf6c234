/** @file Which files of a model folder hold its weights: one, or shards that an index names. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, isRow, rowOf } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';

const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** Reading a pickle runs what it says, so these are never opened. */
const PICKLES = ['pytorch_model.bin', 'pytorch_model.bin.index.json'];

/** Paths of all weight files. @throws UserError when there are none, or when one that the index names is not there. */
export async function weightFiles(dir: string): Promise<readonly string[]> {
  const index = join(dir, INDEX);
  if (existsSync(index)) return shards(dir, index);
  if (existsSync(join(dir, WHOLE))) return [join(dir, WHOLE)];
  const pickle = PICKLES.find((name) => existsSync(join(dir, name)));
  if (pickle) {
    throw new UserError(
      `${dir} has its weights only as a pickle (${pickle}), which can run code when it is opened; download the model as safetensors, or save it again with transformers.`,
    );
  }
  throw new UserError(`${dir} has no ${WHOLE}; download the whole model folder.`);
}

async function shards(dir: string, index: string): Promise<readonly string[]> {
  const { weight_map: map } = rowOf(await readJson(index), index);
  const names = isRow(map) ? [...new Set(Object.values(map))] : [];
  if (names.length === 0)
    throw new UserError(`${index} names no shards under "weight_map"; download the folder again.`);
  return names.map((name) => {
    if (typeof name !== 'string' || name !== basename(name) || !name.endsWith('.safetensors')) {
      throw new UserError(`${index} names the shard ${describe(name)}; it must be a safetensors file beside it.`);
    }
    const path = join(dir, name);
    if (!existsSync(path))
      throw new UserError(`${dir} lacks the shard ${name} that ${INDEX} names; download it again.`);
    return path;
  });
}
