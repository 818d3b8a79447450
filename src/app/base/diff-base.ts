import { runCatalogers, splitByBase, type CatalogRun } from '../../catalog/index.ts';
import { compareCodeUnits, type Digest, type Runtime } from '../../core/index.ts';
import { squash } from '../../filesystem/index.ts';
import { formatPlatform, loadImage, type Image } from '../../image/index.ts';
import { compareVersions, packagePurl, type Package } from '../../packages/index.ts';
import type { LoadedPolicy } from '../../policy/index.ts';
import { matchBases, sameLayers, type BaseMatch } from '../../provenance/index.ts';
import { appError } from '../errors.ts';
import { loadTrustedLock } from './lock-trust.ts';
import { openImageStore, type ImageAccess } from '../store/open-image-store.ts';
import type { PolicyTrustOptions } from '../gate/policy-trust.ts';
import { loadOne } from '../store/resolve-target.ts';
import { scanImage } from '../sbom/scan-image.ts';

export interface DiffBaseOptions extends PolicyTrustOptions {
  readonly image: string;
  readonly policyFile: string;
  readonly access: ImageAccess;
  /** The base to rebuild on; where the matched base's tag leads now unless given. */
  readonly to?: string;
  readonly maxLayerBytes?: number;
}

/** `changed`: which of two versions is newer cannot be said. */
export type PackageChange = 'added' | 'removed' | 'upgraded' | 'downgraded' | 'changed';

export interface ChangedPackage {
  readonly change: PackageChange;
  readonly name: string;
  readonly type: string;
  /** Of the base that the image stands on; sorted, absent for additions. */
  readonly from?: readonly string[];
  /** Of the base it would stand on; absent for removals. */
  readonly to?: string;
  readonly purl?: string;
}

export interface DiffBaseResult {
  readonly image: string;
  readonly digest: Digest;
  readonly platform: string;
  readonly from: {
    readonly image: string;
    readonly tag: string | null;
    readonly digest: Digest;
    readonly layerCount: number;
  };
  readonly to: { readonly reference: string; readonly digest: Digest };
  /** The two bases are the same layers. */
  readonly same: boolean;
  /** Packages that both have in one version. */
  readonly unchanged: number;
  /** Sorted by change, then by name. */
  readonly packages: readonly ChangedPackage[];
}

/**
 * Tells which packages a rebuild on today's base would change: those of the image's own bottom layers against those of the base that the tag leads to now. Every
 * layer of both is read and verified.
 * @throws AppError BASE_UNKNOWN when the layers are those of no locked base, BASE_LOCK_*, POLICY_*, LOCK_*, and the codes of reading
 */
export async function diffBase(options: DiffBaseOptions, runtime: Runtime): Promise<DiffBaseResult> {
  const loaded = await loadTrustedLock(options.policyFile, { trust: options, runtime });
  const limits = options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes };
  await using opened = await openImageStore(options.image, options.access, runtime);
  const image = await loadOne(opened, options.access, runtime);
  const match = matchedBase(loaded, image);
  const reference = options.to ?? currentReference(match);
  const { stack } = await scanImage(image, opened.store, runtime, limits);
  const before = runCatalogers({ view: squash(stack, match.layerCount), languageFiles: false });
  await using openedBase = await openImageStore(reference, options.access, runtime);
  const base = await loadImage(openedBase.store, {
    reference: openedBase.target,
    platform: image.platform,
    hostPlatform: image.platform,
    signal: runtime.signal,
  });
  const { catalog: after } = await scanImage(base, openedBase.store, runtime, limits);
  const { packages, unchanged } = changedPackages(before, after);
  const { record, layerCount, platform } = match;
  return {
    image: options.image,
    digest: image.digest,
    platform: formatPlatform(image.platform),
    from: { image: record.image, tag: record.tag, digest: record.digest, layerCount },
    to: { reference, digest: base.index?.digest ?? base.digest },
    same: sameLayers(base.config.diffIds, platform.diffIds),
    unchanged,
    packages,
  };
}

