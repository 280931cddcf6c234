/** @file TensorFlow.js's own WebAssembly backend at the work of the prototypes: `node dist/test/bench/engine/wasm.mjs WORK`. */
import * as tf from '@tensorflow/tfjs-core';
import { fromNpm } from '../../real/from-npm.ts';
import { prototypeSeconds } from './pieces.ts';
import { givenWork, type Prototype, serve } from './work.ts';

const { version_core: version } = tf;

/** It has no kernel for the gradient of an embedding. */
function registerSegmentSum(): void {
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const [x, ids] = [inputs.x, inputs.segmentIds] as unknown as [tf.Tensor, tf.Tensor];
      const [values, segments] = [x.dataSync(), ids.dataSync()];
      const size = x.size / ids.size;
      const sums = new Float32Array((attrs!.numSegments as number) * size);
      for (const [i, segment] of segments.entries()) {
        for (let column = 0; column < size; column++) sums[segment * size + column] += values[i * size + column];
      }
      return tf.tensor(sums, [attrs!.numSegments as number, ...x.shape.slice(1)]);
    },
  });
}

// Copies of tfjs-core share one engine and its registries.
const require = await fromNpm(`tfjs-backend-wasm-${version}`, [
  `@tensorflow/tfjs-backend-wasm@${version}`,
  `@tensorflow/tfjs-core@${version}`,
]);
require('@tensorflow/tfjs-backend-wasm');
await tf.setBackend('wasm');
registerSegmentSum();
await serve(`TensorFlow.js wasm ${version}, Node ${process.versions.node}`, prototypeSeconds(givenWork() as Prototype));
