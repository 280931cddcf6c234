/**
 * @file Variables whose values are written straight to where the active engine keeps them, so that a model is read without
 * a second copy of it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { EmbeddedBackend } from './engine/embedded-backend.ts';
import type { HalfPrecision, Precision } from './engine/storage.ts';
import type { DType, StoredTensor } from './safetensors.ts';

/** A float32 variable that `fill` writes; the caller disposes it. When `fill` throws, nothing is left behind. */
export async function filledVariable(
  shape: readonly number[],
  fill: (values: Float32Array) => Promise<void>,
): Promise<tf.Variable> {
  const backend = tf.backend();
  if (backend instanceof EmbeddedBackend) return filledInPlace(backend, shape, fill);
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  await fill(values);
  return variable(values, shape);
}

async function filledInPlace(
  backend: EmbeddedBackend,
  shape: readonly number[],
  fill: (values: Float32Array) => Promise<void>,
): Promise<tf.Variable> {
  const output = backend.output(shape);
  const made = owned(tf.engine().makeTensorFromTensorInfo(output, backend));
  try {
    await fill(backend.shared.floats(output.address, output.size));
    return made;
  } catch (error) {
    made.dispose();
    throw error;
  }
}

/**
 * As `filledVariable`, for a matrix that no training changes: values that a file has in half precision stay so where the
 * active engine can, in its far memory if asked. The variable is not trainable.
 */
export async function frozenVariable(tensor: StoredTensor, isFar = false): Promise<tf.Variable> {
  const backend = tf.backend();
  const precision = PRECISIONS[tensor.dtype];
  const isKept = backend instanceof EmbeddedBackend && precision !== 'float32' && tensor.shape.length === 2;
  const made =
    (isKept ? await filledHalves(backend, tensor, precision, isFar) : undefined) ??
    (await filledVariable(tensor.shape, tensor.readInto));
  made.trainable = false;
  return made;
}

const PRECISIONS = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const satisfies Record<DType, Precision>;

/** Nothing for values that are infinite or no number, which kernels do not expect among halves. */
async function filledHalves(
  backend: EmbeddedBackend,
  tensor: StoredTensor,
  precision: HalfPrecision,
  isFar: boolean,
): Promise<tf.Variable | undefined> {
  const [rows, columns] = tensor.shape;
  const output = backend.halfOutput([rows, columns], precision, isFar);
  const made = owned(tf.engine().makeTensorFromTensorInfo(output, backend));
  try {
    await tensor.readHalves(output.halves);
    if (isFinite16(output.halves, precision)) {
      output.arrange();
      return made;
    }
  } catch (error) {
    made.dispose();
    throw error;
  }
  made.dispose();
  return undefined;
}

function isFinite16(halves: Uint16Array, precision: HalfPrecision): boolean {
  const exponent = precision === 'bfloat16' ? 0x7f80 : 0x7c00;
  for (let i = 0; i < halves.length; i++) if ((halves[i] & exponent) === exponent) return false;
  return true;
}

/** A variable with these values, which the engine may keep as they are. */
export function variable(values: Float32Array, shape: readonly number[]): tf.Variable {
  return owned(tf.tensor(values, [...shape], 'float32'));
}

/** Variables are made unnamed: TensorFlow.js refuses a second variable of the same name, and two models share names. */
function owned(tensor: tf.Tensor): tf.Variable {
  const made = tf.variable(tensor);
  tensor.dispose();
  return made;
}
