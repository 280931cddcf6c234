/**
 * @file Arguments to exit status: 0 good, 1 the user can fix it (one sentence on standard error), 2 a bug (its stack).
 */
import { parseArgs } from 'node:util';
import { UserError, messageOf } from '../base/errors.ts';
import { nearestTo } from '../base/nearest.ts';
import type { Command, Input, Options, Output } from './command.ts';
import { COMMANDS, type CommandRow } from './commands.ts';
import { commandHelp, overallHelp } from './help.ts';

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', about: 'Print JSON on standard output and nothing else there.' },
  help: { type: 'boolean', short: 'h', about: 'Print this help.' },
} as const satisfies Options;

export type ExitStatus = 0 | 1 | 2;

/** Runs one command line, given without `node` and the script. Never throws. */
export async function runCommandLine(args: readonly string[]): Promise<ExitStatus> {
  // A reader that has seen enough, such as `head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await run(args);
    return 0;
  } catch (error) {
    if (error instanceof UserError) {
      console.error(error.message);
      return 1;
    }
    console.error(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
    console.error('This is a bug in rec-r1; please report it with the lines above.');
    return 2;
  }
}

async function run(commandLine: readonly string[]): Promise<void> {
  const [name = 'help', ...args] = commandLine;
  const output = outputFor(commandLine.includes('--json'));
  if (['--help', '-h', 'help', '--json'].includes(name)) {
    printHelp(output, overallHelp(COMMANDS));
    return;
  }
  const command = await commandRow(name).load();
  const options = { ...command.options, ...COMMON_OPTIONS };
  const input = parse(name, options, args);
  if ((input.values as { help?: boolean }).help) printHelp(output, commandHelp(command, options));
  else await command.run(input, output);
}

function commandRow(name: string): CommandRow {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name];
  const nearest = nearestTo(name, Object.keys(COMMANDS));
  throw new UserError(
    `There is no command "${name}"; ${nearest ? `did you mean "${nearest}"?` : 'see rec-r1 --help.'}`,
  );
}

function parse(name: string, options: Command['options'], args: readonly string[]): Input<Options> {
  const known = new Set(
    Object.entries(options).flatMap(([long, { short }]) => [`--${long}`, ...(short ? [`-${short}`] : [])]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: values as Input<Options>['values'], positionals };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UserError(argumentProblem(name, messageOf(error), known, args));
  }
}

function argumentProblem(name: string, message: string, known: ReadonlySet<string>, args: readonly string[]): string {
  const unknown = args
    .map((arg) => arg.split('=', 1)[0])
    .find((arg) => arg.startsWith('-') && message.includes(`'${arg}'`) && !known.has(arg));
  if (unknown === undefined) return `rec-r1 ${name}: ${message.split('\n', 1)[0]}`;
  const nearest = nearestTo(unknown, [...known]);
  return `rec-r1 ${name} has no option ${unknown}; ${nearest ? `did you mean ${nearest}?` : `see rec-r1 ${name} --help.`}`;
}

function outputFor(json: boolean): Output {
  return {
    json,
    object: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    line: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      process.stderr.write(`${text}\n`);
    },
  };
}

function printHelp(output: Output, help: string): void {
  output.object({ help });
  output.line(help);
}
