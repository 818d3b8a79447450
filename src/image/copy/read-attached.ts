import { ExitCode, isAppError, mapConcurrent, coreError, type Digest } from '../../core/index.ts';
import { describeManifest, fallbackTag } from '../local/layout-reader.ts';
import type { Descriptor, RawManifest } from '../types.ts';
import type { AttachmentSource, NotCopied, PlannedManifest } from './contract.ts';
import { COPY_CONCURRENCY, readChecked, readTree, type CopyBudget } from './read-tree.ts';

/** Things attached to things attached to ... an image. */
const MAX_LEVELS = 8;
/** What cosign kept under tags before there were referrers. */
const LEGACY_SUFFIXES = ['sig', 'att', 'sbom'] as const;

export interface ReadAttached {
  readonly store: AttachmentSource & { readonly name: string };
  readonly budget: CopyBudget;
  readonly signal: AbortSignal;
}

export interface Attached {
  /** In the order to write them. */
  readonly manifests: readonly PlannedManifest[];
  readonly notCopied: readonly NotCopied[];
}

type Found = { readonly planned: readonly PlannedManifest[] } | { readonly notCopied: NotCopied };

/**
 * Everything attached to these manifests, and to what is attached to them. The listing is not believed: a manifest that does not name the subject is left out and
 * told of, and so is one that cannot be read.
 * @throws AppError LIMIT_EXCEEDED when that goes too deep or is too much; the store's own codes
 */
export async function readAttached(subjects: readonly RawManifest[], options: ReadAttached): Promise<Attached> {
  const manifests: PlannedManifest[] = [];
  const notCopied: NotCopied[] = [];
  const seen = new Set<Digest>(subjects.map(({ digest }) => digest));
  let level: readonly RawManifest[] = subjects;
  for (let depth = 1; level.length > 0; depth += 1) {
    const listed = (await mapConcurrent(level, COPY_CONCURRENCY, (subject) => listOne(subject.digest, options))).flat();
    const fresh = listed.filter(({ descriptor }) => {
      const isNew = !seen.has(descriptor.digest);
      seen.add(descriptor.digest);
      return isNew;
    });
    if (fresh.length > 0 && depth > MAX_LEVELS)
      throw coreError('LIMIT_EXCEEDED', `things are attached to each other more than ${MAX_LEVELS} deep`);
    const found = await mapConcurrent(fresh, COPY_CONCURRENCY, (entry) => readReferrer(entry, options));
    const planned = found.flatMap((item) => ('planned' in item ? item.planned : []));
    manifests.push(...planned);
    notCopied.push(...found.flatMap((item) => ('notCopied' in item ? [item.notCopied] : [])));
    level = planned.map(({ manifest }) => manifest);
  }
  return { manifests, notCopied };
}

interface Listed {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
}

async function listOne(subject: Digest, { store, signal }: ReadAttached): Promise<readonly Listed[]> {
  return (await store.listReferrers(subject, signal)).map((descriptor) => ({ subject, descriptor }));
}

async function readReferrer({ subject, descriptor }: Listed, options: ReadAttached): Promise<Found> {
  const { digest } = descriptor;
  return orNotCopied({ subject, digest }, options.budget, async () => {
    const manifest = await readChecked(options.store, digest, options.signal);
    const described = describeManifest(manifest);
    if (described.subject !== subject) {
      const reason = `it is listed as attached to ${subject}, but says that it is ${described.subject === undefined ? 'not' : `to ${described.subject}`}`;
      return { notCopied: { subject, digest, code: 'SUBJECT_MISMATCH', reason } };
    }
    const tree = await readTree(manifest, options);
    return {
      planned: tree.map((node) => ({
        manifest: node.manifest,
        blobs: node.blobs,
        space: 'attachments',
        ...(node.manifest === manifest ? { referrer: { subject, descriptor: described.descriptor } } : {}),
      })),
    };
  });
}

/** What cosign's older versions attached to these manifests, by their tags. */
export async function readLegacy(subjects: readonly RawManifest[], options: ReadAttached): Promise<Attached> {
  const wanted = subjects.flatMap(({ digest }) =>
    LEGACY_SUFFIXES.map((suffix) => ({ subject: digest, tag: `${fallbackTag(digest)}.${suffix}` })),
  );
  const found = await mapConcurrent(wanted, COPY_CONCURRENCY, (legacy) =>
    orNotCopied(legacy, options.budget, async () => {
      const manifest = await readTag(legacy.tag, options);
      const tree = manifest === undefined ? [] : await readTree(manifest, options);
      return {
        planned: tree.map((node) => ({
          manifest: node.manifest,
          blobs: node.blobs,
          space: 'attachments',
          ...(node.manifest === manifest ? { legacy } : {}),
        })),
      };
    }),
  );
  return {
    manifests: found.flatMap((item) => ('planned' in item ? item.planned : [])),
    notCopied: found.flatMap((item) => ('notCopied' in item ? [item.notCopied] : [])),
  };
}

async function readTag(tag: string, { store, signal }: ReadAttached): Promise<RawManifest | undefined> {
  try {
    return await readChecked(store, tag, signal);
  } catch (error) {
    if (isAppError(error) && (error.code === 'MANIFEST_NOT_FOUND' || error.code === 'REPOSITORY_NOT_FOUND'))
      return undefined;
    throw error;
  }
}

/** What is missing, malformed or of the wrong digest is one thing's own fault; a remote, an authorisation, all of it together being too much are not. */
async function orNotCopied(
  what: { readonly subject: Digest; readonly digest?: Digest; readonly tag?: string },
  budget: CopyBudget,
  read: () => Promise<Found>,
): Promise<Found> {
  try {
    return await read();
  } catch (error) {
    if (!isAppError(error) || error.exitCode !== ExitCode.Input || budget.isExhausted) throw error;
    return { notCopied: { ...what, code: error.code, reason: error.message } };
  }
}
