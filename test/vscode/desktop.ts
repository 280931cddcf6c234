/**
 * @file The desktop VS Code that @vscode/test-electron downloads, driven by Playwright like the browser window.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, resolveCliArgsFromVSCodeExecutablePath, SilentReporter } from '@vscode/test-electron';
import { _electron, type ElectronApplication } from 'playwright-core';
import { messageOf } from '../../src/base/errors.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { runCommandLine } from './commands.ts';
import type { Editor, EditorOptions } from './editor.ts';
import { addLanguagePack } from './language-pack.ts';
import { endMarked, markedProcesses, SESSION_VARIABLE } from './processes.ts';
import { QUIET_SETTINGS } from './server.ts';
import { watchErrors } from './window-log.ts';

const DOWNLOAD_TIMEOUT_MILLIS = 15_000;
const LAUNCH_TIMEOUT_MILLIS = 120_000;

export type DesktopAttempt =
  { readonly kind: 'opened'; readonly editor: Editor } | { readonly kind: 'unavailable'; readonly reason: string };

/** The desktop editor's window, or why this machine cannot have one: no display, no download, or libraries that miss. */
export async function openDesktop(options: EditorOptions): Promise<DesktopAttempt> {
  if (process.platform === 'linux' && process.env.DISPLAY === undefined && process.env.WAYLAND_DISPLAY === undefined) {
    return { kind: 'unavailable', reason: 'there is no display, xvfb-run would give one' };
  }
  let executable: string;
  try {
    executable = await downloadAndUnzipVSCode({
      version: 'stable',
      timeout: DOWNLOAD_TIMEOUT_MILLIS,
      cachePath: join(packageRoot(), '.vscode-test'),
      reporter: new SilentReporter(),
    });
  } catch (thrown) {
    return { kind: 'unavailable', reason: messageOf(thrown) };
  }
  return launch(executable, options);
}

async function launch(executable: string, options: EditorOptions): Promise<DesktopAttempt> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rr1-'));
  const session = randomUUID();
  const folders = ['--user-data-dir', join(dataDir, 'user'), '--extensions-dir', join(dataDir, 'extensions')];
  const leave = async (): Promise<void> => {
    endMarked(session);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  await mkdir(join(dataDir, 'user', 'User'), { recursive: true });
  const settings = JSON.stringify({ ...QUIET_SETTINGS, ...options.settings });
  await writeFile(join(dataDir, 'user', 'User', 'settings.json'), settings);
  const { language } = options;
  const locale = language === undefined ? [] : ['--locale', language];
  if (language !== undefined) await addLanguagePack(join(dataDir, 'user'), language);
  let app: ElectronApplication;
  try {
    app = await _electron.launch({
      executablePath: executable,
      args: [
        ...folders,
        ...FLAGS,
        ...locale,
        ...(await extensionArguments(executable, options, folders)),
        options.folder,
      ],
      env: { ...withoutUndefined(process.env), VSCODE_CLI: '1', [SESSION_VARIABLE]: session },
      timeout: LAUNCH_TIMEOUT_MILLIS,
    });
  } catch (thrown) {
    await leave();
    return { kind: 'unavailable', reason: `it does not start here: ${messageOf(thrown)}` };
  }
  const page = await app.firstWindow();
  page.setDefaultTimeout(LAUNCH_TIMEOUT_MILLIS);
  const errors = watchErrors(page);
  await page.locator('.monaco-workbench .part.statusbar').waitFor();
  const editor: Editor = {
    kind: 'desktop',
    page,
    errors,
    externalRequests: () => [],
    processes: () => markedProcesses(session),
    logs: () => readLogs(join(dataDir, 'user', 'logs')),
    close: async () => {
      await app.close();
      await leave();
    },
  };
  return { kind: 'opened', editor };
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu-sandbox',
  '--disable-updates',
  '--disable-telemetry',
  '--disable-workspace-trust',
  '--skip-welcome',
  '--skip-release-notes',
  '--new-window',
];

async function extensionArguments(
  executable: string,
  { extension, helpers = [] }: EditorOptions,
  folders: readonly string[],
): Promise<readonly string[]> {
  const developed = extension.kind === 'development' ? [extension.path, ...helpers] : helpers;
  const development = developed.map((path) => `--extensionDevelopmentPath=${path}`);
  if (extension.kind === 'development') return development;
  const [cli, ...rest] = resolveCliArgsFromVSCodeExecutablePath(executable, { reuseMachineInstall: true });
  await runCommandLine(cli, [...rest, ...folders, '--no-sandbox', '--install-extension', extension.vsix, '--force']);
  return development;
}

function withoutUndefined(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Every log file of the editor's processes under a folder, one after another. */
export async function readLogs(folder: string): Promise<string> {
  const files = globSync('**/*.log', { cwd: folder });
  const texts = files.map(async (file) => `--- ${file}\n${await readFile(join(folder, file), 'utf8')}`);
  return (await Promise.all(texts)).join('\n');
}
