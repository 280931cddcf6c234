/**
 * @file The Chromium that shows the window: the machine's own, or on Debian as root one that apt-get installs.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { canInstall, installPackages } from './debian.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

const WELL_KNOWN = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/**
 * A headless browser that reaches this machine alone: every other host name fails at once, so nothing under test can depend
 * on the network or wait for it.
 */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium() ?? (await installChromium()),
    args: [
      '--no-sandbox', // Chromium refuses its sandbox to root, as who CI runs
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  });
}

/** The path of a Chromium or Chrome on this machine; the environment variable CHROMIUM goes before all. */
function findChromium(): string | undefined {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (!existsSync(named))
      throw new Error(`CHROMIUM names ${named}, which does not exist: name a Chromium or unset it.`);
    return named;
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)));
  return [...onPath, ...WELL_KNOWN, chromium.executablePath()].find((file) => existsSync(file));
}

async function installChromium(): Promise<string> {
  if (!canInstall()) {
    throw new Error(
      'No Chromium found for the tests in VS Code: install Chromium or Chrome, or name one in the environment variable CHROMIUM.',
    );
  }
  await installPackages('chromium');
  return '/usr/bin/chromium';
}
