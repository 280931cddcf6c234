/** @file The settings table of `app/settings.ts` as the editor's manifest and the schema of configuration files describe it. */
import { SETTINGS, type Setting } from '../app/settings.ts';

interface Described {
  /** The JSON schema of each setting by its name. */
  readonly properties: Readonly<Record<string, object>>;
  /** The texts for package.nls.json that the schema points to. */
  readonly strings: Readonly<Record<string, string>>;
}

export const STRING_PREFIX = 'training.';

/** A text in another language, with the same places `{0}`, `{1}`, … for values. */
export type Translate = (text: string) => string;

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

/**
 * The schema of `*.rec-r1.json`, for completion and hover alone: `extension/configuration-files.ts` says what is wrong, in the
 * words of the command line, and two sentences about one mistake would be one too many.
 */
export function configurationSchema(translate: Translate = (text) => text): object {
  const properties = Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
    name,
    {
      description: `${translate(setting.about)} ${boundsOf(setting, translate)}`,
      default: setting.default,
      ...('choices' in setting && { examples: setting.choices }),
    },
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: translate('A run configuration of Rec-R1'),
    description: translate('Settings of a training that differ from the defaults.'),
    type: 'object',
    properties: Object.fromEntries(properties) as object,
  };
}

/** Numbers and choices as they are written in the file, whatever the language. */
function boundsOf(setting: Setting, translate: Translate): string {
  if ('min' in setting) {
    const range = translate(setting.integer ? 'A whole number from {0} to {1}.' : 'A number from {0} to {1}.');
    return range.replace('{0}', String(setting.min)).replace('{1}', String(setting.max));
  }
  return 'choices' in setting
    ? translate('One of {0}.').replace('{0}', setting.choices.join(', '))
    : translate('Text.');
}
