/**
 * @file Whether a training fits into memory, and what would make it fit: said before a model is loaded. The arithmetic is in
 * model/memory-estimate.ts; here it meets a configuration, a model folder, a task and the machine.
 */
import { UserError } from '../base/errors.ts';
import { memoryBytes } from '../base/memory.ts';
import { promptOf } from '../data/prompt.ts';
import type { Task } from '../data/task.ts';
import { findBase, isAdapterFolder } from '../model/adapter-folder.ts';
import type { BackendName } from '../model/backend.ts';
import { ENGINE_BYTES, estimateMemory, type MemoryEstimate, type MemoryPlan } from '../model/memory-estimate.ts';
import { describeModel, type ModelDescription, storedTypes } from '../model/model-folder.ts';
import { parameterShapes } from '../model/parameter-shapes.ts';
import { encodePrompt } from '../model/policy.ts';
import type { DType } from '../model/safetensors.ts';
import { loadTokenizer } from '../model/tokenizer.ts';
import { EVALUATION_BATCH } from '../rl/evaluate.ts';
import type { RunConfig } from './config.ts';
import { modelDir, rolloutSettings } from './parts.ts';
import { loraOf } from './policies.ts';

export interface MemoryForecast {
  readonly plan: MemoryPlan;
  readonly estimate: MemoryEstimate;
  /** Of the whole process at its peak. */
  readonly residentBytes: number;
  /** What the tensors other than far weights must fit into, and what the process must. */
  readonly limits: { readonly engineBytes: number; readonly machineBytes: number };
  readonly fits: boolean;
  /** What makes it fit; nothing when it fits as it is, or when nothing does. */
  readonly remedy?: Remedy;
}

/** Changes that are enough together, and the peak that they lead to. */
export interface Remedy {
  readonly settings: Partial<RunConfig>;
  /** The file of the weights must be in half precision too. */
  readonly inHalf: boolean;
  readonly residentBytes: number;
}

/** What JavaScript takes beyond what it had before the first step: texts, rankings, and what waits to be collected. */
const SCRIPT_BYTES = 60e6;
/** The prompt of most tokens is looked for among this many of the longest in characters. */
const LONGEST = 32;

/**
 * A forecast for the active engine. What this process takes already (the engine, the task, what the caller has opened) is
 * counted as it is.
 *
 * @throws UserError when the model folder cannot be read.
 */
export async function forecastMemory(task: Task, config: RunConfig, engine: BackendName): Promise<MemoryForecast> {
  const dir = modelDir(config);
  const isAdapter = isAdapterFolder(dir);
  const base = isAdapter ? (await findBase(dir)).dir : dir;
  const description = await describeModel(base);
  // Adapters that come with the start policy are added to its weights, which are in float32 then.
  const isHalf = !isAdapter && isInHalf(description, await storedTypes(base, description));
  const promptTokens = await longestPrompt(base, description, task, config);
  const outside = process.memoryUsage().rss + SCRIPT_BYTES;
  const limits = { engineBytes: engine === 'embedded' ? ENGINE_BYTES : Infinity, machineBytes: memoryBytes() };
  const queries = task.examples.validation.length;
  return forecast({ description, isHalf, promptTokens, queries, outside, limits }, config);
}

interface Facts {
  readonly description: ModelDescription;
  readonly isHalf: boolean;
  readonly promptTokens: number;
  /** Of the validation split. */
  readonly queries: number;
  /** Bytes of the process that are not tensors. */
  readonly outside: number;
  readonly limits: MemoryForecast['limits'];
}

function forecast(facts: Facts, config: RunConfig): MemoryForecast {
  const plan = planOf(facts, config);
  const estimate = estimateMemory(plan);
  const fits = isWithin(facts, estimate);
  return {
    plan,
    estimate,
    residentBytes: facts.outside + estimate.peakBytes,
    limits: facts.limits,
    fits,
    ...(!fits && { remedy: remedyFor(facts, config) ?? remedyFor({ ...facts, isHalf: true }, config, !facts.isHalf) }),
  };
}

function isWithin({ outside, limits }: Facts, estimate: MemoryEstimate): boolean {
  return nearBytes(estimate) <= limits.engineBytes && outside + estimate.peakBytes <= limits.machineBytes;
}

/** What the kernels' memory must have room for. */
function nearBytes({ peakBytes, farBytes }: MemoryEstimate): number {
  return peakBytes - farBytes;
}

function planOf({ description, isHalf, promptTokens, queries }: Facts, config: RunConfig): MemoryPlan {
  const lora = loraOf(config);
  return {
    config: description.config,
    isHalf,
    ...(lora && { lora }),
    prompts: config['rollout.prompts'],
    groupSize: config['rollout.groupSize'],
    promptTokens,
    newTokens: config['rollout.maxNewTokens'],
    evaluated: Math.min(EVALUATION_BATCH, config['evaluation.limit'], queries),
    microBatchTokens: config['optimizer.microBatchTokens'],
    checkpointing: config['model.checkpointing'],
  };
}

