import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { describe, it } from 'node:test';
import { memoryBytes } from '../../../src/base/memory.ts';

const GIBIBYTE = 2 ** 30;

describe('memory of this process', () => {
  it('is the machine’s where no control group allows less', () => {
    assert.equal(memoryBytes(16 * GIBIBYTE, 0), 16 * GIBIBYTE);
    assert.equal(memoryBytes(16 * GIBIBYTE, 2 ** 64), 16 * GIBIBYTE);
  });

  it('is what a container was given', () => {
    assert.equal(memoryBytes(16 * GIBIBYTE, 2 * GIBIBYTE), 2 * GIBIBYTE);
  });

  it('is something on this machine', () => {
    assert.ok(memoryBytes() > 0 && memoryBytes() <= totalmem());
  });
});
