/**
 * @file Keys for recommenders. Options name environment variables and never hold a key, so a file of options may be
 * committed. Whoever uses a key also gets the texts that no message may show.
 */
import { UserError } from '../../base/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How a server knows us: the scheme, and the environment variable with the key. That of `basic` holds `user:password`. */
export type Authentication = { readonly bearer: string } | { readonly apiKey: string } | { readonly basic: string };

export interface Access {
  readonly auth?: Authentication;
  /** Further headers: the header's name to the environment variable with its value. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/**
 * The headers that carry the keys.
 *
 * @throws UserError when a variable is not set or holds what no header can.
 */
export function credentialsOf({ auth, headers = {} }: Access, who: string, environment: Environment): Credentials {
  const found = Object.entries(headers).map(([name, variable]) => [name, headerKey(variable, who, environment)]);
  const further = Object.fromEntries(found) as Record<string, string>;
  if (!auth) return { headers: further, secrets: Object.values(further) };
  const [scheme, key, sent] = authorization(auth, who, environment);
  return {
    headers: { ...further, authorization: `${scheme} ${sent}` },
    secrets: [...Object.values(further), key, sent, ...(scheme === 'Basic' ? [key.slice(key.indexOf(':') + 1)] : [])],
  };
}

/** The scheme, the key, and the key as it is sent. */
function authorization(auth: Authentication, who: string, environment: Environment): [string, string, string] {
  if ('basic' in auth) {
    const login = keyIn(auth.basic, who, environment);
    if (!login.includes(':')) {
      throw new UserError(`${who}: the environment variable ${auth.basic} must hold user:password, and has no colon.`);
    }
    return ['Basic', login, Buffer.from(login, 'utf8').toString('base64')];
  }
  const [scheme, variable] = 'bearer' in auth ? ['Bearer', auth.bearer] : ['ApiKey', auth.apiKey];
  const key = headerKey(variable, who, environment);
  return [scheme, key, key];
}

/**
 * The text of an environment variable that `who` needs.
 *
 * @throws UserError when it is missing or empty.
 */
export function keyIn(variable: string, who: string, environment: Environment): string {
  const key = environment[variable];
  if (key) return key;
  throw new UserError(`${who}: the environment variable ${variable} is not set; put the key in it.`);
}

function headerKey(variable: string, who: string, environment: Environment): string {
  const key = keyIn(variable, who, environment);
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(key)) return key;
  throw new UserError(
    `${who}: the environment variable ${variable} cannot be sent as a header; it holds a line break, a blank at an end, or a character outside ASCII.`,
  );
}

/** A text in which every secret is three stars. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}
