import { parseAnyBundle, parseStatement, type ParsedBundle, type ParsedFileBundle } from '../attestation/index.ts';
import { sha256Digest, type Digest } from '../core/index.ts';
import { hexOf } from './bytes.ts';
import { subjectAltNames } from './certificate-extensions.ts';
import { parseCertificate } from './certificate.ts';
import { fulcioExtensions, oidcIssuer, type FulcioExtensions } from './fulcio-extensions.ts';
import { parseLogEntry } from './log-entry.ts';
import { parseTimestamp } from './timestamp-token.ts';

/** A certificate as it describes itself. */
export interface DescribedCertificate {
  readonly names: readonly string[];
  readonly issuer?: string;
  readonly extensions: FulcioExtensions;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly serialNumber: string;
}

export interface DescribedLogEntry {
  readonly logIndex: string;
  /** Hex. */
  readonly logId: string;
  /** `dsse 0.0.1`. */
  readonly type: string;
  /** ISO 8601; absent when the entry says none. */
  readonly integratedTime?: string;
  readonly hasPromise: boolean;
  readonly hasProof: boolean;
}

/** What a bundle says of itself. Nothing of it has been verified. */
export interface DescribedBundle {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly version: string;
  readonly content: 'statement' | 'file signature';
  /** Of a statement. */
  readonly predicateType?: string;
  readonly subjects?: readonly { readonly name?: string; readonly digest: Readonly<Record<string, string>> }[];
  /** Of a file signature: `SHA2_256:hex`. */
  readonly fileDigest?: string;
  /** The key it is said to be signed with. */
  readonly keyHint?: string;
  /** The owner's first. */
  readonly certificates: readonly DescribedCertificate[];
  readonly logEntries: readonly DescribedLogEntry[];
  /** ISO 8601. */
  readonly timestamps: readonly string[];
  /** Parts that cannot be read, and why. */
  readonly problems: readonly string[];
}

/**
 * Describes a bundle of any version for people. A broken part is told in `problems`.
 * @throws AppError BUNDLE_MALFORMED, BUNDLE_TOO_LARGE, BUNDLE_VERSION
 */
export function describeBundle(bytes: Uint8Array, options: { readonly maxBytes?: number } = {}): DescribedBundle {
  const bundle = parseAnyBundle(bytes, { ...options, minVersion: '0.1' });
  const problems: string[] = [];
  const each = <T, R>(items: readonly T[], what: string, read: (item: T) => R): readonly R[] =>
    items.flatMap((item, index) => {
      try {
        return [read(item)];
      } catch (error) {
        problems.push(`${what} ${index}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    });
  const { material } = bundle;
  const certificates = material.kind === 'certificates' ? material.certificates : [];
  const [content] = each([bundle], 'content', describeContent);
  return {
    digest: sha256Digest(bytes),
    mediaType: bundle.mediaType,
    version: bundle.version,
    content: 'payload' in bundle ? 'statement' : 'file signature',
    ...content,
    ...(material.kind === 'public-key' ? { keyHint: material.hint } : {}),
    certificates: each(certificates, 'certificate', describeCertificate),
    logEntries: each(bundle.logEntries, 'log entry', (entry) => describeLogEntry(entry, bundle)),
    timestamps: each(bundle.timestamps, 'timestamp', (token) => parseTimestamp(token).time.toISOString()),
    problems,
  };
}

function describeContent(
  bundle: ParsedBundle | ParsedFileBundle,
): Pick<DescribedBundle, 'predicateType' | 'subjects' | 'fileDigest'> {
  if (!('payload' in bundle)) {
    const { algorithm, digest } = bundle.messageDigest;
    return { fileDigest: `${algorithm}:${hexOf(digest)}` };
  }
  const { predicateType, subjects } = parseStatement(bundle.payload);
  return {
    predicateType,
    subjects: subjects.map(({ name, digest }) => ({ ...(name === undefined ? {} : { name }), digest })),
  };
}

function describeCertificate(bytes: Uint8Array): DescribedCertificate {
  const certificate = parseCertificate(bytes);
  const issuer = oidcIssuer(certificate);
  return {
    names: subjectAltNames(certificate).map(({ value }) => value),
    ...(issuer === undefined ? {} : { issuer }),
    extensions: fulcioExtensions(certificate),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    serialNumber: hexOf(certificate.serial),
  };
}

function describeLogEntry(
  entry: ParsedBundle['logEntries'][number],
  { version }: ParsedBundle | ParsedFileBundle,
): DescribedLogEntry {
  const parsed = parseLogEntry(entry, version);
  const seconds = Number(parsed.integratedTime);
  return {
    logIndex: parsed.logIndex,
    logId: hexOf(parsed.logId.keyId),
    type: `${parsed.kindVersion.kind} ${parsed.kindVersion.version}`,
    ...(seconds > 0 && seconds < 4e10 ? { integratedTime: new Date(seconds * 1000).toISOString() } : {}),
    hasPromise: parsed.inclusionPromise !== undefined,
    hasProof: parsed.inclusionProof !== undefined,
  };
}
