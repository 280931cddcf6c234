/**
 * @file The frame of a test in VS Code: a fresh workspace, an open editor, evidence when the test fails, nothing left behind.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Editor, type EditorOptions, openEditor } from './editor.ts';
import { screenshot } from './user.ts';

const LOG_TAIL_CHARACTERS = 6000;

/**
 * Runs `body` in a window that has an empty folder open, and asserts that the window reported no error and asked nothing of
 * another machine. `provokes` is an error that the test wants, and sees for itself. When something fails, a picture of the window and the end of its logs say what it looked like.
 */
export async function withEditor(
  name: string,
  { provokes, ...options }: Omit<EditorOptions, 'folder'> & { readonly provokes?: RegExp },
  body: (editor: Editor, folder: string) => Promise<void>,
): Promise<void> {
  const own = mkdtempSync(join(tmpdir(), 'shop-'));
  const folder = options.machine?.folder ?? own;
  try {
    const editor = await openEditor({ ...options, folder });
    try {
      await body(editor, folder);
      assert.deepEqual(
        editor.errors().filter((error) => !provokes?.test(error)),
        [],
      );
      assert.deepEqual(editor.externalRequests(), []);
    } catch (thrown) {
      await report(editor, name);
      throw thrown;
    } finally {
      await editor.close();
    }
  } finally {
    rmSync(own, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function report(editor: Editor, name: string): Promise<void> {
  console.log(`The window at the failure: ${await screenshot(editor.page, `${name}-failed`)}`);
  console.log(editor.errors().join('\n'));
  console.log((await editor.logs()).slice(-LOG_TAIL_CHARACTERS));
}

/**
 * The first value of `probe` that is neither undefined nor false, asked again and again.
 *
 * @throws an `Error` that names `what` after `timeoutMillis`.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMillis = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMillis;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMillis} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The text of a file that the editor writes. It makes an empty one first. */
export function written(what: string, file: string, timeoutMillis?: number): Promise<string> {
  return eventually(what, () => (existsSync(file) && readFileSync(file, 'utf8')) || undefined, timeoutMillis);
}
