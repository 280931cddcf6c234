/** @file Where the tests look for the native engine that `provision.ts` builds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../src/base/cache-folder.ts';

/** Of the PyPI package whose library is used. */
export const TENSORFLOW_VERSION = '2.21.0';

/** A folder of native engines as `rec-r1 install-backend` makes them, with the engine `node`. */
export function bindingFolder(): string {
  return join(cacheFolder(), `test-tensorflow-${TENSORFLOW_VERSION}`);
}

/** The option of a test that needs the engine: false, or why it is skipped. */
export function skipWithoutBinding(): string | false {
  return existsSync(bindingFolder()) ? false : `${bindingFolder()} does not exist; npm run test:native makes it`;
}
