/** @file `rec-r1 install-backend` */
import { INSTALLABLE, installBackend } from '../app/install-backend.ts';
import { UserError } from '../base/errors.ts';
import { defineCommand } from './command.ts';
import { untilInterrupted } from './interrupt.ts';

export const installBackendCommand = defineCommand({
  usage: [`install-backend ${INSTALLABLE.join('|')}`],
  about: [
    'Installs a tensor engine with npm: node-gpu is TensorFlow on a CUDA device, node the same on the processor, webgpu other',
    'GPUs. A training with backend=auto takes a GPU that works. The folder is REC_R1_NATIVE, or one in the cache folder.',
  ].join('\n'),
  options: {},
  async run({ positionals }, output) {
    const backend = INSTALLABLE.find((name) => name === positionals[0]);
    if (backend === undefined || positionals.length > 1) {
      throw new UserError(`"${positionals.join(' ')}" is no engine to install; name one of ${INSTALLABLE.join(', ')}.`);
    }
    const installation = await untilInterrupted((signal) =>
      installBackend(backend, {
        signal,
        report: (line) => {
          output.note(line);
        },
      }),
    );
    output.object(installation);
    output.line(`${installation.backend}: ${installation.description}`);
  },
});