/** The longest, newest record whose entry the policy still has. */
function matchedBase({ lock, policy }: LoadedPolicy, image: Image): BaseMatch {
  const matches =
    lock === undefined ? [] : matchBases(lock, { platform: image.platform, diffIds: image.config.diffIds });
  const known = matches.filter(({ entry }) => policy.bases?.entries.some(({ name }) => name === entry));
  const [match] = known.length > 0 ? known : matches;
  if (match !== undefined) return match;
  throw appError('BASE_UNKNOWN', `the bottom layers of ${image.digest} are those of no base in the lock`, {
    hint: 'run waybill base lock, or find out with waybill base detect what the image stands on',
  });
}

function currentReference({ record }: BaseMatch): string {
  if (record.tag !== null) return `${record.image}:${record.tag}`;
  throw appError(
    'BASE_UNKNOWN',
    `${record.image}@${record.digest} was locked without a tag: what is current is not known`,
    {
      hint: 'name the base to compare with: --to REFERENCE',
    },
  );
}

const ORDER: readonly PackageChange[] = ['upgraded', 'downgraded', 'changed', 'added', 'removed'];

function changedPackages(
  before: CatalogRun,
  after: CatalogRun,
): { readonly packages: readonly ChangedPackage[]; readonly unchanged: number } {
  const { shares, removed } = splitByBase(after.packages, before.packages);
  const packages: ChangedPackage[] = removed.map((pkg) => ({
    change: 'removed',
    ...described(pkg),
    ...(pkg.version === undefined ? {} : { from: [pkg.version] }),
  }));
  const epochs = Map.groupBy(before.packages.filter(isRpm), ({ name }) => name);
  let unchanged = 0;
  for (const pkg of after.packages) {
    const { share, from = [] } = shares.get(pkg.id) ?? { share: 'inherited' };
    if (share === 'inherited') {
      unchanged += 1;
      continue;
    }
    packages.push({
      change: share === 'added' ? 'added' : hasOtherEpoch(pkg, epochs.get(pkg.name)) ? 'changed' : direction(pkg, from),
      ...described(pkg),
      ...(from.length === 0 ? {} : { from }),
      ...(pkg.version === undefined ? {} : { to: pkg.version }),
    });
  }
  return { packages: packages.toSorted(byChange), unchanged };
}

function byChange(a: ChangedPackage, b: ChangedPackage): number {
  return (
    ORDER.indexOf(a.change) - ORDER.indexOf(b.change) ||
    compareCodeUnits(a.name, b.name) ||
    compareCodeUnits(a.to ?? '', b.to ?? '') ||
    compareCodeUnits(a.purl ?? '', b.purl ?? '')
  );
}

function described(pkg: Package): Pick<ChangedPackage, 'name' | 'type' | 'purl'> {
  const purl = packagePurl(pkg);
  return { name: pkg.name, type: pkg.type, ...(purl === undefined ? {} : { purl }) };
}

function isRpm({ type }: Package): boolean {
  return type === 'rpm';
}

/** The epoch of rpm stands beside the version: where it changed too, the versions say nothing. */
function hasOtherEpoch(pkg: Package, before: readonly Package[] = []): boolean {
  const epochOf = ({ qualifiers }: Package): string => qualifiers?.['epoch'] ?? '0';
  return isRpm(pkg) && before.some((other) => epochOf(other) !== epochOf(pkg));
}

function direction({ type, version }: Package, from: readonly string[]): PackageChange {
  const orders = from.map((old) => (version === undefined ? undefined : compareVersions(type, version, old)));
  if (orders.every((order) => order !== undefined && order > 0)) return 'upgraded';
  if (orders.every((order) => order !== undefined && order < 0)) return 'downgraded';
  return 'changed';
}
