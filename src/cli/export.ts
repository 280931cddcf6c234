/** @file `rec-r1 export`: a checkpoint as a whole model, an adapter, or a file for llama.cpp. */
import { EXPORT_DTYPES, EXPORT_FORMATS, exportCheckpoint, type ExportDType } from '../app/export.ts';
import { UserError } from '../base/errors.ts';
import { defineCommand, noPositionals, required } from './command.ts';
import { newestRun } from './newest-run.ts';

const DTYPES = Object.keys(EXPORT_DTYPES) as ExportDType[];

export const exportCommand = defineCommand({
  usage: ['export --out DIR --format merged|adapter|gguf [--run RUN] [--checkpoint NAME] [--dtype f32|f16|bf16]'],
  about:
    'Writes a checkpoint for use elsewhere: merged, a model folder for transformers; adapter, what LoRA trained, for PEFT; gguf, one file for llama.cpp.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    checkpoint: { type: 'string', value: 'NAME', about: 'Such as step-000100; the newest by default.' },
    out: { type: 'string', value: 'DIR', about: 'A new folder.' },
    format: { type: 'string', value: 'NAME', about: EXPORT_FORMATS.join(', ') + '.' },
    dtype: { type: 'string', value: 'NAME', about: 'How numbers are stored: f32 (exact, the default), f16 or bf16.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const { checkpoint } = values;
    const summary = await exportCheckpoint({
      runDir: values.run ?? newestRun(),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      out: required(values.out, '--out', 'model/'),
      format: oneOf(EXPORT_FORMATS, required(values.format, '--format', 'merged'), '--format'),
      dtype: oneOf(DTYPES, values.dtype ?? 'f32', '--dtype'),
    });
    output.line(`${summary.checkpoint} in ${summary.out}`);
    for (const { name, sizeBytes } of summary.files) output.line(`  ${name}  ${(sizeBytes / 1e6).toFixed(1)} MB`);
    output.object(summary);
  },
});

function oneOf<T extends string>(choices: readonly T[], value: string, option: string): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new UserError(`${option} is "${value}"; choose one of ${choices.join(', ')}.`);
  return choice;
}
