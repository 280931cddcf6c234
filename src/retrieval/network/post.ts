/** @file One HTTP request with a JSON answer. What can go wrong on the way is a {@link RequestFailure}. */
import { isRow } from '../../base/checks.ts';
import { messageOf, UserError } from '../../base/errors.ts';
import { withoutSecrets } from './credentials.ts';
import { RequestFailure } from './resilience.ts';

/** An answer longer than this is no ranking. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Certificates that this machine does not know. */
const UNKNOWN_CERTIFICATE = /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/;

/**
 * Posts a body and returns the parsed answer, without the secrets that it may repeat. Redirects are not followed: they would turn a search into a page.
 *
 * @throws RequestFailure; after 429, 5xx and lost connections with `retry`, and with the pause that the server asks for.
 */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<unknown> {
  const response = await sending(fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal }));
  // At once, for messages cut texts short, and half a key would not be found any more.
  const text = withoutSecrets(await sending(readText(response)), secrets);
  if (!response.ok) throw statusFailure(response, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const type = response.headers.get('content-type') ?? 'no content type';
    throw new RequestFailure(`the answer (${type}) is not JSON: ${messageOf(error)}`);
  }
}

/** Turns what `fetch` throws into a failure that may be tried again. */
async function sending<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof RequestFailure) throw error;
    const { message, code } = causeOf(error);
    if (!UNKNOWN_CERTIFICATE.test(code)) throw new RequestFailure(`no connection (${message})`, {});
    throw new RequestFailure(
      `its certificate is not trusted (${message}); start with NODE_EXTRA_CA_CERTS naming the file of its authority`,
    );
  }
}

/** The innermost reason: fetch hides it in `cause`, and a name with several addresses in a list of errors. */
export function causeOf(error: unknown): { readonly message: string; readonly code: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return causeOf(error.cause);
  const code = isRow(error) && typeof error['code'] === 'string' ? error['code'] : '';
  return { message: messageOf(error) || code, code };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new RequestFailure(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function statusFailure({ status, headers }: Response, text: string): RequestFailure {
  const target = headers.get('location');
  if (status >= 300 && status < 400 && target !== null) {
    return new RequestFailure(
      `answered with a redirect (status ${status}) to ${shownAddress(target)}; name that address`,
    );
  }
  const reason = reasonIn(text);
  const message = `answered with status ${status}${reason === '' ? '' : `: ${reason}`}`;
  if (status !== 429 && status < 500) return new RequestFailure(message);
  return new RequestFailure(message, pauseOf(headers.get('retry-after')));
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function pauseOf(header: string | null): { readonly afterMillis?: number } {
  if (header === null) return {};
  const millis = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(millis) ? {} : { afterMillis: Math.max(0, millis) };
}

/** What an error page says in JSON, as Elasticsearch, OpenAI, FastAPI and our contract do; nothing of HTML. */
function reasonIn(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return ''; // an error page in HTML says nothing that the status does not
  }
  const error = isRow(body) ? (body['error'] ?? body['detail'] ?? body['message']) : body;
  const reason = isRow(error) ? (error['reason'] ?? error['message']) : error;
  return typeof reason === 'string' ? reason.slice(0, 200) : '';
}

/**
 * The address of a server, as given.
 *
 * @throws UserError when it is none, or holds a key: addresses stand in names, messages and files.
 */
export function serverAddress(url: string, example: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new UserError(`The address "${shownAddress(url)}" is no URL of a server; give one such as ${example}.`);
  }
  if (parsed.username === '' && parsed.password === '') return url;
  throw new UserError(
    `The address of ${parsed.host} holds a user name or password; take it out and name an environment variable in "auth".`,
  );
}

/** An address for messages: what stands before `@` or follows `?` may be a key. */
export function shownAddress(address: string): string {
  return address.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)?.*@/s, '$1');
}
