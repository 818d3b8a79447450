import {
  compareCodeUnits,
  digestAlgorithm,
  digestHex,
  isAppError,
  LIMITS,
  parseStrictJson,
  type Digest,
  type JsonValue,
} from '../core/index.ts';
import { attestationError } from './errors.ts';
import { asObject, member } from './json-shape.ts';
import { SIGN_PREDICATE_TYPE } from './predicate-types.ts';
import type { Statement, StatementSubject } from './types.ts';

const STATEMENT_V1 = 'https://in-toto.io/Statement/v1';
const STATEMENT_V01 = 'https://in-toto.io/Statement/v0.1';
const MAX_SUBJECTS = 1024;
const MAX_DIGESTS = 16;
const MAX_NAME_CHARS = 4096;
const MAX_DEPTH = 128;
const HEX = /^(?:[0-9a-f]{2}){16,64}$/;

export interface StatementOptions {
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  /** The predicate as JSON text; goes into the statement byte for byte. */
  readonly predicateJson: Uint8Array;
}

/**
 * The bytes of an in-toto statement v1: the payload to sign. The predicate's own bytes are kept as they are (key order, numbers, white
 * space), so that what is signed is what was generated.
 * @throws AppError PREDICATE_INVALID (not strict JSON, over the cap), STATEMENT_MALFORMED (no subject, a bad digest)
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export function createStatement(options: StatementOptions): Uint8Array {
  const { predicateJson } = options;
  try {
    parseStrictJson(predicateJson, 'the predicate', { maxBytes: LIMITS.bundleBytes, maxDepth: MAX_DEPTH - 1 });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw attestationError('PREDICATE_INVALID', cause.message, { cause });
  }
  const subjects = options.subjects.map((subject) => subjectJson(subject));
  const head = `{"_type":${JSON.stringify(STATEMENT_V1)},"subject":${JSON.stringify(subjects)},"predicateType":${JSON.stringify(options.predicateType)},"predicate":`;
  // what the parser would refuse must not be signed; the predicate has been parsed above
  parseStatement(Buffer.from(`${head}{}}`));
  return Buffer.concat([Buffer.from(head), predicateJson, Buffer.from('}')]);
}

/**
 * The statement of an image signature, as cosign 3 writes it: the manifest's digest without a name, annotations on the subject, an empty predicate.
 */
export function signStatement(subject: Digest, annotations: Readonly<Record<string, string>> = {}): Uint8Array {
  return createStatement({
    subjects: [{ digest: digestSet(subject), annotations }],
    predicateType: SIGN_PREDICATE_TYPE,
    predicateJson: Buffer.from('{}'),
  });
}

export interface AttestStatementOptions {
  /** URI of the predicate type. */
  readonly predicateType: string;
  readonly predicateJson: Uint8Array;
  /** The image's name without tag or digest; for people, never compared. */
  readonly subjectName?: string;
  readonly subject: Digest;
  /** What it speaks of beside the image, in this order. */
  readonly moreSubjects?: readonly { readonly name?: string; readonly digest: Digest }[];
}

/**
 * The statement of an attestation about an image, and perhaps more.
 * @throws AppError PREDICATE_INVALID, STATEMENT_MALFORMED
 */
export function attestStatement(options: AttestStatementOptions): Uint8Array {
  const name = options.subjectName === undefined ? {} : { name: options.subjectName };
  const more = (options.moreSubjects ?? []).map((item) => ({ ...item, digest: digestSet(item.digest) }));
  return createStatement({
    subjects: [{ ...name, digest: digestSet(options.subject) }, ...more],
    predicateType: options.predicateType,
    predicateJson: options.predicateJson,
  });
}

/** Whether one of the statement's subjects is this digest, algorithm included. Names are never compared. */
export function matchSubject(statement: Statement, subject: Digest): StatementSubject | undefined {
  const algorithm = digestAlgorithm(subject);
  const hex = digestHex(subject);
  return statement.subjects.find((entry) => Object.hasOwn(entry.digest, algorithm) && entry.digest[algorithm] === hex);
}

/**
 * Parses the payload of an envelope. Hostile input: strict JSON, caps on size, depth, subjects and digests; at least one subject, each with a digest.
 * @throws AppError STATEMENT_MALFORMED
 */
export function parseStatement(payload: Uint8Array): Statement {
  let json: JsonValue;
  try {
    json = parseStrictJson(payload, 'the statement', { maxBytes: LIMITS.bundleBytes, maxDepth: MAX_DEPTH });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw malformed(cause.message, cause);
  }
  const object = asObject(json);
  if (object === undefined) throw malformed('the statement is not a JSON object');
  const type = member(object, '_type');
  if (type !== STATEMENT_V1 && type !== STATEMENT_V01) throw malformed(`the statement's _type is ${show(type)}`);
  const predicateType = member(object, 'predicateType');
  if (typeof predicateType !== 'string' || predicateType === '' || predicateType.length > MAX_NAME_CHARS) {
    throw malformed("the statement's predicateType is missing, too long, or not a string");
  }
  const subjects = member(object, 'subject');
  if (!Array.isArray(subjects) || subjects.length === 0) throw malformed('the statement has no subject');
  if (subjects.length > MAX_SUBJECTS) {
    throw malformed(`the statement has ${subjects.length} subjects, more than the ${MAX_SUBJECTS} allowed`);
  }
  return {
    type,
    subjects: (subjects as readonly JsonValue[]).map((subject) => parseSubject(subject)),
    predicateType,
    predicate: Object.hasOwn(object, 'predicate') ? (object['predicate'] ?? null) : null,
  };
}

function parseSubject(value: JsonValue): StatementSubject {
  const object = asObject(value);
  if (object === undefined) throw malformed('a subject of the statement is not an object');
  const name = member(object, 'name');
  if (name !== undefined && (typeof name !== 'string' || name.length > MAX_NAME_CHARS)) {
    throw malformed("a subject's name is too long or not a string");
  }
  const annotations = member(object, 'annotations');
  const annotationsObject = asObject(annotations);
  if (annotations !== undefined && annotationsObject === undefined)
    throw malformed("a subject's annotations are not an object");
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    digest: parseDigestSet(member(object, 'digest')),
    ...(annotationsObject === undefined ? {} : { annotations: annotationsObject }),
  };
}

function parseDigestSet(value: JsonValue | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value) ?? {});
  if (entries.length === 0 || entries.length > MAX_DIGESTS) throw malformed(`a subject has ${entries.length} digests`);
  const digests: Record<string, string> = {};
  for (const [algorithm, hex] of entries) {
    if (typeof hex !== 'string' || !HEX.test(hex))
      throw malformed(`a subject's ${algorithm.slice(0, 40)} digest is not lower-case hex`);
    digests[algorithm] = hex;
  }
  return digests;
}

function digestSet(digest: Digest): Readonly<Record<string, string>> {
  return { [digestAlgorithm(digest)]: digestHex(digest) };
}

function subjectJson(subject: StatementSubject): JsonValue {
  const sorted = <V extends JsonValue>(record: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
    Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => compareCodeUnits(a, b)));
  return {
    ...(subject.name === undefined ? {} : { name: subject.name }),
    digest: sorted(subject.digest),
    ...(subject.annotations === undefined ? {} : { annotations: sorted(subject.annotations) }),
  };
}

function malformed(message: string, cause?: unknown): Error {
  return attestationError('STATEMENT_MALFORMED', message, cause === undefined ? {} : { cause });
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100);
}
