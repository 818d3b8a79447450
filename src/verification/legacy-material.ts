import { asObject, decodeBase64, member, type JsonObject, type LegacyCandidate } from '../attestation/index.ts';
import { isAppError, parseStrictJson, type JsonValue } from '../core/index.ts';
import type { ParsedBundle } from '../attestation/index.ts';
import { parsePemCertificates } from './private-root.ts';
import { rejectAs } from './rejection.ts';

/** An annotation of a manifest; far above any that cosign writes. */
const MAX_ANNOTATION_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 16;

/** What proves a signature of the older layout, in the shape of a bundle's material. */
export type LegacyMaterial = Pick<ParsedBundle, 'mediaType' | 'version' | 'material' | 'logEntries' | 'timestamps'>;

/**
 * Reads certificate, chain, log entry and timestamp from the annotations of the older layout. The log entry has a promise and no proof, as bundles of
 * version 0.1 do. Hostile input.
 * @throws Rejection CERTIFICATE_MALFORMED, LOG_MALFORMED, TIMESTAMP_INVALID
 */
export function legacyMaterial(candidate: LegacyCandidate): LegacyMaterial {
  const { certificate, chain, rekorBundle, timestamp } = candidate;
  const certificates = rejectAs('CERTIFICATE_MALFORMED', 'the certificate beside the signature', () =>
    [certificate, chain].flatMap((pem) => (pem === undefined || pem === '' ? [] : parsePemCertificates(pem))),
  );
  const isKeyless = certificate !== undefined && certificate !== '';
  return {
    mediaType: '',
    version: '0.1',
    material: isKeyless
      ? { kind: 'certificates', certificates: certificates.map(({ bytes }) => bytes) }
      : { kind: 'public-key', hint: '' },
    logEntries:
      rekorBundle === undefined
        ? []
        : [rejectAs('LOG_MALFORMED', 'the log entry beside the signature', () => logEntryOf(rekorBundle))],
    timestamps:
      timestamp === undefined
        ? []
        : rejectAs('TIMESTAMP_INVALID', 'the timestamp beside the signature', () => timestampsOf(timestamp)),
  };
}

/** Cosign's `{SignedEntryTimestamp, Payload}` as a log entry of a bundle. */
function logEntryOf(text: string): JsonObject {
  const bundle = parseObject(text);
  const payload = objectOf(member(bundle, 'Payload'));
  const body = member(payload, 'body');
  const bodyBytes = decodeBase64(body);
  const logId = member(payload, 'logID');
  if (body === undefined || bodyBytes === undefined) throw new Error('its body is not base64');
  if (typeof logId !== 'string' || !/^[0-9a-f]{64}$/.test(logId)) throw new Error('its log id is not hex');
  const { kind, apiVersion } = objectOf(parseJson(bodyBytes));
  return {
    logIndex: member(payload, 'logIndex') ?? 0,
    logId: { keyId: Buffer.from(logId, 'hex').toString('base64') },
    kindVersion: { kind: kind ?? '', version: apiVersion ?? '' },
    integratedTime: member(payload, 'integratedTime') ?? 0,
    inclusionPromise: { signedEntryTimestamp: member(bundle, 'SignedEntryTimestamp') ?? '' },
    canonicalizedBody: body,
  };
}

function timestampsOf(text: string): readonly Uint8Array[] {
  const value = member(parseObject(text), 'SignedRFC3161Timestamp');
  if (value === undefined) return [];
  const bytes = decodeBase64(value);
  if (bytes === undefined) throw new Error('it is not base64');
  return [bytes];
}

function parseObject(text: string): JsonObject {
  return objectOf(parseJson(Buffer.from(text)));
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, 'it', { maxBytes: MAX_ANNOTATION_BYTES, maxDepth: MAX_DEPTH });
  } catch (error) {
    throw isAppError(error) ? new Error(error.message, { cause: error }) : error;
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw new Error('it is not an object');
  return object;
}
