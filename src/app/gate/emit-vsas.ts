import { attestStatement, PREDICATE_TYPES } from '../../attestation/index.ts';
import { canonicalJson, coreError, writeFileAtomic, type Digest, type Runtime } from '../../core/index.ts';
import type { EvidenceDocument } from '../../evidence/index.ts';
import { draftVsas, type Decision, type VsaDraft, type VsaOmission } from '../../policy/index.ts';
import { attach } from '../store/attach.ts';
import { openImageStore, requireWritableReferrers, type ImageAccess } from '../store/open-image-store.ts';
import { openSigning, type MadeBundle, type SignedBy, type Signing, type Witnessed } from '../signing/open-signing.ts';
import type { SigningAccess } from '../signing/signing-access.ts';

/** Where signed verification summaries go, and who signs them. */
export interface VsaOutputOptions {
  readonly signing: SigningAccess;
  /** A bundle for each approved digest, one per line. */
  readonly file?: string;
  /** Attach each to the digest it is about. */
  readonly attach: boolean;
}

/** One signed summary. */
export interface EmittedVsa extends Witnessed {
  /** As the user wrote the image. */
  readonly image: string;
  readonly subject: Digest;
  readonly bundle: Digest;
  /** Digest of the manifest that attaches the bundle; absent when nothing was attached. */
  readonly referrer?: Digest;
}

/** What became of the summaries of a decision. */
export interface VsaReport {
  /** Who signed; absent when there was nothing to sign. */
  readonly signedBy?: SignedBy;
  readonly emitted: readonly EmittedVsa[];
  /** Images that are allowed and yet get none. */
  readonly omitted: readonly VsaOmission[];
  /** Absent when nothing was written. */
  readonly file?: string;
}

/** Summaries are signed for images that a decision allows, when it has been made. */
export interface VsaEmitter extends AsyncDisposable {
  emit(decision: Decision, evidence: EvidenceDocument): Promise<VsaReport>;
}

/**
 * Gets ready to sign summaries: what is wrong with key or identity is told before anything is collected.
 * @throws AppError USAGE, and those of `openSigning`
 */
export async function openVsaEmitter(
  options: VsaOutputOptions,
  access: ImageAccess,
  runtime: Runtime,
): Promise<VsaEmitter> {
  if (options.file === undefined && !options.attach) {
    throw coreError('USAGE', 'a verification summary is to be signed, and nothing says where it goes', {
      hint: 'give --vsa-out FILE, --vsa-attach, or both',
    });
  }
  const signing = await openSigning(options.signing, runtime);
  return {
    emit: (decision, evidence) => emit({ ...options, access, signing, runtime }, decision, evidence),
    [Symbol.asyncDispose]: () => signing[Symbol.asyncDispose](),
  };
}

interface Emission extends Pick<VsaOutputOptions, 'file' | 'attach'> {
  readonly access: ImageAccess;
  readonly signing: Signing;
  readonly runtime: Runtime;
}

/** All are signed and verified before one is written or attached. */
async function emit(emission: Emission, decision: Decision, evidence: EvidenceDocument): Promise<VsaReport> {
  const { file, signing } = emission;
  const { drafts, omitted } = draftVsas(decision, evidence);
  const made: { readonly draft: VsaDraft; readonly bundle: MadeBundle }[] = [];
  for (const draft of drafts) {
    const { name: subjectName, subject, predicate } = draft;
    const predicateJson = Buffer.from(canonicalJson(predicate));
    const payload = attestStatement({ predicateType: VSA_TYPE, predicateJson, subjectName, subject });
    made.push({ draft, bundle: await signing.signStatement(payload, subject) });
  }
  if (made.length === 0) return { emitted: [], omitted };
  if (file !== undefined) await writeFileAtomic(file, lines(made), { ifExists: 'replace' });
  const emitted: EmittedVsa[] = [];
  for (const { draft, bundle } of made) {
    const { reference: image, subject } = draft;
    const referrer = emission.attach ? { referrer: await attachOne(emission, draft, bundle) } : {};
    emitted.push({ image, subject, bundle: bundle.bundle, ...referrer, logs: bundle.logs, times: bundle.times });
  }
  return { signedBy: await signing.signedBy(), emitted, omitted, ...(file === undefined ? {} : { file }) };
}

const VSA_TYPE = PREDICATE_TYPES.vsa.uri;

function lines(made: readonly { readonly bundle: MadeBundle }[]): Uint8Array {
  return Buffer.concat(made.flatMap(({ bundle }) => [bundle.bytes, Buffer.from('\n')]));
}

async function attachOne({ access, runtime }: Emission, draft: VsaDraft, { bytes }: MadeBundle): Promise<Digest> {
  await using opened = await openImageStore(draft.reference, access, runtime);
  const store = requireWritableReferrers(opened);
  const { mediaType, digest, bytes: manifest } = await opened.store.readManifest(draft.subject, runtime.signal);
  const subject = { mediaType, digest, sizeBytes: manifest.byteLength };
  return attach({ store, subject, bundle: bytes, predicateType: VSA_TYPE }, runtime);
}
