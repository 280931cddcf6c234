/**
 * @file llama.cpp itself, as node-llama-cpp brings it ready built from npm, reading a GGUF file for a test.
 *
 * It is installed once, for the processor alone, into the user's cache folder: 85 MB, about fifteen seconds. It is no
 * dependency of the project: its install step would compile where it finds no build.
 */
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../src/base/errors.ts';
import { fromNpm } from './from-npm.ts';

const VERSION = '3.22.1';

export interface LlamaModel {
  tokenize(text: string): readonly number[];
  /** The probability of every token to come next, after each call's tokens and those before. */
  next(tokens: readonly number[]): Promise<ReadonlyMap<number, number>>;
}

/** What is used of node-llama-cpp. */
interface NodeLlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      tokenize(text: string, specialTokens: boolean): readonly number[];
      createContext(options: object): Promise<{ getSequence(): Sequence }>;
      dispose(): Promise<void>;
    }>;
    dispose(): Promise<void>;
  }>;
}
interface Sequence {
  controlledEvaluate(
    input: readonly (number | readonly [number, object])[],
  ): Promise<readonly ({ next: { probabilities: ReadonlyMap<number, number> } } | undefined)[]>;
}

/** Opens a file; closed after the test. Skips the test where llama.cpp cannot be had; in continuous integration that is an error. */
export async function openWithLlama(test: TestContext, modelPath: string): Promise<LlamaModel | undefined> {
  const library = await installOrSkip(test);
  if (!library) return undefined;
  const llama = await library.getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 1 });
  const model = await llama.loadModel({ modelPath });
  test.after(async () => {
    await model.dispose();
    await llama.dispose();
  });
  // By default it keeps keys and values in half precision.
  const exact = { experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32', flashAttention: false };
  const sequence = (await model.createContext({ contextSize: 256, ...exact })).getSequence();
  return {
    tokenize: (text) => model.tokenize(text, true),
    next: async (tokens) => {
      const last = [tokens.at(-1)!, { generateNext: { probabilities: true } }] as const;
      const results = await sequence.controlledEvaluate([...tokens.slice(0, -1), last]);
      return results.at(-1)!.next.probabilities;
    },
  };
}

async function installOrSkip(test: TestContext): Promise<NodeLlamaCpp | undefined> {
  try {
    return await installLlama();
  } catch (error) {
    if (process.env['CI']) throw error;
    test.skip(`needs node-llama-cpp from npm: ${messageOf(error).split('\n')[0]}`);
    return undefined;
  }
}

/** The library, from the cache or from npm. */
export async function installLlama(): Promise<NodeLlamaCpp> {
  if (process.platform !== 'linux') throw new Error(`the build for ${process.platform} is not named here`);
  const build = `@node-llama-cpp/linux-${process.arch}`;
  const require = await fromNpm(`node-llama-cpp-${VERSION}`, [`node-llama-cpp@${VERSION}`, `${build}@${VERSION}`]);
  return (await import(pathToFileURL(require.resolve('node-llama-cpp')).href)) as NodeLlamaCpp;
}
