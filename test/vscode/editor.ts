/**
 * @file An open VS Code window with the extension in it, whichever VS Code this machine can have: the desktop editor where it
 * can be downloaded and shown, otherwise VS Code's server with a Chromium. Tests see a Playwright page either way.
 */
import type { Page } from 'playwright-core';
import { openDesktop } from './desktop.ts';
import { openInBrowser } from './browser.ts';
import type { FarMachine } from './far-machine.ts';
import type { FoundProcess } from './processes.ts';

export interface EditorOptions {
  /** The folder that the window opens. */
  readonly folder: string;
  /** The project itself, as when its authors press F5, or a packaged extension, as users install it. */
  readonly extension:
    { readonly kind: 'development'; readonly path: string } | { readonly kind: 'packaged'; readonly vsix: string };
  /** Folders of further extensions, which do in the extension host what no user can. */
  readonly helpers?: readonly string[];
  /** User settings on top of the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The display language, English by default; the editor's own words stay English (language-pack.ts). */
  readonly language?: string;
  /** Where the folder, the extension and all of its processes are, with the window here; this machine when absent. */
  readonly machine?: FarMachine;
}

export interface Editor {
  readonly kind: 'desktop' | 'server';
  readonly page: Page;
  /** What the window reported as an error so far, without what a quiet VS Code always reports. */
  errors(): readonly string[];
  /** Requests to other machines so far. Always empty for the desktop editor, where they are not watched. */
  externalRequests(): readonly string[];
  /** Processes that came from this editor and still run (Linux). */
  processes(): readonly FoundProcess[];
  /** What the editor and its extension host wrote to their logs, for the report of a failure. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens the window and waits until its workbench is painted.
 *
 * REC_R1_VSCODE=desktop or =server forces one kind; otherwise the desktop editor is tried first and the reason is printed when
 * it cannot be had. A window of another machine is always one in a browser: the desktop editor's extensions for that are not
 * free software.
 */
export async function openEditor(options: EditorOptions): Promise<Editor> {
  const wanted = process.env.REC_R1_VSCODE ?? 'any';
  if (wanted !== 'server' && !options.machine) {
    const desktop = await openDesktop(options);
    if (desktop.kind === 'opened') return desktop.editor;
    if (wanted === 'desktop') throw new Error(`No desktop VS Code: ${desktop.reason}.`);
    console.error(`No desktop VS Code (${desktop.reason}): testing in VS Code's server from npm.`);
  }
  return openInBrowser(options);
}