/** Changes in the order in which a user would make them: those that cost least first. */
function* changes(config: RunConfig, { promptTokens, newTokens }: MemoryPlan): Generator<Partial<RunConfig>> {
  yield { 'model.checkpointing': 'on' };
  const longest = promptTokens + newTokens;
  for (let tokens = config['optimizer.microBatchTokens'] / 2; tokens >= longest; tokens /= 2) {
    yield { 'optimizer.microBatchTokens': Math.floor(tokens) };
  }
  if (config['lora.rank'] === 0) yield { 'lora.rank': 16 };
  for (let prompts = config['rollout.prompts']; prompts > 1; prompts = Math.ceil(prompts / 2)) {
    yield { 'rollout.prompts': Math.ceil(prompts / 2) };
  }
}

/** The first change that is enough by itself; otherwise as many, one after another, as are. */
function remedyFor(facts: Facts, config: RunConfig, inHalf = false): Remedy | undefined {
  const found = (settings: Partial<RunConfig>): Remedy | undefined => {
    const estimate = estimateMemory(planOf(facts, { ...config, ...settings }));
    if (!isWithin(facts, estimate)) return undefined;
    return { settings, inHalf, residentBytes: facts.outside + estimate.peakBytes };
  };
  const single = [...(inHalf ? [{}] : []), ...changes(config, planOf(facts, config))];
  let together: Partial<RunConfig> = {};
  const joined = single.map((settings) => (together = { ...together, ...settings }));
  for (const settings of [...single, ...joined]) {
    const remedy = found(settings);
    if (remedy) return remedy;
  }
  return undefined;
}

/** Whether all matrices are stored in half precision. */
function isInHalf({ config }: ModelDescription, types: ReadonlyMap<string, DType>): boolean {
  return [...parameterShapes(config)].every(([name, shape]) => shape.length < 2 || types.get(name) !== 'F32');
}

/** Tokens of the longest prompt that the task leads to. */
async function longestPrompt(
  dir: string,
  { endIds, config: { vocabularySize } }: ModelDescription,
  task: Task,
  config: RunConfig,
): Promise<number> {
  const tokenizer = await loadTokenizer(dir, endIds, vocabularySize);
  const { promptStyle, maxPromptTokens } = rolloutSettings(config);
  const prompts = [...task.examples.train, ...task.examples.validation].map((example) => {
    const prompt = promptOf(example, promptStyle);
    const characters = prompt.messages(prompt.size).reduce((sum, { content }) => sum + content.length, 0);
    return { prompt, characters };
  });
  const longest = prompts.sort((a, b) => b.characters - a.characters).slice(0, LONGEST);
  const tokens = longest.map(({ prompt }) => encodePrompt(tokenizer, prompt, maxPromptTokens).ids.length);
  return Math.max(1, ...tokens);
}

/** What a forecast comes to, in one sentence. */
export function memorySentence({ estimate, residentBytes, limits, fits, remedy }: MemoryForecast): string {
  const needs = `About ${gigabytes(residentBytes)} of memory at the peak, ${PHASES[estimate.largest]}`;
  if (fits) return `${needs}.`;
  const overEngine = nearBytes(estimate) > limits.engineBytes;
  const limit = overEngine
    ? `its tensors need ${gigabytes(nearBytes(estimate))} and the embedded engine has ${gigabytes(limits.engineBytes)}`
    : `this machine has ${gigabytes(limits.machineBytes)}`;
  const ways = [
    ...(remedy ? [`${remedyText(remedy)} (${gigabytes(remedy.residentBytes)})`] : []),
    ...(overEngine ? ['take backend=node, which uses what the machine has ("rec-r1 install-backend node")'] : []),
  ];
  const advice =
    ways.length === 0 ? 'No settings make it fit; take a smaller model.' : `To make it fit, ${ways.join(', or ')}.`;
  return `${needs}, which does not fit: ${limit}. ${advice}`;
}

function remedyText({ settings, inHalf }: Remedy): string {
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [
    ...(inHalf ? ['save the model in half precision (transformers: dtype="bfloat16")'] : []),
    ...(assignments.length > 0 ? [`set ${assignments.join(' and ')}`] : []),
  ].join(' and ');
}

const PHASES = {
  rollout: 'while rewrites are sampled',
  scoring: 'while the start policy reads the rewrites',
  update: 'while gradients are computed',
} as const satisfies Record<MemoryEstimate['largest'], string>;

/** Such as 1.9 GB. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;
}

/** @throws UserError when it does not fit. */
export function assertFits(forecasted: MemoryForecast): void {
  if (!forecasted.fits) throw new UserError(memorySentence(forecasted));
}
