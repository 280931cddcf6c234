/**
 * @file The pre-flight of a training: everything that it will need is tried once, the longest prompts first, before hours go
 * into it. Nothing of it is written into a run folder, and the model that took the steps is thrown away.
 */
import { promptOf } from '../data/prompt.ts';
import type { Example, Task } from '../data/task.ts';
import { createAdamW, disposeAdamW } from '../model/adamw.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { train, type TrainerSettings } from '../rl/trainer.ts';
import type { StepMetrics, TrainEvent } from '../runs/events.ts';
import type { RunConfig } from './config.ts';
import { forecastMemory, gigabytes, memorySentence } from './memory.ts';
import { openRetriever } from './open-retriever.ts';
import { type OpenedReward, openReward } from './open-reward.ts';
import { checkIndex, checkReward, type Finding, percent } from './pre-flight-checks.ts';
import { examplesOf, openBackend, openTaskOf } from './parts.ts';
import { disposePolicies, openStart } from './policies.ts';
import { trainerSettings } from './trainer-settings.ts';

/** Queries of a step that is tried: the second, when there is nothing left to warm up, says how long all take. */
const SMALL_PROMPTS = 2;
const STEPS = 2;

/**
 * Finding after finding. A training that would not fit into memory is not tried.
 *
 * @throws UserError for anything in the configuration that cannot be opened, and when a search fails.
 */
export async function* preFlight(config: RunConfig): AsyncGenerator<Finding> {
  const engine = await openBackend(config);
  const task = await openTaskOf(config);
  const training = examplesOf(task, 'train', config);
  const validation = examplesOf(task, 'validation', config);
  const reward = await openReward(task, config);
  let retriever: Retriever | undefined;
  try {
    const forecast = await forecastMemory(task, config, engine.name);
    const sentence = memorySentence(forecast);
    const { residentBytes, fits } = forecast;
    yield {
      check: 'memory',
      message: sentence,
      problems: fits ? [] : ['It does not fit into memory.'],
      details: { residentBytes, fits },
    };
    retriever = await openRetriever(task, config);
    yield await checkIndex(task, [...validation, ...training], retriever, config['evaluation.k']);
    yield await checkReward(task, training, retriever, reward.shape, () => performance.now());
    if (!fits) return;
    const steps = await smallSteps({ config, task, training, retriever, reward });
    yield stepFinding(steps, forecast.plan.promptTokens);
    yield timeFinding(steps.at(-1)!, config, validation.length);
  } finally {
    await retriever?.dispose?.();
    await reward.dispose();
  }
}

interface Opened {
  readonly config: RunConfig;
  readonly task: Task;
  readonly training: readonly Example[];
  readonly retriever: Retriever;
  readonly reward: OpenedReward;
}

type StepEvent = Extract<TrainEvent, { readonly kind: 'step' }> & { readonly metrics: StepMetrics };

/** The trainer's own steps, on the queries with the longest prompts. */
async function smallSteps({ config, task, training, retriever, reward }: Opened): Promise<StepEvent[]> {
  const { policy, reference } = await openStart(config);
  const optimizer = createAdamW([...policy.parameters.values()]);
  const settings = trainerSettings(config, reward.shape);
  const prompts = Math.min(SMALL_PROMPTS, settings.prompts);
  const parts = {
    policy,
    reference,
    optimizer,
    retriever,
    evaluationRetriever: retriever,
    validation: [],
    history: [],
    train: longestFirst(training, settings).slice(0, prompts),
    titleOf: titlesOf(task),
    saveCheckpoint: () => Promise.resolve(''),
    now: () => performance.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    turn: () => Promise.resolve(),
  };
  const found: StepEvent[] = [];
  try {
    const never = new AbortController().signal;
    const start = { startStep: 0, isNew: false };
    const asked = { ...settings, prompts, guards: { ...settings.guards, notFinite: false } };
    for await (const event of train(parts, asked, start, never)) {
      if (event.kind === 'step' && 'stepSeconds' in event.metrics) found.push(event as StepEvent);
      if (found.length === Math.min(STEPS, settings.steps)) break;
    }
    return found;
  } finally {
    disposeAdamW(optimizer);
    disposePolicies({ policy, reference });
  }
}

