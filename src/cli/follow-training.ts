/** @file A training in the terminal: a progress line, Ctrl-C, and the report at the end. */
import { gigabytes } from '../app/memory.ts';
import type { TrainContext } from '../app/train.ts';
import { openRunReader } from '../runs/reader.ts';
import type { Evaluation, RolloutPlace, RunEvent, StepMetrics, TuningMetrics } from '../runs/events.ts';
import type { Output } from './command.ts';
import { printHackingSigns } from './hacking-report.ts';
import { printReport } from './report.ts';
import { StepTimes } from './step-times.ts';

/**
 * Runs a training to its end, printing its events. With `report`, a finished training is then compared with its start on
 * the test queries.
 */
export async function followTraining(
  runDir: string,
  start: (context: TrainContext) => AsyncGenerator<RunEvent>,
  output: Output,
  report = false,
): Promise<void> {
  const interrupts = listenForInterrupts(output);
  const progress = new Progress(output, runDir);
  const times = new StepTimes();
  let checkpoint: string | null = null;
  let state = 'running';
  try {
    for await (const event of start(interrupts.context)) {
      if (event.kind === 'checkpoint') checkpoint = event.name;
      if (event.kind === 'step' && 'sampleSeconds' in event.metrics) times.add(event.metrics);
      if (event.kind === 'state') state = event.state;
      progress.show(event);
    }
  } finally {
    progress.end();
    interrupts.dispose();
  }
  const line = times.line();
  if (line !== undefined) output.line(`${line} Memory at the peak: ${gigabytes(peakBytes())}.`);
  printHackingSigns(runDir, output);
  if (report && state === 'finished') await printReport(runDir, output);
  if (state === 'stopped') output.note(`Stopped. Continue with: rec-r1 resume ${runDir}`);
  output.line(`Run: ${runDir}`);
  output.line('See it in VS Code: open this folder, then run "Rec-R1: Open Dashboard" from the command palette.');
  output.object({ run: runDir, checkpoint });
}

/** The largest resident memory that this process has had. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** First Ctrl-C: stop after the step. Second: now. */
function listenForInterrupts(output: Output): { context: TrainContext; dispose: () => void } {
  const stop = new AbortController();
  const cancel = new AbortController();
  const onInterrupt = (): void => {
    if (stop.signal.aborted) {
      cancel.abort();
      return;
    }
    stop.abort();
    output.note('\nStopping after this step, with a checkpoint. Press Ctrl-C again to stop at once.');
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return {
    context: {
      stop: stop.signal,
      cancel: cancel.signal,
      note: (text) => {
        output.note(text);
      },
    },
    dispose: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
    },
  };
}

/** Where standard output is no terminal, a line at most this often. */
const LINE_MILLIS = 5000;

class Progress {
  readonly #output: Output;
  readonly #runDir: string;
  readonly #live = process.stdout.isTTY;
  #totalSteps = 0;
  #lineAt = 0;
  #secondsPerStep = 0;
  #open = false;

  constructor(output: Output, runDir: string) {
    this.#output = output;
    this.#runDir = runDir;
  }

  show(event: RunEvent): void {
    switch (event.kind) {
      case 'step':
        this.#output.object({ step: event.step, ...event.metrics });
        this.#showStep(event.step, event.metrics);
        return;
      case 'evaluation':
        this.#above(evaluationLine(event.evaluation));
        return;
      case 'state':
        if (event.state === 'running') this.#totalSteps = totalSteps(this.#runDir);
        this.#above(`${event.state}${event.message === undefined ? '' : `: ${event.message}`}`);
        if (event.state === 'paused') this.#output.note(`Continue with: rec-r1 runs continue ${this.#runDir}`);
        return;
      case 'guard': {
        const { guard, step, message, rollout } = event;
        this.#output.object({ guard, step, message, ...(rollout && { rollout }) });
        this.#above(`Guard "${guard}" in step ${step}: ${message}`);
        if (rollout) this.#above(offenderLine(this.#runDir, step, rollout));
        return;
      }
      case 'checkpoint':
        return;
      default:
        event satisfies never;
    }
  }

  /** Leaves the progress line behind. */
  end(): void {
    if (this.#open) process.stdout.write('\n');
    this.#open = false;
  }

  #showStep(step: number, metrics: AnyMetrics): void {
    const smooth = this.#secondsPerStep === 0 ? 1 : 0.1;
    this.#secondsPerStep += smooth * (metrics.stepSeconds - this.#secondsPerStep);
    if (this.#output.json) return;
    const line = stepLine(step, this.#totalSteps, metrics, this.#secondsPerStep * (this.#totalSteps - step));
    if (this.#live) {
      process.stdout.write(`\r\u001b[K${line}`);
      this.#open = true;
    } else if (Date.now() - this.#lineAt >= LINE_MILLIS || step === this.#totalSteps) {
      this.#lineAt = Date.now();
      this.#output.line(line);
    }
  }

  #above(line: string): void {
    this.end();
    this.#output.line(line);
  }
}

function totalSteps(runDir: string): number {
  const reader = openRunReader(runDir);
  try {
    return reader.info().totalSteps;
  } finally {
    reader.close();
  }
}

/** The first rollout that shows what a guard found, as the run has recorded it. */
function offenderLine(runDir: string, step: number, { group, position }: RolloutPlace): string {
  const reader = openRunReader(runDir);
  try {
    const { query, rollouts } = reader.groups(step)[group];
    return `The first rollout with it, of "${query}": ${JSON.stringify(rollouts[position].text)}`;
  } finally {
    reader.close();
  }
}

function stepLine(step: number, steps: number, metrics: AnyMetrics, secondsLeft: number): string {
  return [
    `step ${step}/${steps}`,
    ...(isPolicyStep(metrics) ? policyFigures(metrics) : tuningFigures(metrics)),
    `${Math.round(metrics.tokensPerSecond)} tokens/s`,
    `${duration(secondsLeft)} left`,
  ].join('  ');
}

type AnyMetrics = StepMetrics | TuningMetrics;

function isPolicyStep(metrics: AnyMetrics): metrics is StepMetrics {
  return 'reward' in metrics;
}

function policyFigures({ reward, ndcg, kl }: StepMetrics): string[] {
  return [`reward ${reward.toFixed(3)}`, `NDCG ${ndcg.toFixed(3)}`, `KL ${kl.toFixed(3)}`];
}

function tuningFigures({ loss, accuracy, margin }: TuningMetrics): string[] {
  return [
    `loss ${loss.toFixed(3)}`,
    ...(accuracy === undefined ? [] : [`preferred ${Math.round(accuracy * 100)} %`]),
    ...(margin === undefined ? [] : [`margin ${margin.toFixed(2)}`]),
  ];
}

function evaluationLine({ step, split, metrics, baseline }: Evaluation): string {
  const parts = Object.entries(baseline).map(
    ([name, raw]) => `${name} ${metrics[name].toFixed(3)} (raw query ${raw.toFixed(3)})`,
  );
  return `${split} after step ${step}: ${parts.join('  ')}`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
