import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { isDiskFull } from '../../../src/base/full-disk.ts';

const withCode = (fields: object): Error => Object.assign(new Error('write'), fields);

describe('isDiskFull', () => {
  it('knows the codes of files and of SQLite, also behind a sentence for the user', () => {
    assert.equal(isDiskFull(withCode({ code: 'ENOSPC' })), true);
    assert.equal(isDiskFull(withCode({ code: 'EDQUOT' })), true);
    assert.equal(isDiskFull(withCode({ code: 'EFBIG' })), true);
    assert.equal(isDiskFull(withCode({ code: 'ERR_SQLITE_ERROR', errcode: 13 })), true);
    assert.equal(isDiskFull(new UserError('The disk is full.', { cause: withCode({ code: 'ENOSPC' }) })), true);
  });

  it('does not take other errors for it', () => {
    assert.equal(isDiskFull(withCode({ code: 'EACCES' })), false);
    assert.equal(isDiskFull(withCode({ errcode: 5 })), false);
    assert.equal(isDiskFull('ENOSPC'), false);
  });
});
