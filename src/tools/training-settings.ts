/** @file The settings table of `app/config.ts` as the editor's manifest describes it: one source for both. */
import { SETTINGS, type Setting } from '../app/config.ts';

interface Described {
  /** The JSON schema of each setting by its name. */
  readonly properties: Readonly<Record<string, object>>;
  /** The texts for package.nls.json that the schema points to. */
  readonly strings: Readonly<Record<string, string>>;
}

export const STRING_PREFIX = 'training.';

export function describeTrainingSettings(): Described {
  const settings = Object.entries<Setting>(SETTINGS);
  return {
    properties: Object.fromEntries(settings.map(([name, setting]) => [name, schemaOf(name, setting)])),
    strings: Object.fromEntries(settings.map(([name, { about }]) => [STRING_PREFIX + name, about])),
  };
}

function schemaOf(name: string, setting: Setting): object {
  const description = `%${STRING_PREFIX}${name}%`;
  if ('min' in setting) {
    const type = setting.integer ? 'integer' : 'number';
    return { type, default: setting.default, minimum: setting.min, maximum: setting.max, description };
  }
  const choices = 'choices' in setting ? { enum: setting.choices } : {};
  return { type: 'string', default: setting.default, ...choices, description };
}
