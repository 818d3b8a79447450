import { attestationError } from './errors.ts';

/** The predicate type of image signatures made by cosign 3 and by waybill. */
export const SIGN_PREDICATE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

export interface PredicateType {
  /** What is written into statements. */
  readonly uri: string;
  /** Other URIs that mean the same when statements are read; a final `*` stands for any rest. */
  readonly accepts?: readonly string[];
}

/** Short names of predicate types (cosign's, and a few more) with their URIs. */
export const PREDICATE_TYPES = {
  cyclonedx: { uri: 'https://cyclonedx.org/bom', accepts: ['https://cyclonedx.org/bom/v*'] },
  spdx: { uri: 'https://spdx.dev/Document', accepts: ['https://spdx.dev/Document/v*'] },
  spdxjson: { uri: 'https://spdx.dev/Document', accepts: ['https://spdx.dev/Document/v*'] },
  slsaprovenance: { uri: 'https://slsa.dev/provenance/v0.2' },
  slsaprovenance02: { uri: 'https://slsa.dev/provenance/v0.2' },
  slsaprovenance1: { uri: 'https://slsa.dev/provenance/v1' },
  link: { uri: 'https://in-toto.io/Link/v1' },
  vuln: { uri: 'https://cosign.sigstore.dev/attestation/vuln/v1' },
  openvex: { uri: 'https://openvex.dev/ns', accepts: ['https://openvex.dev/ns/v*'] },
  custom: { uri: 'https://cosign.sigstore.dev/attestation/v1' },
  vsa: { uri: 'https://slsa.dev/verification_summary/v1' },
  reference: { uri: 'https://in-toto.io/attestation/reference/v0.1' },
} as const satisfies Readonly<Record<string, PredicateType>>;

const URI = /^[a-z][a-z0-9+.-]{0,31}:[\x21-\x7e]{1,2000}$/;

/**
 * A predicate type by short name or URI.
 * @throws AppError PREDICATE_TYPE_UNKNOWN
 */
export function resolvePredicateType(nameOrUri: string): PredicateType {
  if (Object.hasOwn(PREDICATE_TYPES, nameOrUri)) return PREDICATE_TYPES[nameOrUri as keyof typeof PREDICATE_TYPES];
  if (URI.test(nameOrUri)) return { uri: nameOrUri };
  throw attestationError(
    'PREDICATE_TYPE_UNKNOWN',
    `no predicate type is called ${JSON.stringify(nameOrUri.slice(0, 200))}`,
    {
      hint: `give a URI, or one of ${Object.keys(PREDICATE_TYPES).join(', ')}`,
    },
  );
}

/** Whether the URI in a statement is the type that is asked for: exactly, or as one of its declared other spellings. */
export function matchesPredicateType(wanted: PredicateType, uri: string): boolean {
  if (wanted.uri === uri) return true;
  return (wanted.accepts ?? []).some((accepted) =>
    accepted.endsWith('*') ? uri.startsWith(accepted.slice(0, -1)) : uri === accepted,
  );
}
