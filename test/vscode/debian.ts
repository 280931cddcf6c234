/** @file Programs that tests take from Debian's packages. */
import { existsSync } from 'node:fs';
import { runCommandLine } from './commands.ts';

/** Whether this process may install packages. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** Installs packages with apt-get, as root on Debian or a relative of it. */
export async function installPackages(...packages: readonly string[]): Promise<void> {
  console.error(`Installing ${packages.join(' ')} with apt-get ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const patient = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  await runCommandLine('apt-get', [...patient, 'update'], { env });
  await runCommandLine('apt-get', [...patient, 'install', '-y', '--no-install-recommends', ...packages], { env });
}
