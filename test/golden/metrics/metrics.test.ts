/** @file TensorBoard's event files, byte by byte as its own writer makes them; `make.py` made the bytes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/base/package-root.ts';
import { crc32c, scalarRecord, startRecord, versionRecord } from '../../../src/runs/event-file.ts';

const AT = 1_735_689_600_250;

describe('an event file', () => {
  it('is what TensorBoard writes', () => {
    const ours = Buffer.concat([
      versionRecord(AT),
      startRecord(AT, 0),
      startRecord(AT, 200),
      scalarRecord({ at: AT, step: 1, values: { reward: 0.5, 'critic/rewards/mean': -2 } }),
      scalarRecord({ at: AT + 750, step: 300, values: { loss: NaN, Größe: 1e-6 } }),
    ]);
    assert.deepEqual(ours, readFileSync(join(packageRoot(), 'test/golden/metrics/events.bin')));
  });

  it('has the checksum of RFC 3720', () => {
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa); // its appendix B.4
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  });
});
