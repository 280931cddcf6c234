/**
 * @file The configuration of a run out of the settings that somebody gave. The command line, a configuration file and the
 * editor's settings all pass through `configFrom`, so that an unknown or impossible setting is the same sentence everywhere.
 */
import { nearestTo } from '../base/nearest.ts';
import { UserError } from '../base/errors.ts';
import { PRESETS, presetsOf } from './presets.ts';
import { type NumberSetting, type RunConfig, type Setting, type SettingName, SETTINGS } from './settings.ts';

export type { RunConfig } from './settings.ts';

/**
 * The whole configuration from the settings that somebody gave; the rest are defaults.
 *
 * @param source where the values come from, for messages: `--set`, a file's path.
 * @throws UserError for an unknown name or a value out of bounds.
 */
export function configFrom(given: Readonly<Record<string, unknown>>, source: string): RunConfig {
  const config: Record<string, string | number> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) config[name] = setting.default;
  for (const [name, value] of Object.entries(given)) config[name] = checked(name, value, source);
  return { ...config, ...presetsOf(config as RunConfig), ...pick(config, Object.keys(given)) } as RunConfig;
}

/** Everything that `configFrom` would refuse, in its words, where it tells of the first alone: what an editor underlines. */
export function settingProblems(
  given: Readonly<Record<string, unknown>>,
  source: string,
): readonly { readonly name: string; readonly message: string }[] {
  return Object.entries(given).flatMap(([name, value]) => {
    try {
      checked(name, value, source);
      return [];
    } catch (error) {
      if (error instanceof UserError) return [{ name, message: error.message }];
      throw error;
    }
  });
}

/** What a configuration file holds, but for what `$comment` tells people. @throws UserError when that is not an object. */
export function settingsIn(content: unknown, source: string): Readonly<Record<string, unknown>> {
  if (typeof content === 'object' && content !== null && !Array.isArray(content))
    return Object.fromEntries(Object.entries(content).filter(([name]) => name !== '$comment'));
  throw new UserError(`${source}: a configuration is a JSON object of settings.`);
}

/** Settings from which `configFrom` makes this configuration again: those that differ from defaults and presets, and the presets. */
export function givenIn(config: RunConfig): Partial<RunConfig> {
  const presets = pick(config, PRESETS);
  const plain = configFrom(presets, 'presets');
  const changed = (Object.keys(SETTINGS) as SettingName[]).filter((name) => config[name] !== plain[name]);
  return { ...pick(config, changed), ...presets };
}

function pick<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}

function checked(name: string, value: unknown, source: string): string | number {
  if (!Object.hasOwn(SETTINGS, name)) {
    const nearest = nearestTo(name, Object.keys(SETTINGS));
    throw new UserError(`${source}: there is no setting "${name}"${nearest ? `; did you mean "${nearest}"?` : '.'}`);
  }
  const setting: Setting = SETTINGS[name as SettingName];
  const shown = JSON.stringify(value);
  if (typeof setting.default === 'string') {
    if (typeof value !== 'string' || (value === '' && !('mayBeEmpty' in setting)))
      throw new UserError(`${source}: ${name} must be text, not ${shown}.`);
    if ('choices' in setting && !setting.choices.includes(value)) {
      throw new UserError(`${source}: ${name} is ${shown}; choose one of ${setting.choices.join(', ')}.`);
    }
    return value;
  }
  const { min, max, integer } = setting as NumberSetting;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= min && number <= max) || (integer && !Number.isInteger(number))) {
    const kind = integer ? 'a whole number' : 'a number';
    throw new UserError(`${source}: ${name} is ${shown}; it must be ${kind} from ${min} to ${max}.`);
  }
  return number;
}

/**
 * Settings from `key=value` arguments.
 *
 * @throws UserError for an argument without `=`.
 */
export function parseAssignments(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf('=');
      if (at < 1) throw new UserError(`--set ${assignment}: write it as name=value, such as --set steps=50.`);
      return [assignment.slice(0, at), assignment.slice(at + 1)];
    }),
  );
}
