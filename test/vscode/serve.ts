/**
 * @file `npm run vscode`: VS Code with this extension, in the browser of a person whose machine has no desktop.
 *
 * The extension is packaged and installed as users get it. The window is reachable from this machine alone. The workspace, a
 * folder with a copy of the sample task, is kept between calls with its runs; the window's own settings are not.
 */
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { packageExtension } from './package.ts';
import { startServer } from './server.ts';

const workspace = join(packageRoot(), '.vscode-test', 'workspace');
await cp(join(packageRoot(), 'media', 'sample'), join(workspace, 'sample'), { recursive: true });
const temp = await mkdtemp(join(tmpdir(), 'rr1-'));
const vsix = await packageExtension(join(temp, 'rec-r1.vsix'));
const server = await startServer({ vsix: [vsix] });
await rm(temp, { recursive: true, force: true });

const address = new URL(`http://localhost:${server.port}/`);
address.searchParams.set('folder', workspace);
console.log(`VS Code with Rec-R1: ${address.href}`);
console.log('Open it in a browser on this machine. Ctrl-C ends it.');

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), server.ended]);
await server.stop();
