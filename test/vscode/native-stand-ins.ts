/**
 * @file Plain JavaScript in place of the two native modules that VS Code's server misses when no compiler built them.
 *
 * Without the logger every Output channel stays empty; without the watchdog an extension host outlives a killed server.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `@vscode/spdlog`: an append-only log file with levels. */
const LOGGER = `'use strict';
const fs = require('node:fs');
const path = require('node:path');
const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
class Logger {
  constructor(kind, name, file) {
    this.file = file;
    this.level = 2;
    this.withHead = true;
    this.open = true;
    fs.mkdirSync(path.dirname(file), { recursive: true });
  }
  append(level, message) {
    if (!this.open || level < this.level) return;
    const head = new Date().toISOString().replace('T', ' ').slice(0, 23) + ' [' + levels[level] + '] ';
    fs.appendFileSync(this.file, this.withHead ? head + message + '\\n' : message);
  }
  trace(message) { this.append(0, message); }
  debug(message) { this.append(1, message); }
  info(message) { this.append(2, message); }
  warn(message) { this.append(3, message); }
  error(message) { this.append(4, message); }
  critical(message) { this.append(5, message); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() { this.withHead = true; }
  clearFormatters() { this.withHead = false; }
  flush() {}
  drop() { this.open = false; }
}
const create = async (name, file) => new Logger('', name, file);
// One assignment per name: Node finds the names of a CommonJS module that way when an ES module imports it.
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
`;

/** `@vscode/native-watchdog`: ends this process when another one is gone. Exit status 87 is the original's. */
const WATCHDOG = `'use strict';
const alive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
exports.start = (pid) => {
  setInterval(() => alive(pid) || process.exit(87), 3000).unref();
};
exports.exit = (code) => process.exit(code || 0);
`;

/** Writes both over the packages in `nodeModules`, which must be there. */
export async function writeNativeStandIns(nodeModules: string): Promise<void> {
  await writeFile(join(nodeModules, '@vscode', 'spdlog', 'index.js'), LOGGER);
  await writeFile(join(nodeModules, '@vscode', 'native-watchdog', 'index.js'), WATCHDOG);
}
