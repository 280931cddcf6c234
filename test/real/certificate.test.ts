/** @file A recommender behind HTTPS with a certificate of its own making, as inside many companies. OpenSSL makes it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { recR1 } from '../fixtures/command-line.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { runCommandLine } from '../vscode/commands.ts';

/** A key and its certificate for 127.0.0.1; nothing where OpenSSL is missing, and then the test is skipped, but not in CI. */
async function selfSigned(test: TestContext, folder: string): Promise<{ key: string; cert: string } | undefined> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  try {
    await runCommandLine('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...name]); // prettier-ignore
    return { key, cert };
  } catch (error) {
    if (process.env['CI']) throw error;
    test.skip(`needs OpenSSL: ${messageOf(error)}`);
    return undefined;
  }
}

describe('a recommender with a self-signed certificate', () => {
  it('is refused with a sentence that says what to do, and trusted after doing so', async (test) => {
    const folder = temporaryFolder(test);
    const made = await selfSigned(test, folder);
    if (!made) return;
    let connections = 0;
    const answer = JSON.stringify({ results: [{ hits: [{ id: 'P0149', score: 1 }] }] });
    const server = createServer({ key: readFileSync(made.key), cert: readFileSync(made.cert) }, (_, response) => {
      response.end(answer);
    });
    server.on('connection', () => connections++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const outputs = join(folder, 'answers.jsonl');
    writeFileSync(outputs, '{"_id":"Q0002","generated_text":"washable blanket"}\n');
    const sample = ['--task', join(packageRoot(), 'media/sample'), '--outputs', outputs, '--bare', '--json'];
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    const refused = await recR1('score', ...sample, '--set', `retriever=${url}`);
    assert.match(
      refused.stdout,
      /its certificate is not trusted \(self-signed certificate.*start with NODE_EXTRA_CA_CERTS/,
    );
    assert.equal(connections, 1, 'trying again is no use');

    process.env['NODE_EXTRA_CA_CERTS'] = made.cert;
    test.after(() => {
      delete process.env['NODE_EXTRA_CA_CERTS'];
    });
    const trusted = await recR1('score', ...sample, '--set', `retriever=${url}`);
    assert.doesNotMatch(trusted.stdout, /certificate/);
    assert.match(trusted.stdout, /"reward":0\.18/);
  });
});