function longestFirst(examples: readonly Example[], { sampling }: TrainerSettings): readonly Example[] {
  const charactersOf = (example: Example): number => {
    const prompt = promptOf(example, sampling.rollout.promptStyle);
    return prompt.messages(prompt.size).reduce((sum, { content }) => sum + content.length, 0);
  };
  const measured = examples.map((example) => ({ example, characters: charactersOf(example) }));
  return measured.sort((a, b) => b.characters - a.characters).map(({ example }) => example);
}

function titlesOf({ documents }: Task): (id: string) => string | undefined {
  const titles = new Map(documents.map(({ id, title }) => [id, title]));
  return (id) => titles.get(id);
}

function stepFinding(steps: readonly StepEvent[], promptTokens: number): Finding {
  const last = steps.at(-1)!.metrics;
  const { formatOk, truncated, reward, memoryBytes, promptsCut } = last;
  return {
    check: 'step',
    message: `${steps.length} small steps on the longest prompts (${promptTokens} tokens${promptsCut > 0 ? ', cut' : ''}): reward ${reward.toFixed(3)}, ${percent(formatOk)} of the rewrites in the right format, ${percent(truncated)} cut by the token limit; the process has ${gigabytes(memoryBytes)}.`,
    problems: stepProblems(steps.map(({ metrics }) => metrics)),
    details: { promptTokens, ...last },
  };
}

function stepProblems(steps: readonly StepMetrics[]): string[] {
  const all = (holds: (metrics: StepMetrics) => boolean): boolean => steps.every(holds);
  const failed = steps.reduce((sum, { retrievalErrors }) => sum + retrievalErrors, 0);
  return [
    ...(all(({ loss, gradNorm }) => Number.isFinite(loss) && Number.isFinite(gradNorm))
      ? []
      : ['Loss or gradient is not finite.']),
    ...(failed > 0 ? [`${failed} searches or rewards failed.`] : []),
    ...(all(({ formatOk }) => formatOk === 0)
      ? ['No rewrite is in the right format: begin with supervised tuning, or with another model.']
      : []),
    ...(all(({ truncated }) => truncated === 1)
      ? ['The token limit cuts every rewrite; raise rollout.maxNewTokens.']
      : []),
    ...(all(({ zeroVariance }) => zeroVariance === 1)
      ? ['All rewards of a query are equal, so there is nothing to learn from.']
      : []),
  ];
}

/** At most: many rewrites are sampled together faster than few, and most prompts are shorter than these. */
function timeFinding({ metrics }: StepEvent, config: RunConfig, validation: number): Finding {
  const prompts = Math.min(SMALL_PROMPTS, config['rollout.prompts']);
  const secondsPerStep = (metrics.stepSeconds * config['rollout.prompts']) / prompts;
  const secondsPerAnswer = (metrics.sampleSeconds + metrics.searchSeconds) / (prompts * config['rollout.groupSize']);
  const evaluations = 1 + Math.ceil(config.steps / config['evaluation.every']);
  const secondsPerEvaluation = validation * (1 + config['evaluation.samples']) * secondsPerAnswer;
  const seconds = secondsPerStep * config.steps + secondsPerEvaluation * evaluations;
  return {
    check: 'time',
    message: `At most about ${duration(seconds)}: ${config.steps} steps of ${duration(secondsPerStep)} and ${evaluations} evaluations of ${duration(secondsPerEvaluation)}.`,
    problems: [],
    details: { seconds, secondsPerStep, secondsPerEvaluation, steps: config.steps, evaluations },
  };
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
