/** @file `rec-r1 doctor`: what this machine offers, which tensor engine a run would take, and why; or whether a training would go. */
import { availableParallelism, cpus } from 'node:os';
import { memoryBytes } from '../base/memory.ts';
import { listBackends, selectBackend } from '../model/backend.ts';
import { defineCommand, noPositionals } from './command.ts';
import { printModelForecast } from './doctor-model.ts';
import { printPreFlight } from './pre-flight.ts';
import { configOf } from './train.ts';

export const doctorCommand = defineCommand({
  usage: [
    'doctor',
    'doctor --model DIR [--set name=value …]',
    'doctor --config FILE [--model DIR] [--task DIR|sample] [--set name=value …]',
  ],
  about:
    'Lists the tensor engines, which one would be chosen and why, versions, and memory. With --model: how much memory training that model takes, and what would make it fit. With --config or --task the whole training is tried first: memory, recommender, reward, and small steps, the longest prompts first, with an estimate of its time.',
  options: {
    model: { type: 'string', value: 'DIR', about: 'The model that is to be trained.' },
    task: { type: 'string', value: 'DIR', about: 'Folder of the task, or "sample" (the default).' },
    config: { type: 'string', value: 'FILE', about: 'JSON file of settings; the other options win over it.' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'Any setting; may be repeated.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    if (values.config !== undefined || values.task !== undefined) {
      await printPreFlight(await configOf(values), output);
      return;
    }
    if (values.model !== undefined) {
      await printModelForecast(await configOf(values), output);
      return;
    }
    const backends = await listBackends();
    const chosen = await selectBackend('auto');
    const gigabytes = (bytes: number): number => Math.round(bytes / 1e8) / 10;
    const report = {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus().at(0)?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGigabytes: gigabytes(memoryBytes()),
      freeMemoryGigabytes: gigabytes(process.availableMemory()),
    };
    for (const [name, value] of Object.entries(report)) output.line(`${name.padEnd(22)}${value}`);
    output.line('\nTensor engines:');
    for (const { name, isAvailable, isDefault, description } of backends) {
      output.line(
        `  ${isDefault ? '*' : ' '} ${name.padEnd(10)} ${isAvailable ? '' : 'not available: '}${description}`,
      );
    }
    output.line(`\nA run takes ${chosen.name}: ${chosen.reason}.`);
    output.line(
      'A native engine is installed with rec-r1 install-backend, or in the editor with Install Native Backend.',
    );
    output.object({ ...report, backends, chosen });
  },
});
