/**
 * @file A VS Code window of VS Code's server, in a headless Chromium.
 */
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { readLogs } from './desktop.ts';
import type { Editor, EditorOptions } from './editor.ts';
import { markedProcesses } from './processes.ts';
import { startServer, type RunningServer } from './server.ts';
import { watchErrors } from './window-log.ts';

/** For a page to load or a click to be answered: a second on an idle machine, much more on a busy one. */
const WINDOW_TIMEOUT_MILLIS = 120_000;
const VIEWPORT = { width: 1280, height: 800 };

/** Starts a server and a browser, opens the window, and waits until its workbench is painted. */
export async function openInBrowser(options: EditorOptions): Promise<Editor> {
  const { extension, settings, folder, language, machine } = options;
  const vsix = extension.kind === 'packaged' ? [extension.vsix] : [];
  await using undo = new AsyncDisposableStack();
  const given = {
    ...(settings && { settings }),
    ...(language !== undefined && { language }),
    ...(machine && { machine }),
  };
  const server = await startServer({ vsix, endWhenUnused: true, ...given });
  undo.defer(() => server.stop());
  const browser = await launchChromium();
  undo.defer(() => browser.close());
  const context = await browser.newContext({ viewport: VIEWPORT });
  const external = watchExternalRequests(context);
  const developed = extension.kind === 'development' ? [extension.path] : [];
  await configureWorkbench(context, [...developed, ...(options.helpers ?? [])]);
  context.setDefaultTimeout(WINDOW_TIMEOUT_MILLIS);
  const page = await context.newPage();
  const errors = watchErrors(page);
  await open(page, server, folder);
  const resources = undo.move();
  return {
    kind: 'server',
    page,
    errors,
    externalRequests: () => external,
    processes: () => markedProcesses(server.session),
    logs: async () => `${server.output()}\n${await readLogs(join(server.dataDir, 'data', 'logs'))}`,
    close: () => resources.disposeAsync(),
  };
}

async function open(page: Page, server: RunningServer, folder: string): Promise<void> {
  const url = new URL(`http://localhost:${server.port}/`);
  url.searchParams.set('folder', folder);
  await page.goto(url.href);
  await page.locator('.monaco-workbench .part.statusbar').waitFor();
  await page.locator('.explorer-folders-view').waitFor();
}

/** Requests that leave this machine; a webview's own resources have a made-up host that a service worker answers. */
function watchExternalRequests(context: BrowserContext): readonly string[] {
  const seen: string[] = [];
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const leaves = /^(https?|wss?):$/.test(protocol) && !['localhost', '127.0.0.1'].includes(hostname);
    if (leaves && !hostname.endsWith('.vscode-resource.vscode-cdn.net'))
      seen.push(`${request.method()} ${request.url()}`);
  });
  return seen;
}

/** The part of the workbench's start configuration that the harness changes. */
interface WorkbenchConfiguration {
  productConfiguration?: Record<string, unknown>;
  developmentOptions?: { extensions?: unknown };
}

// The few members of the page's globals that functions running in the page use; this project's Node code has no DOM types.
declare const document: {
  readonly readyState: string;
  addEventListener(type: 'readystatechange', listener: () => void): void;
  getElementById(
    id: string,
  ): { getAttribute(name: string): string | null; setAttribute(name: string, value: string): void } | null;
};
declare const location: { readonly host: string };

/**
 * Changes the configuration that the served page carries before the workbench reads it.
 *
 * By a script in the page and not by rewriting the response: Chromium refuses a rewritten document its WebSocket to
 * localhost. `extensions` in the configuration works in a normal window, where the documented `payload` parameter wants the
 * smoke-test mode, which hides notifications.
 */
async function configureWorkbench(context: BrowserContext, developedExtensions: readonly string[]): Promise<void> {
  await context.addInitScript((paths: readonly string[]) => {
    document.addEventListener('readystatechange', () => {
      const element = document.getElementById('vscode-workbench-web-configuration');
      const settings = element?.getAttribute('data-settings');
      // 'interactive' comes before the page's module scripts. Frames of webviews have no such element.
      if (document.readyState !== 'interactive' || element === null || typeof settings !== 'string') return;
      const configuration = JSON.parse(settings) as WorkbenchConfiguration;
      const unwanted = ['serviceWorker', 'telemetryEndpoint', 'voiceWsUrl'];
      const product = Object.entries(configuration.productConfiguration ?? {}).filter(
        ([key]) => !unwanted.includes(key),
      );
      configuration.productConfiguration = {
        ...Object.fromEntries(product),
        enableTelemetry: false,
        extensionsGallery: {},
      };
      if (paths.length > 0) {
        const extensions = paths.map((path) => ({ scheme: 'vscode-remote', authority: location.host, path }));
        configuration.developmentOptions = { ...configuration.developmentOptions, extensions };
      }
      element.setAttribute('data-settings', JSON.stringify(configuration));
    });
  }, developedExtensions);
}
