import { DER_TAG, readDer } from '../keys/index.ts';
import { utf8, utf8Name } from './certificate-extensions.ts';
import type { Certificate } from './certificate.ts';

const FULCIO_ARC = '1.3.6.1.4.1.57264.1';

/**
 * What Fulcio writes into certificates, by the last arc of 1.3.6.1.4.1.57264.1. Numbers 1 to 6 are the old ones, raw text; 7 is a kind of subject
 * alternative name and no extension; from 8 on they are UTF8String.
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export const FULCIO_EXTENSIONS = {
  githubWorkflowTrigger: 2,
  githubWorkflowSha: 3,
  githubWorkflowName: 4,
  githubWorkflowRepository: 5,
  githubWorkflowRef: 6,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibilityAtSigning: 22,
  deploymentEnvironment: 23,
  tokenSubject: 24,
} as const satisfies Readonly<Record<string, number>>;

export type FulcioExtensionName = keyof typeof FULCIO_EXTENSIONS;

/** The names in the order of their numbers. */
export const FULCIO_EXTENSION_NAMES: readonly FulcioExtensionName[] = Object.keys(
  FULCIO_EXTENSIONS,
) as FulcioExtensionName[];

/** Values by name; only those that the certificate has. */
export type FulcioExtensions = Readonly<Partial<Record<FulcioExtensionName, string>>>;

export function fulcioExtensions(certificate: Certificate): FulcioExtensions {
  const values: Partial<Record<FulcioExtensionName, string>> = {};
  for (const name of FULCIO_EXTENSION_NAMES) {
    const value = extensionText(certificate, FULCIO_EXTENSIONS[name]);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/**
 * The OpenID Connect issuer that vouched for the identity; undefined in certificates of other authorities.
 * @throws Error when the old and the new extension name different ones
 */
export function oidcIssuer(certificate: Certificate): string | undefined {
  const current = extensionText(certificate, 8);
  const old = extensionText(certificate, 1);
  if (current !== undefined && old !== undefined && current !== old) throw new Error('it names two issuers');
  const issuer = current ?? old;
  return issuer === undefined ? undefined : utf8Name(Buffer.from(issuer));
}

function extensionText(certificate: Certificate, arc: number): string | undefined {
  const extension = certificate.extensions.get(`${FULCIO_ARC}.${arc}`);
  if (extension === undefined) return undefined;
  return utf8(arc <= 6 ? extension.value : readDer(extension.value, DER_TAG.utf8String).content);
}
