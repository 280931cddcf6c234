/**
 * @file Chat templates by Hugging Face's Jinja, in the surroundings that transformers gives them, so that a prompt is the
 * same byte for byte. The library's own would write dates in the language of the system.
 */
import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { strftime } from './strftime.ts';

/** What every template sees. In transformers, too, tools and documents are none rather than undefined. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  ...{ true: true, True: true, false: false, False: false, none: null, None: null },
  tools: null,
  documents: null,
  range,
  strftime_now: (format: string) => strftime(new Date(), format),
  raise_exception: (message: string) => {
    throw new Error(message);
  },
};

/**
 * A template as a function of its variables, which go before the globals of the same name.
 *
 * @throws Error when it is no Jinja that can be read; the function throws when the template refuses its variables.
 */
export function compileTemplate(text: string): (variables: Readonly<Record<string, unknown>>) => string {
  const { parsed } = new Template(text);
  return (variables) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    return (new Interpreter(environment).run(parsed) as { readonly value: string }).value;
  };
}

/** Python's `range`. */
function range(first: number, end?: number, step = 1): number[] {
  const [from, to] = end === undefined ? [0, first] : [first, end];
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}
