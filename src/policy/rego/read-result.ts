import { canonicalJson, compareCodeUnits, isAppError, parseStrictJson, type JsonValue } from '../../core/index.ts';
import { parseInstant } from '../file/values.ts';
import { policyProgramError } from './errors.ts';

/** Something that a policy says of an image. */
export interface PolicyMessage {
  readonly kind: 'deny' | 'warn';
  readonly text: string;
  /** Conforma's: a code of the policy's own. */
  readonly code?: string;
  /** From when on it denies (Conforma's `effective_on`, RFC 3339). */
  readonly effectiveOn?: Date;
  /** What else the policy says, as JSON. */
  readonly details?: string;
}

const KIND = /^(deny|violation|warn)(?:_[A-Za-z0-9_]+)?$/;
const MAX_TEXT = 1000;
const MAX_MESSAGES = 10_000;
const MAX_RESULT_BYTES = 4 * 1024 * 1024;

type JsonObject = { readonly [key: string]: JsonValue | undefined };

/**
 * Reads what an entrypoint gave, in the customary shapes: `deny`, `violation` and `warn` (with or without `_suffix`) as sets or arrays of texts or of
 * objects with `msg`, or a whole package that holds them. A package that could deny nothing, an undefined result and any other shape are errors.
 * @param json the engine's result set
 * @returns sorted by kind, text and the rest
 * @throws AppError REGO_UNDEFINED, REGO_RESULT_INVALID
 */
export function readResult(json: string, entrypoint: string): readonly PolicyMessage[] {
  const result = resultOf(json, entrypoint);
  if (result === undefined) {
    throw policyProgramError(
      'REGO_UNDEFINED',
      `${entrypoint} is undefined for this image: that says neither yes nor no`,
      {
        hint: 'make it a rule that is always defined: deny contains msg if { ... }',
      },
    );
  }
  const messages = Array.isArray(result)
    ? readMessages(result as readonly JsonValue[], entrypoint.slice(entrypoint.lastIndexOf('/') + 1), entrypoint)
    : readPackage(result, entrypoint);
  if (messages.length > MAX_MESSAGES)
    invalid(`${entrypoint} gives ${messages.length} messages, more than the ${MAX_MESSAGES} allowed`);
  return messages.toSorted((a, b) => compareCodeUnits(sortKey(a), sortKey(b)));
}

/** What stands in the first result of the set; undefined when the set is empty. */
function resultOf(json: string, entrypoint: string): JsonValue | undefined {
  let sets: JsonValue;
  try {
    sets = parseStrictJson(Buffer.from(json), 'the result', { maxBytes: MAX_RESULT_BYTES });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw policyProgramError('REGO_RESULT_INVALID', `${entrypoint}: ${cause.message}`, { cause });
  }
  const [first] = Array.isArray(sets) ? (sets as readonly JsonValue[]) : [];
  return first !== undefined && isObject(first) ? first['result'] : undefined;
}

function sortKey({ kind, text, code, effectiveOn, details }: PolicyMessage): string {
  return JSON.stringify([kind, text, code ?? '', effectiveOn?.toISOString() ?? '', details ?? '']);
}

function readPackage(result: JsonValue, entrypoint: string): readonly PolicyMessage[] {
  if (!isObject(result)) invalid(`${entrypoint} gives ${shapeOf(result)}, not a set of messages`);
  const rules = Object.keys(result).filter((name) => KIND.test(name));
  if (!rules.some((name) => !name.startsWith('warn')))
    invalid(`${entrypoint} gives an object with neither deny nor violation: nothing in it could refuse an image`);
  return rules.flatMap((name) => {
    const value = result[name] ?? null;
    if (!Array.isArray(value)) invalid(`${entrypoint}: ${name} is ${shapeOf(value)}, not a set of messages`);
    return readMessages(value as readonly JsonValue[], name, entrypoint);
  });
}

function readMessages(items: readonly JsonValue[], rule: string, entrypoint: string): readonly PolicyMessage[] {
  const word = KIND.exec(rule)?.[1];
  if (word === undefined) invalid(`${entrypoint}: a set of messages is named deny, violation or warn, not ${rule}`);
  return items.map((item) => readMessage(item, word === 'warn' ? 'warn' : 'deny', entrypoint));
}

function readMessage(item: JsonValue, kind: PolicyMessage['kind'], entrypoint: string): PolicyMessage {
  if (typeof item === 'string') return { kind, text: cut(item) };
  if (!isObject(item)) invalid(`${entrypoint}: a message is ${shapeOf(item)}, not a text or an object with msg`);
  const { msg, code, effective_on: effective, ...details } = item;
  if (typeof msg !== 'string') invalid(`${entrypoint}: a message without the text msg`);
  const effectiveOn = effective === undefined ? undefined : readTime(effective, entrypoint);
  return {
    kind,
    text: cut(msg),
    ...(typeof code === 'string' ? { code: cut(code) } : {}),
    ...(effectiveOn === undefined ? {} : { effectiveOn }),
    ...(Object.keys(details).length === 0 ? {} : { details: cut(canonicalJson(details)) }),
  };
}

function readTime(value: JsonValue, entrypoint: string): Date {
  const time = typeof value === 'string' ? parseInstant(value) : undefined;
  if (time === undefined)
    invalid(
      `${entrypoint}: effective_on is ${JSON.stringify(value).slice(0, 100)}, not a time such as 2027-01-15T00:00:00Z`,
    );
  return time;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shapeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function invalid(what: string): never {
  throw policyProgramError('REGO_RESULT_INVALID', what, {
    hint: 'let the entrypoint be a rule named deny, violation or warn, or a package with such rules',
  });
}
