/** @file llama.cpp at decoding, in a process of its own: `node dist/test/bench/engine/llama.mjs WORK`. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { selectBackend } from '../../../src/model/backend.ts';
import { writeGgufModel } from '../../../src/model/gguf-model.ts';
import { describeModel, disposeParameters, loadWeights, tensorSources } from '../../../src/model/model-folder.ts';
import { installLlama } from '../../real/llama-cpp.ts';
import { type Decode, givenWork, serve } from './work.ts';

/** What is used of node-llama-cpp beyond the tests. */
interface Batching {
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
}
interface Sequence {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number>;
}

/** The model in half precision, as llama.cpp is mostly fed. */
async function ggufOf(model: string): Promise<string> {
  const path = join(process.env['REC_R1_BENCH_FOLDER']!, `${model.replaceAll(/\W+/g, '-')}.gguf`);
  if (existsSync(path)) return path;
  await selectBackend('cpu');
  const description = await describeModel(model);
  const { parameters } = await loadWeights(model, description);
  await writeGgufModel(path, { ...description, tensors: tensorSources(parameters), dir: model }, 'bench', 'F16');
  disposeParameters(parameters);
  return path;
}

const { model, prompts, copies, promptLength, newTokens } = givenWork() as Decode;
const path = await ggufOf(model);
const { config } = await describeModel(model);
const library = await installLlama();
const llama = await library.getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 2 });
const loaded = (await llama.loadModel({ modelPath: path })) as unknown as Batching;
const rows = prompts * copies;
const context = await loaded.createContext({
  contextSize: promptLength + newTokens + 8,
  sequences: rows,
  threads: 2,
  batchSize: 512,
});
const sequences = Array.from({ length: rows }, () => context.getSequence());

/** When a sequence's first and last token came. */
async function decoded(sequence: Sequence): Promise<readonly [first: number, last: number]> {
  await sequence.clearHistory();
  const prompt = Array.from({ length: promptLength }, () => randomInt(config.vocabularySize));
  let first = 0;
  const tokens = sequence.evaluate(prompt, { temperature: 1, topK: 0, topP: 1, yieldEogToken: true });
  for (let count = 0; count < newTokens; count++) {
    await tokens.next();
    if (count === 0) first = performance.now();
  }
  await tokens.return(0);
  return [first, performance.now()];
}

await serve('llama.cpp in F16, by node-llama-cpp', async () => {
  const times = await Promise.all(sequences.map(decoded));
  const from = Math.max(...times.map(([first]) => first));
  const to = Math.max(...times.map(([, last]) => last));
  return (to - from) / 1000 / (newTokens - 1);
});
