import { parseJsonWall } from '../../formats/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import { distroQualifier, type Diagnostic, type Distribution, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { CHISEL_FIELDS, chiselManifest, type ChiselPackage } from './chisel-manifest.ts';
import { createDebianLicenses } from './debian-licenses.ts';
import { osDigests, SIGNS } from './digest-paths.ts';
import { detectDistribution, isDebianLike } from './distribution.ts';
import { rootOf } from './installation-root.ts';
import { createOwnedPaths, type OwnedPaths } from './owned-paths.ts';
import { recordedOnDisk } from './recorded-paths.ts';

const MANIFEST = 'var/lib/chisel/manifest.wall';
const SOURCE = 'chisel';

/** Debian packages of which Chisel installed slices: Ubuntu's chiselled images, which have no dpkg database. */
export const chiselCataloger: Cataloger = {
  id: SOURCE,
  title: 'Chisel slices',
  version: 2,
  specifications: [
    'https://documentation.ubuntu.com/chisel/en/latest/reference/manifest/',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md',
  ],
  statement: {
    packageTypes: ['deb'],
    reads: ['chisel/manifest.wall', 'usr/share/doc/*/copyright'],
    licenses: true,
    dependencies: false,
    files: true,
    fileDigests: true,
  },
  captures: [
    { id: 'chisel/manifest', pathSuffixes: ['chisel/manifest.wall'], maxBytes: 64 * 1024 * 1024 },
    { id: 'chisel/copyright', pathSuffixes: ['usr/share/doc/*/copyright'], maxBytes: 8 * 1024 * 1024 },
  ],
  // a slice of base-files brings etc/debian_version: no sign of dpkg here
  digests: osDigests('sha256', ['etc/apt/', 'etc/dpkg/'], SIGNS.apk, SIGNS.rpm),
  catalog,
};

/** Of all manifests of an image together, unpacked: a few kilobytes can become so much. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** What the manifests of one image share. */
interface Reading {
  readonly context: CatalogContext;
  readonly diagnostics: Diagnostic[];
  bytesLeft: number;
}

/** What all packages of one manifest share. */
interface Shared {
  readonly context: CatalogContext;
  readonly file: CapturedFile;
  readonly owned: OwnedPaths;
  /** Only where the type `deb` is at home: elsewhere no namespace is known. */
  readonly distribution: Distribution | undefined;
  /** Slices bring the copyright files of their packages. */
  readonly licensesOf: ReturnType<typeof createDebianLicenses>;
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const reading: Reading = { context, diagnostics, bytesLeft: MAX_TEXT_BYTES };
  const packages = context.view.captured('chisel/manifest').flatMap((file) => manifestPackages(reading, file));
  return { packages, diagnostics };
}

function manifestPackages(reading: Reading, file: CapturedFile): readonly Package[] {
  const { context, diagnostics } = reading;
  const { view } = context;
  const path = `/${file.entry.path}`;
  const report = (code: string, severity: Diagnostic['severity'], message: string): void => {
    diagnostics.push({ code, severity, message, path, source: SOURCE });
  };
  const wall = parseJsonWall(file.bytes, { fields: CHISEL_FIELDS, maxBytes: reading.bytesLeft });
  reading.bytesLeft -= wall.sizeBytes;
  if ('unreadable' in wall) {
    report('malformed-manifest', 'error', `cannot be read, its packages are missing: ${wall.unreadable}`);
    return [];
  }
  for (const problem of wall.problems) report('malformed-manifest', 'warning', `${problem}; it is left out`);
  if (wall.incomplete)
    report('malformed-manifest', 'error', 'was not read whole or is cut off; packages may be missing');
  const { packages, problems } = chiselManifest(wall.records);
  for (const { code, message } of problems) report(code, 'warning', message);
  const root = rootOf(view, file.entry.path, [MANIFEST, 'chisel/manifest.wall']);
  // a root inside the image has an operating system of its own
  const found = root === '' ? context.distribution : detectDistribution(view, root).distribution;
  const distribution = found !== undefined && isDebianLike(found) ? found : undefined;
  const licensesOf = createDebianLicenses(view, root);
  const shared: Shared = { context, file, owned: createOwnedPaths(view, root), distribution, licensesOf };
  return packages.map((pkg) => {
    if (pkg.version === undefined) report('version-unknown', 'warning', `${pkg.name} has no version that can be one`);
    return toPackage(shared, pkg);
  });
}

function toPackage(shared: Shared, pkg: ChiselPackage): Package {
  const { distribution, context } = shared;
  const { entry } = shared.file;
  const { name, version, architecture, archiveSha256, slices } = pkg;
  return {
    type: 'deb',
    ...(distribution === undefined ? { purlKnown: false } : { namespace: distribution.id }),
    name,
    ...(version === undefined ? {} : { version }),
    qualifiers: {
      ...(architecture === undefined ? {} : { arch: architecture }),
      ...(distribution === undefined ? {} : { distro: distroQualifier(distribution) }),
    },
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `record in /${entry.path}` }],
    licenses: shared.licensesOf(name),
    files: shared.owned.onDisk(pkg.paths),
    ...(context.recordedFiles === true ? { recordedFiles: recordedOnDisk(shared.owned, pkg.recorded) } : {}),
    ...(archiveSha256 === undefined ? {} : { distributionHashes: [{ algorithm: 'SHA-256', hex: archiveSha256 }] }),
    ...(slices.length === 0 ? {} : { properties: { 'deb:slices': slices.join(' ') } }),
    id: `${entry.path} ${name}`,
    dependsOn: [],
  };
}
