/** @file The part of `rec-r1 doctor` that says whether a model fits: what its training takes, piece by piece. */
import { forecastMemory, gigabytes, memorySentence } from '../app/memory.ts';
import type { RunConfig } from '../app/config.ts';
import { openBackend } from '../app/parts.ts';
import { openTaskOf } from '../app/task-of.ts';
import type { Output } from './command.ts';

/** Prints the forecast for a configuration. @throws UserError when its task or model cannot be opened. */
export async function printModelForecast(config: RunConfig, output: Output): Promise<void> {
  const engine = await openBackend(config);
  const task = await openTaskOf(config);
  const forecast = await forecastMemory(task, config, engine.name);
  const { plan, estimate } = forecast;
  const row = (name: string, text: string): void => {
    output.line(`  ${name.padEnd(14)}${text}`);
  };
  const millions = (count: number): string => `${(count / 1e6).toFixed(1)} million`;
  const trained = plan.lora ? `, ${millions(estimate.trained)} in adapters train` : ', all of them train';
  output.line(`${config.model}: ${millions(estimate.parameters)} parameters${trained}, on ${engine.name}\n`);
  const halves = plan.isHalf && plan.lora ? ', in half precision' : '';
  const outside = estimate.farBytes > 0 ? `, ${gigabytes(estimate.farBytes)} of it outside the engine's 4 GiB` : '';
  row('weights', `${gigabytes(estimate.weightBytes)}${halves}${plan.lora ? outside : ''}`);
  if (!plan.lora) row('start policy', `${gigabytes(estimate.referenceBytes)}${outside}`);
  row('optimizer', gigabytes(estimate.optimizerBytes));
  const { rollout, scoring, update } = estimate.phaseBytes;
  const { prompts, groupSize, promptTokens, newTokens, microBatchTokens } = plan;
  row(
    'rollout',
    `${gigabytes(rollout)} for ${prompts} × ${groupSize} rewrites of ${promptTokens} + ${newTokens} tokens`,
  );
  row('scoring', `${gigabytes(scoring)} for ${microBatchTokens} tokens at a time`);
  row('update', `${gigabytes(update)}, checkpointing ${plan.checkpointing}`);
  if (engine.name !== 'embedded') {
    output.line(`\nWhat ${engine.name} itself keeps beside the tensors of a training is not among these.`);
  }
  output.line(`\n${memorySentence(forecast)}`);
  output.object({ model: config.model, engine: engine.name, ...forecast });
}
