/** @file `generation_config.json`: what ends a completion, and how the model's makers suggest to sample. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rowOf } from '../base/checks.ts';
import { readJson } from '../base/json-file.ts';

/** Values that the file does not give are absent. */
export interface GenerationConfig {
  readonly endIds: readonly number[];
  /** False: the makers suggest greedy decoding. */
  readonly samples?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
}

/** @throws UserError when the file is there but is not a JSON object. */
export async function readGenerationConfig(dir: string): Promise<GenerationConfig> {
  const path = join(dir, 'generation_config.json');
  if (!existsSync(path)) return { endIds: [] };
  const raw = rowOf(await readJson(path), path);
  const number = (name: string): number | undefined => {
    const value = raw[name];
    return typeof value === 'number' ? value : undefined;
  };
  return {
    endIds: tokenIds(raw.eos_token_id),
    samples: typeof raw.do_sample === 'boolean' ? raw.do_sample : undefined,
    temperature: number('temperature'),
    topK: number('top_k'),
    topP: number('top_p'),
    minP: number('min_p'),
    repetitionPenalty: number('repetition_penalty'),
  };
}

/** One id, a list of ids, or nothing. */
export function tokenIds(value: unknown): number[] {
  return [value].flat().filter((id): id is number => typeof id === 'number');
}
