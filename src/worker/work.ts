/**
 * @file What the worker process does. With an order as its argument it trains and ends; without one it answers questions of its parent
 * until that goes away. Standard output and error are its log.
 */
import { constants, setPriority } from 'node:os';
import { configFrom } from '../app/config.ts';
import { forkTraining, resumeTraining, startTraining, type TrainContext } from '../app/train.ts';
import { messageOf, UserError } from '../base/errors.ts';
import type { RunEvent, StepMetrics, TuningMetrics } from '../runs/events.ts';
import { createAssistant } from './assistant.ts';
import type { TrainingOrder } from './launch.ts';
import type { ToWorker } from './protocol.ts';

async function train(order: TrainingOrder): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => {
    stop.abort();
  });
  const note = (text: string): void => {
    console.log(text);
  };
  const context = { stop: stop.signal, cancel: new AbortController().signal, mayBlock: true, note };
  for await (const event of eventsOf(order, context)) console.log(`${new Date().toISOString()} ${logLine(event)}`);
}

function eventsOf(order: TrainingOrder, context: TrainContext): AsyncGenerator<RunEvent> {
  switch (order.kind) {
    case 'train':
      return startTraining({ runDir: order.runDir, config: configFrom(order.config, order.source) }, context);
    case 'resume':
      return resumeTraining(order, context);
    case 'fork':
      return forkTraining(order, context);
  }
}

function logLine(event: RunEvent): string {
  switch (event.kind) {
    case 'step':
      return `step ${event.step}: ${worthOf(event.metrics)}, ${event.metrics.stepSeconds.toFixed(1)} s`;
    case 'evaluation':
      return `evaluation of step ${event.evaluation.step}: ${JSON.stringify(event.evaluation.metrics)}`;
    case 'checkpoint':
      return `checkpoint ${event.name}`;
    case 'guard':
      return `guard ${event.guard} in step ${event.step}: ${event.message}`;
    case 'state':
      return `${event.state}${event.message === undefined ? '' : `: ${event.message}`}`;
  }
}

/** The number by which one sees how training goes. */
function worthOf(metrics: StepMetrics | TuningMetrics): string {
  return 'reward' in metrics ? `reward ${metrics.reward.toFixed(3)}` : `loss ${metrics.loss.toFixed(3)}`;
}

/** Whoever asks waits a moment longer, so that a training beside it keeps its pace. */
function answerQuestions(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // before the engine's threads, which inherit it
  const assistant = createAssistant((message) => process.send?.(message));
  process.on('message', (message: ToWorker) => {
    assistant(message);
  });
  process.once('disconnect', () => {
    process.exit(0);
  });
}

const order = process.argv.at(2);
if (order === undefined) answerQuestions();
else {
  try {
    await train(JSON.parse(order) as TrainingOrder);
    process.exit(0); // a thread of the engine may still hold the process
  } catch (error) {
    console.error(error instanceof UserError ? messageOf(error) : error);
    process.exit(1);
  }
}
