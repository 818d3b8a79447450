import { isAppError, parseStrictJson, readInputFileSync, type JsonValue } from '../../core/index.ts';
import { registryError } from '../errors.ts';
import { normalizeKey } from './registry-keys.ts';
import type { Credentials } from './types.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/** A parsed `config.json` or `auth.json`. Keys are normalised. */
export interface CredentialsFile {
  readonly path: string;
  readonly auths: ReadonlyMap<string, Credentials>;
  /** Helper names by registry. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for all others. */
  readonly store: string | undefined;
}

/**
 * Reads a credentials file; undefined when there is none.
 * @throws AppError REGISTRY_CREDENTIALS_INVALID and those of reading a file. Contents never appear in messages.
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function readCredentialsFile(path: string): CredentialsFile | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readInputFileSync(path, MAX_CONFIG_BYTES);
  } catch (error) {
    if (isAppError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
  const document = parse(bytes, path);
  const store = document['credsStore'];
  return {
    path,
    auths: readAuths(document['auths'], path),
    helpers: readHelpers(document['credHelpers'], path),
    store: typeof store === 'string' && store !== '' ? store : undefined,
  };
}

type JsonObject = { readonly [key: string]: JsonValue | undefined };

function parse(bytes: Uint8Array, path: string): JsonObject {
  try {
    const document = parseStrictJson(bytes, path, { maxBytes: MAX_CONFIG_BYTES, maxDepth: 32 });
    if (isObject(document)) return document;
  } catch {
    // the parser's message may quote a secret
  }
  throw invalid(path, 'is not a JSON object');
}

function invalid(path: string, what: string): Error {
  return registryError('REGISTRY_CREDENTIALS_INVALID', `the credentials file ${path} ${what}`, {
    hint: 'repair it, or log in again',
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readAuths(value: JsonValue | undefined, path: string): Map<string, Credentials> {
  const auths = new Map<string, Credentials>();
  if (value === undefined || value === null) return auths;
  if (!isObject(value)) throw invalid(path, 'has "auths" that are not an object');
  for (const [key, entry] of Object.entries(value)) {
    const credentials = isObject(entry) ? readEntry(entry, path) : undefined;
    const name = normalizeKey(key);
    if (credentials && !auths.has(name)) auths.set(name, credentials);
  }
  return auths;
}

/** Undefined for the empty entries that `docker login` leaves when a helper keeps the secret. */
function readEntry(entry: JsonObject, path: string): Credentials | undefined {
  const text = (key: string): string => (typeof entry[key] === 'string' ? entry[key] : '');
  if (text('registrytoken') !== '') return { kind: 'registry-token', token: safeToken(text('registrytoken'), path) };
  if (text('identitytoken') !== '') return { kind: 'identity', token: text('identitytoken') };
  if (text('auth') !== '') {
    const decoded = Buffer.from(text('auth'), 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon <= 0) throw invalid(path, 'has an "auth" that is not base64 of user:password');
    return { kind: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  if (text('username') === '') return undefined;
  return { kind: 'password', username: text('username'), password: text('password') };
}

function safeToken(token: string, path: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalid(path, 'has a "registrytoken" with characters that no header can carry');
  return token;
}

function readHelpers(value: JsonValue | undefined, path: string): Map<string, string> {
  const helpers = new Map<string, string>();
  if (value === undefined || value === null) return helpers;
  if (!isObject(value)) throw invalid(path, 'has "credHelpers" that are not an object');
  for (const [key, name] of Object.entries(value)) {
    if (typeof name === 'string' && name !== '') helpers.set(normalizeKey(key), name);
  }
  return helpers;
}
