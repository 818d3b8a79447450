import {
  canonicalJson,
  digestMatches,
  ExitCode,
  isDigest,
  parseStrictJson,
  sha256Digest,
  type Digest,
  type JsonValue,
} from '../core/index.ts';
import { ALTERED, contradiction, evidenceError } from './errors.ts';
import { readEvidenceDocument } from './read-document.ts';
import { openImage, type BlobReader, type ImageView } from './image-view.ts';
import type { EvidenceDocument } from './types.ts';

/** Largest evidence file read. */
const MAX_EVIDENCE_BYTES = 512 * 1024 * 1024;

/** An evidence document whose every blob has been hashed again and whose documents fit together. All that deciding reads. */
export interface EvidenceView {
  readonly document: EvidenceDocument;
  /** SHA-256 of the document's canonical JSON. */
  readonly digest: Digest;
  readonly images: readonly ImageView[];
  /** Trusted roots that were collected, each source once; hashed, not parsed. */
  readonly trustedRoots: readonly TrustedRootView[];
}

/** The bytes of a trusted root that was collected. */
export interface TrustedRootView {
  /** `public-good`, or the mirror's URL. */
  readonly source: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/**
 * Opens evidence: re-hashes every blob against its key, parses indexes, manifests and configs again, and checks that they fit together. Layer facts (scan,
 * comparisons) have no bytes to check against: they are as true as the file's origin, which is why a replay never gates.
 * @param evidence hostile: bytes of an evidence file, or a document
 * @throws AppError EVIDENCE_MALFORMED, EVIDENCE_BLOB_MISMATCH, EVIDENCE_BLOB_MISSING, EVIDENCE_CONTRADICTION, EVIDENCE_TOO_LARGE, JSON_INVALID, and the
 *   image room's codes for malformed documents
 */
export function openEvidence(evidence: Uint8Array | EvidenceDocument): EvidenceView {
  const document = readEvidenceDocument(evidence instanceof Uint8Array ? parseEvidence(evidence) : asJson(evidence));
  return viewOf(document, () => sha256Digest(canonicalEvidence(document)));
}

/**
 * Opens a document that was just collected as a replay of its file will: written as canonical JSON, within the limits of reading, and read again. The blobs, which
 * are most of it and whose text is this program's own, are hashed again like a replay's and not parsed.
 * @throws AppError as `openEvidence`
 */
export function reopenEvidence(collected: EvidenceDocument): EvidenceView {
  const text = canonicalEvidence(collected);
  checkSize(Buffer.byteLength(text));
  const { blobs } = collected;
  const parsed = parseEvidence(Buffer.from(canonicalEvidence({ ...collected, blobs: {} })));
  const document = readEvidenceDocument({ ...(parsed as Readonly<Record<string, JsonValue>>), blobs });
  return viewOf(document, () => sha256Digest(text));
}

function viewOf(document: EvidenceDocument, digest: () => Digest): EvidenceView {
  const blob = openBlobs(document);
  return {
    document,
    digest: digest(),
    images: document.images.map((image, index) => openImage(image, blob, `images[${index}]`)),
    trustedRoots: openTrustedRoots(document, blob),
  };
}

/** Two roots of one source would leave it open which of them is believed. */
function openTrustedRoots({ trustedRoots = [] }: EvidenceDocument, blob: BlobReader): readonly TrustedRootView[] {
  if (new Set(trustedRoots.map(({ source }) => source)).size !== trustedRoots.length)
    contradiction('the evidence has two trusted roots of one source');
  return trustedRoots.map(({ source, root }) => ({ source, digest: root, bytes: blob(root) }));
}

/** The document as canonical JSON: what is written to a file and hashed. */
export function canonicalEvidence(document: EvidenceDocument): string {
  return canonicalJson(asJson(document));
}

function asJson(document: EvidenceDocument): JsonValue {
  return document as unknown as JsonValue;
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_EVIDENCE_BYTES) return;
  const reason = `the evidence is ${sizeBytes} bytes, more than the ${MAX_EVIDENCE_BYTES} allowed`;
  throw evidenceError('EVIDENCE_TOO_LARGE', reason, { details: { exitCode: ExitCode.Input } });
}

function parseEvidence(bytes: Uint8Array): JsonValue {
  checkSize(bytes.byteLength);
  return parseStrictJson(bytes, 'the evidence', { maxBytes: MAX_EVIDENCE_BYTES });
}

function openBlobs(document: EvidenceDocument): BlobReader {
  const blobs = new Map<Digest, Uint8Array>();
  for (const [digest, encoded] of Object.entries(document.blobs)) {
    const bytes = Buffer.from(encoded, 'base64');
    // another spelling of the same bytes would make two files of one evidence
    if (!isDigest(digest) || !digestMatches(digest, bytes) || bytes.toString('base64') !== encoded) {
      throw evidenceError('EVIDENCE_BLOB_MISMATCH', `the bytes kept for ${digest} do not have that digest`, {
        hint: ALTERED,
      });
    }
    blobs.set(digest, bytes);
  }
  return (digest) => {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw evidenceError('EVIDENCE_BLOB_MISSING', `the evidence keeps no bytes for ${digest}`);
    return bytes;
  };
}
