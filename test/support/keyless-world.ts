import { attestStatement, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import type { EvidenceDocument } from '../../src/evidence/index.ts';
import { extension, type Pair } from '../verification/support/certificates.ts';
import {
  bytesOf,
  ISSUER,
  rootJson,
  SAN,
  signKeyless,
  type RootJson,
  type SignOptions,
  type World,
} from '../verification/support/world.ts';
import type { Attached } from './gate-world.ts';

export { ISSUER, newWorld, SAN, SIGNED_AT } from '../verification/support/world.ts';
export { newPair } from '../verification/support/certificates.ts';

/** A trusted root as a policy or evidence has it. */
export function rootBytes(world: World, change: (json: RootJson) => void = () => {}): Uint8Array {
  const json = rootJson(world);
  change(json);
  return Buffer.from(JSON.stringify(json));
}

/** Who signs and what: an image signature unless a type is given. */
export interface KeylessSignature extends SignOptions {
  /** Subject of the certificate. */
  readonly san?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly predicate?: unknown;
  /** Where it is attached instead of at its subject. */
  readonly foundAt?: Digest;
}

/** A bundle as a keyless signer makes it: certificate, log entry and all, under the world's authorities. */
export function keyless(world: World, subject: Digest, options: KeylessSignature = {}): Attached {
  const { san, annotations, type, predicate, foundAt, ...rest } = options;
  const payload =
    type === undefined
      ? signStatement(subject, annotations)
      : attestStatement({ predicateType: type, predicateJson: Buffer.from(JSON.stringify(predicate ?? {})), subject });
  const names = san === undefined ? {} : { names: extension.uri(san) };
  return { at: foundAt ?? subject, bundle: bytesOf(signKeyless(world, { payload, ...names, ...rest })) };
}

/** A bundle by a key of its own, which logs and timestamp authorities of the world know of where it is asked for. */
export function keyed(world: World, subject: Digest, options: KeylessSignature & { readonly keyed: Pair }): Attached {
  return keyless(world, subject, { logs: [], ...options });
}

/** The policy's words for the identity that these certificates name. */
export const CI_IDENTITY = `{ issuer: "${ISSUER}", subject: "${SAN}" }`;

/** Evidence with the trusted root of a repository, as collecting keeps it. */
export function withTrustedRoot(
  document: EvidenceDocument,
  root: Uint8Array,
  source = 'public-good',
): EvidenceDocument {
  const digest = sha256Digest(root);
  return {
    ...document,
    trustedRoots: [{ source, root: digest }],
    blobs: { ...document.blobs, [digest]: Buffer.from(root).toString('base64') },
  };
}
