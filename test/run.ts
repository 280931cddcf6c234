/**
 * @file `npm test`: builds, runs the headless tests, then the tests in a real VS Code, and ends with one line that counts
 * both. The exit status is 0 only when every test passed and at least one ran in each part.
 *
 *   node test/run.ts [headless|vscode] [--grep PATTERN]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Part {
  readonly name: string;
  /** Bundled test files, relative to the project. */
  readonly files: string;
  /** Files that run at the same time. Windows of VS Code take turns: they are timed as a user would see them. */
  readonly concurrency: number;
}

const PARTS: readonly Part[] = [
  { name: 'headless', files: 'dist/test/{unit,golden,integration,real,native}/**/*.test.mjs', concurrency: 2 },
  { name: 'vscode', files: 'dist/test/vscode/**/*.test.mjs', concurrency: 1 },
];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Why each skipped test was skipped, repeated at the end: a report of hundreds of lines hides it. */
const skips: string[] = [];

const root = join(import.meta.dirname, '..');

/** Runs one part with Node's own test runner and prints its report as it goes. */
async function runPart({ name, files, concurrency }: Part, patterns: readonly string[]): Promise<Counts> {
  const found = globSync(files, { cwd: root }).sort();
  if (found.length === 0) throw new Error(`No test files for the ${name} tests: ${files} matches nothing.`);
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const events = run({
    files: found.map((file) => join(root, file)),
    concurrency,
    execArgv: ['--enable-source-maps'],
    ...(patterns.length > 0 && { testNamePatterns: patterns }),
  });
  events.on('test:summary', ({ file, success, counts: ofRun }) => {
    if (file !== undefined) return; // one summary per file, then one of all
    counts.passed = ofRun.passed;
    counts.skipped = ofRun.skipped + ofRun.todo;
    counts.failed = ofRun.tests - counts.passed - counts.skipped; // failed and cancelled
    if (!success) counts.failed = Math.max(1, counts.failed); // a suite's own hook, a file that ended early
  });
  events.on('test:pass', ({ name: test, skip, todo }) => {
    const reason = skip ?? todo;
    if (reason !== undefined) skips.push(`${test}: ${typeof reason === 'string' ? reason : 'no reason given'}`);
  });
  await pipeline(events, new spec(), process.stdout, { end: false });
  if (patterns.length === 0 && counts.passed + counts.failed === 0) throw new Error(`No ${name} test ran.`);
  return counts;
}

async function build(): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'src/tools/build.ts'), '--tests'], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('The build failed, so no test ran.');
}

function options(args: readonly string[]): { readonly parts: readonly Part[]; readonly patterns: readonly string[] } {
  const at = args.indexOf('--grep');
  const pattern = at < 0 ? undefined : args[at + 1];
  const names = at < 0 ? args : args.toSpliced(at, 2);
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined || (at >= 0 && pattern === undefined)) {
    throw new Error(`Unknown argument ${unknown ?? '--grep'}: expected [headless|vscode] [--grep PATTERN].`);
  }
  const parts = names.length === 0 ? PARTS : PARTS.filter(({ name }) => names.includes(name));
  return { parts, patterns: pattern === undefined ? [] : [pattern] };
}

/** Adds up the parts. What stops a part from running at all counts as one failure of it, after its reason is printed. */
async function runAll(parts: readonly Part[], patterns: readonly string[]): Promise<Counts> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const part of parts) {
    const started = performance.now();
    const counts = await runPart(part, patterns);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    console.log(`${part.name}: ${lineOf(counts)} in ${Math.round((performance.now() - started) / 1000)} s\n`);
  }
  return total;
}

function lineOf({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

let total: Counts = { passed: 0, failed: 1, skipped: 0 };
// The last line, after all that a reporter still has to write and whatever goes wrong.
process.on('exit', () => {
  if (total.failed > 0) process.exitCode = 1;
  for (const skip of skips) console.log(`skipped ${skip}`);
  console.log(lineOf(total));
});
// What a test keeps between runs must neither come from an earlier one nor fill the person's own cache.
const cache = mkdtempSync(join(tmpdir(), 'rec-r1-cache-'));
process.env.REC_R1_CACHE = cache;
process.on('exit', () => {
  rmSync(cache, { recursive: true, force: true });
});
const { parts, patterns } = options(process.argv.slice(2));
await build();
total = await runAll(parts, patterns);
