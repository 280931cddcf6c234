/** @file Where the tests look for the native engine that `provision.ts` builds. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Of the PyPI package whose library is used. */
export const TENSORFLOW_VERSION = '2.21.0';

/** A folder as `rec-r1 install-backend` makes them, with `@tensorflow/tfjs-node` in its `node_modules`. */
export function bindingFolder(): string {
  return process.env.REC_R1_TEST_NATIVE ?? join(homedir(), '.cache', 'rec-r1', `tensorflow-${TENSORFLOW_VERSION}`);
}

/** The option of a test that needs the engine: false, or why it is skipped. */
export function skipWithoutBinding(): string | false {
  return existsSync(bindingFolder()) ? false : `${bindingFolder()} does not exist; npm run test:native makes it`;
}
