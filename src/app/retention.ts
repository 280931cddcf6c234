/**
 * @file What checkpoints still know beside their task, compared with the start policy: the retention suite, from files that
 * somebody names or the small samples that come with the program.
 */
import { resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { promptOf } from '../data/prompt.ts';
import { disposePolicy, encodePrompt, loadPolicy, type Policy } from '../model/policy.ts';
import { choose } from '../rl/retention/choices.ts';
import { divergence, type DivergenceSettings } from '../rl/retention/divergence.ts';
import { obey } from '../rl/retention/instructions.ts';
import { calculate } from '../rl/retention/numbers.ts';
import { surprise } from '../rl/retention/perplexity.ts';
import { chatIds, type ProbeOutcome } from '../rl/retention/probe.ts';
import { checkpointName } from '../runs/checkpoint.ts';
import { type ProbeResult, writeRetention } from '../runs/retention.ts';
import { bootstrapIntervals, mean } from '../runs/statistics.ts';
import { armSettings } from './evaluate.ts';
import { type ArmSettings, type Checkpoint, checkpointOf, shownName } from './open-arm.ts';
import { modelDir, openBackend, rolloutSettings } from './parts.ts';
import { examplesOf, openTaskOf } from './task-of.ts';
import { openCheckpoint } from './policies.ts';
import { type ItemFiles, readItems, type RetentionItems } from './retention-items.ts';
import { storedConfig } from './stored-config.ts';

export interface RetentionQuestion {
  /** Whose start policy everything is compared with … */
  readonly runDir?: string;
  /** … unless there is no run: then this model's folder. */
  readonly model?: string;
  /** Checkpoints, also RUN:CHECKPOINT, and model:DIR. */
  readonly policies: readonly string[];
  /** In place of the built-in samples. */
  readonly files: ItemFiles;
  /** So many of the first multiple-choice questions are shown with their answers, and not asked. */
  readonly shots: number;
  readonly maxNewTokens: number;
  /** Answers drawn for each prompt to estimate the divergence. */
  readonly samples: number;
  /** Items of a probe at most, the first ones. */
  readonly limit: number;
}

export interface Retention {
  /** The start policy as `start`, another as it was asked for. */
  readonly policy: string;
  readonly probes: readonly ProbeResult[];
}

/**
 * The start policy first, then the others, each as it is done; checkpoints are recorded in their run.
 *
 * @throws UserError for what is neither a checkpoint nor a model, and for files that cannot be read.
 */
export async function* probeRetention(
  question: RetentionQuestion,
  turn: () => Promise<void>,
): AsyncGenerator<Retention> {
  const { runDir, model, samples, maxNewTokens } = question;
  const settings = armSettings({
    ...(runDir !== undefined && { runDir }),
    ...(model !== undefined && { settings: { model } }),
  });
  const { config } = settings;
  const items = await readItems(question);
  await openBackend(config);
  const start = await openNamed('start', settings);
  try {
    const prompts = await promptsOf(start.policy, items, settings, question.limit);
    const microBatchTokens = config['optimizer.microBatchTokens'];
    const passes = { maxNewTokens, microBatchTokens, turn, samples, seed: config.seed };
    for (const name of ['start', ...question.policies]) {
      const opened = name === 'start' ? start : await openNamed(name, settings);
      try {
        const probes = await probesOf(opened.policy, start.policy, items, prompts, passes);
        if (opened.checkpoint) await record(opened.checkpoint, probes);
        yield { policy: opened.name, probes };
      } finally {
        if (opened !== start) disposePolicy(opened.policy);
      }
    }
  } finally {
    disposePolicy(start.policy);
  }
}

interface OpenedPolicy {
  readonly name: string;
  readonly policy: Policy;
  readonly checkpoint?: Checkpoint;
}

async function openNamed(text: string, settings: ArmSettings): Promise<OpenedPolicy> {
  if (text === 'start' && settings.runDir === undefined) return openModel(text, modelDir(settings.config));
  if (text.startsWith('model:')) return openModel(text, resolve(text.slice('model:'.length)));
  const checkpoint = await checkpointOf(text === 'start' ? checkpointName(0) : text, settings);
  if (!checkpoint) {
    throw new UserError(`"${text}" is neither a checkpoint nor a model; write step-000100, RUN:best or model:DIR.`);
  }
  const policy = await openCheckpoint(checkpoint.dir, storedConfig(checkpoint.runDir));
  return { name: text === 'start' ? text : shownName(checkpoint, settings), policy, checkpoint };
}

async function openModel(name: string, dir: string): Promise<OpenedPolicy> {
  return { name, policy: await loadPolicy(dir, { isFrozen: true }) };
}

interface DivergencePrompts {
  /** Of the task's validation split, which no step learns from; none without a run. */
  readonly task: readonly (readonly number[])[];
  readonly general: readonly (readonly number[])[];
}

async function promptsOf(
  { tokenizer }: Policy,
  { instructions }: RetentionItems,
  { runDir, config }: ArmSettings,
  limit: number,
): Promise<DivergencePrompts> {
  const general = instructions.items.map(({ prompt }) => chatIds(tokenizer, prompt));
  if (runDir === undefined) return { task: [], general };
  const examples = examplesOf(await openTaskOf(config), 'validation', config).slice(0, limit);
  const { promptStyle, maxPromptTokens } = rolloutSettings(config);
  const task = examples.map((example) => encodePrompt(tokenizer, promptOf(example, promptStyle), maxPromptTokens).ids);
  return { task, general };
}

async function probesOf(
  policy: Policy,
  start: Policy,
  { text, instructions, choices, numbers }: RetentionItems,
  prompts: DivergencePrompts,
  settings: DivergenceSettings,
): Promise<ProbeResult[]> {
  const { shots } = choices;
  const skipped = Object.fromEntries(instructions.skipped.map(({ id, prompts }) => [`skipped ${id}`, prompts]));
  const obeyed = await obey(policy, instructions.items, settings);
  const moved = async (some: DivergencePrompts['task']): Promise<ProbeOutcome> =>
    divergence(policy, start, some, settings);
  return [
    summarised('surprise', text.source, 'lower', await surprise(policy, text.items, settings)),
    summarised('instructions', instructions.source, 'higher', {
      ...obeyed,
      details: { ...obeyed.details, ...skipped },
    }),
    summarised('choices', choices.source, 'higher', await choose(policy, choices.items, shots, settings)),
    summarised('numbers', numbers.source, 'higher', await calculate(policy, numbers.items, settings)),
    summarised('kl general', instructions.source, 'lower', await moved(prompts.general)),
    ...(prompts.task.length > 0 ? [summarised('kl task', 'validation', 'lower', await moved(prompts.task))] : []),
  ];
}

function summarised(
  name: string,
  source: string,
  better: ProbeResult['better'],
  { values, details = {}, answers }: ProbeOutcome,
): ProbeResult {
  const [interval] = bootstrapIntervals([values]);
  return { name, source, better, values, mean: mean(values), interval, details, ...(answers && { answers }) };
}

async function record({ runDir, name }: Checkpoint, probes: readonly ProbeResult[]): Promise<void> {
  await writeRetention(runDir, { checkpoint: name, at: Date.now(), probes });
}
