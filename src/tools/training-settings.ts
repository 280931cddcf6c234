/** @file The settings table of `app/settings.ts` as the editor's manifest and the schema of configuration files describe it. */
import { SETTINGS, type Setting } from '../app/settings.ts';

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

/**
 * The schema of `*.rec-r1.json`, for completion and hover alone: `extension/configuration-files.ts` says what is wrong, in the
 * words of the command line, and two sentences about one mistake would be one too many.
 */
export function configurationSchema(): object {
  const properties = Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
    name,
    {
      description: `${setting.about} ${boundsOf(setting)}`,
      default: setting.default,
      ...('choices' in setting && { examples: setting.choices }),
    },
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A run configuration of Rec-R1',
    description: 'Settings of a training that differ from the defaults.',
    type: 'object',
    properties: Object.fromEntries(properties) as object,
  };
}

function boundsOf(setting: Setting): string {
  if ('min' in setting) {
    return `${setting.integer ? 'A whole number' : 'A number'} from ${setting.min} to ${setting.max}.`;
  }
  return 'choices' in setting ? `One of ${setting.choices.join(', ')}.` : 'Text.';
}
