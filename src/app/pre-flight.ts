/**
 * @file The pre-flight of a training: everything that it will need is tried once, the longest prompts first, before hours go
 * into it. Nothing of it is written into a run folder, and the model that took the steps is thrown away.
 */
import { promptOf } from '../data/prompt.ts';
import type { Example, Task } from '../data/task.ts';
import { createAdamW, disposeAdamW } from '../model/adamw.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { train, type TrainerSettings } from '../rl/trainer.ts';
import type { StepMetrics } from '../runs/events.ts';
import type { RunConfig } from './config.ts';
import { forecastMemory, gigabytes, memorySentence } from './memory.ts';
import { openRetriever } from './open-retriever.ts';
import { type OpenedReward, openReward } from './open-reward.ts';
import { checkIndex, checkReward, type Finding, percent } from './pre-flight-checks.ts';
import { openBackend } from './parts.ts';
import { examplesOf, openTaskOf } from './task-of.ts';
import { disposePolicies, openStart } from './policies.ts';
import { trainerSettings } from './trainer-settings.ts';

/** Queries of the steps that are tried. */
const FEW_PROMPTS = 2;
const MORE_PROMPTS = 8;

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
    const tried = await triedSteps({ config, task, training, retriever, reward });
    yield stepFinding(tried, forecast.plan.promptTokens);
    yield timeFinding(tried, config, validation.length);
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

interface TimedStep {
  readonly prompts: number;
  readonly metrics: StepMetrics;
}

interface TriedSteps {
  readonly longest: StepMetrics;
  readonly few: TimedStep;
  readonly more: TimedStep;
}

/** The trainer's own steps: on the queries with the longest prompts, then on few and on more of the others. */
async function triedSteps({ config, task, training, retriever, reward }: Opened): Promise<TriedSteps> {
  const { policy, reference } = await openStart(config);
  const optimizer = createAdamW([...policy.parameters.values()]);
  const asked = trainerSettings(config, reward.shape);
  const parts = {
    policy,
    reference,
    optimizer,
    retriever,
    evaluationRetriever: retriever,
    validation: [],
    history: [],
    titleOf: titlesOf(task),
    saveCheckpoint: () => Promise.resolve(''),
    now: () => performance.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    turn: () => Promise.resolve(),
  };
  const stepOn = async (step: number, examples: readonly Example[]): Promise<StepMetrics> => {
    const settings = { ...asked, steps: step, prompts: examples.length };
    const start = { startStep: step - 1, isNew: false };
    for await (const event of train({ ...parts, train: examples }, settings, start, new AbortController().signal)) {
      if (event.kind === 'step' && 'updateSeconds' in event.metrics) return event.metrics;
    }
    throw new Error('the trainer made no step');
  };
  const [few, more] = [FEW_PROMPTS, MORE_PROMPTS].map((count) => training.slice(0, Math.min(count, asked.prompts)));
  try {
    return {
      longest: await stepOn(1, longestFirst(training, asked).slice(0, few.length)),
      few: { prompts: few.length, metrics: await stepOn(2, few) },
      more: { prompts: more.length, metrics: await stepOn(3, more) },
    };
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

function stepFinding({ longest, few, more }: TriedSteps, promptTokens: number): Finding {
  const { formatOk, truncated, reward } = more.metrics;
  const { memoryBytes, promptsCut } = longest;
  return {
    check: 'step',
    message: `The longest prompts (${promptTokens} tokens${promptsCut > 0 ? ', cut' : ''}) went through, and others had a reward of ${reward.toFixed(3)}, ${percent(formatOk)} of the rewrites in the right format and ${percent(truncated)} cut by the token limit; the process has ${gigabytes(memoryBytes)}.`,
    problems: stepProblems([longest, few.metrics, more.metrics]),
    details: { promptTokens, ...more.metrics, memoryBytes },
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

/** A step takes so much for each query beside what it takes in any case; the two that were tried tell both. */
function timeFinding({ few, more }: TriedSteps, config: RunConfig, validation: number): Finding {
  const perPrompt = (of: (metrics: StepMetrics) => number): number =>
    Math.max(0, of(more.metrics) - of(few.metrics)) / Math.max(1, more.prompts - few.prompts);
  const missing = config['rollout.prompts'] - more.prompts;
  const secondsPerStep = more.metrics.stepSeconds + missing * perPrompt(({ stepSeconds }) => stepSeconds);
  const perAnswer = perPrompt((metrics) => metrics.sampleSeconds + metrics.searchSeconds) / config['rollout.groupSize'];
  const evaluations = 1 + Math.ceil(config.steps / config['evaluation.every']);
  const secondsPerEvaluation = validation * (1 + config['evaluation.samples']) * perAnswer;
  const seconds = secondsPerStep * config.steps + secondsPerEvaluation * evaluations;
  return {
    check: 'time',
    message: `About ${duration(seconds)}: ${config.steps} steps of ${duration(secondsPerStep)} and ${evaluations} evaluations of ${duration(secondsPerEvaluation)}.`,
    problems: [],
    details: { seconds, secondsPerStep, secondsPerEvaluation, steps: config.steps, evaluations },
  };
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
