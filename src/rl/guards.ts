/**
 * @file Guards: whether a training has gone wrong, judged by the metrics of its steps alone. What is then done (a
 * checkpoint, an end) is the trainer's business.
 *
 * A spike is measured against the run's own past, because a model that never wrote the format may yet learn it. A guard is
 * patient: one bad step is noise.
 */
import type { GuardName, RolloutPlace, StepMetrics } from '../runs/events.ts';
import type { ScoredGroup } from './scored-groups.ts';

export interface GuardSettings {
  readonly notFinite: boolean;
  /** Least share of the entropy of the first steps; 0 is off. */
  readonly entropy: number;
  /** Largest rise of the share of malformed answers, from 0 to 1; 0 is off. */
  readonly malformed: number;
  /** The same of answers that the token limit cut. */
  readonly clipped: number;
  /** In how many steps in a row it must be so. */
  readonly patience: number;
}

/** What guards look at; steps that learn from pairs have the first two alone. */
export type WatchedMetrics = Pick<StepMetrics, 'loss' | 'gradNorm'> &
  Partial<Pick<StepMetrics, 'skippedUpdates' | 'entropy' | 'formatOk' | 'truncated'>>;

export interface Alarm {
  readonly guard: StoppingGuard;
  readonly message: string;
}

/** Those that end a training. */
export type StoppingGuard = Extract<GuardName, 'not-finite' | 'entropy' | 'malformed' | 'clipped'>;
const STOPPING: ReadonlySet<string> = new Set<StoppingGuard>(['not-finite', 'entropy', 'malformed', 'clipped']);

export function endsTraining(guard: GuardName): boolean {
  return STOPPING.has(guard);
}

/** What is wrong after the newest step of a history, oldest first; the gravest when it is several things. */
export function alarmOf(history: readonly WatchedMetrics[], settings: GuardSettings): Alarm | undefined {
  return (
    notFinite(history.at(-1), settings) ??
    entropyCollapse(history, settings) ??
    spike('malformed', 'malformed answers', history.flatMap(malformedShare), settings) ??
    spike('clipped', 'answers cut by the token limit', history.flatMap(clippedShare), settings)
  );
}

/**
 * The first rollout of a step that shows what a guard found. Which one has a loss that is not finite, its groups do not
 * tell; see `firstNotFinite`.
 */
export function firstOffender(
  guard: Exclude<StoppingGuard, 'not-finite'>,
  groups: readonly ScoredGroup[],
): RolloutPlace | undefined {
  switch (guard) {
    case 'entropy':
      return firstPlace(groups, ({ completions }, c) =>
        completions.some(({ text }, other) => other !== c && text === completions[c].text),
      );
    case 'malformed':
      return firstPlace(groups, ({ scored }, c) => scored[c].parsed.format !== 'ok');
    case 'clipped':
      return firstPlace(groups, ({ completions }, c) => !completions[c].ended);
    default:
      return guard satisfies never;
  }
}

const malformedShare = ({ formatOk }: WatchedMetrics): number[] => (formatOk === undefined ? [] : [1 - formatOk]);
const clippedShare = ({ truncated }: WatchedMetrics): number[] => (truncated === undefined ? [] : [truncated]);

function notFinite(step: WatchedMetrics | undefined, settings: GuardSettings): Alarm | undefined {
  if (!settings.notFinite || !step) return undefined;
  const { loss, gradNorm, skippedUpdates = 0 } = step;
  if (skippedUpdates === 0 && Number.isFinite(loss) && Number.isFinite(gradNorm)) return undefined;
  return {
    guard: 'not-finite',
    message: `The loss is ${loss} and the norm of its gradient ${gradNorm}; that update was left out, and the weights are those before it. A smaller optimizer.learningRate or reward may help; guard.notFinite=off trains on without such updates.`,
  };
}

function entropyCollapse(history: readonly WatchedMetrics[], { entropy, patience }: GuardSettings): Alarm | undefined {
  // A step that learnt nothing measured no entropy and says 0.
  const measured = history.flatMap(({ entropy: value = 0 }) => (value > 0 ? [value] : []));
  if (entropy === 0 || measured.length < 2 * patience) return undefined;
  const start = mean(measured.slice(0, patience));
  const last = measured.slice(-patience);
  if (!last.every((value) => value < entropy * start)) return undefined;
  return {
    guard: 'entropy',
    message: `The entropy was below ${percent(entropy)} of its start (${start.toFixed(3)} nats per token) for ${patience} steps, at last ${last.at(-1)!.toPrecision(2)}: the policy writes nearly the same every time. A larger grpo.entropy or grpo.kl may help; guard.entropy=0 turns this off.`,
  };
}

/** A share that was, in each of the last steps, more than `rise` above the lowest mean of as many steps before them. */
function spike(
  guard: 'malformed' | 'clipped',
  what: string,
  shares: readonly number[],
  settings: GuardSettings,
): Alarm | undefined {
  const { [guard]: rise, patience } = settings;
  if (rise === 0 || shares.length < 2 * patience) return undefined;
  const level = lowestMean(shares.slice(0, -patience), patience);
  const last = shares.slice(-patience);
  if (!last.every((share) => share > level + rise)) return undefined;
  return {
    guard,
    message: `The share of ${what} was ${percent(Math.min(...last))} or more for ${patience} steps and had been ${percent(level)}. An earlier checkpoint may be the better one to go on from; guard.${guard}=0 turns this off.`,
  };
}

/** Of `size` values in a row. */
function lowestMean(values: readonly number[], size: number): number {
  return Math.min(...Array.from({ length: values.length - size + 1 }, (_, i) => mean(values.slice(i, i + size))));
}

function firstPlace(
  groups: readonly ScoredGroup[],
  offends: (group: ScoredGroup, completion: number) => boolean,
): RolloutPlace | undefined {
  for (const [group, one] of groups.entries()) {
    const position = one.completions.findIndex((_, c) => offends(one, c));
    if (position >= 0) return { group, position };
  }
  return undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
