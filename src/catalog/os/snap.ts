import { parseYamlFields, type YamlFields } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { isSharedFolder } from '../shared-folders.ts';
import { summaryOf } from './supplier.ts';

const SOURCE = 'snap';
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const VERSION = /^[A-Za-z0-9](?:[A-Za-z0-9:.+~_-]{0,30}[A-Za-z0-9+~])?$/;
const REVISION = /^x?\d{1,10}$/;
const WORD = /^[a-z0-9-]{1,40}$/;
/** Where snapd keeps snaps as the archives they came in. */
const ARCHIVES: readonly string[] = ['var/lib/snapd/snaps', 'var/lib/snapd/seed/snaps'];

/** Snaps: unpacked ones by their description, packed ones by the name of their archive. */
export const snapCataloger: Cataloger = {
  id: SOURCE,
  title: 'Snaps',
  version: 1,
  specifications: ['https://snapcraft.io/docs/snap-format', 'https://snapcraft.io/docs/the-snap-format'],
  statement: {
    packageTypes: ['snap'],
    reads: ['snap/*/*/meta/snap.yaml', 'meta/snap.yaml', ...ARCHIVES.map((folder) => `${folder}/*.snap`)],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [{ id: 'snap/description', pathSuffixes: ['meta/snap.yaml'], maxBytes: 1024 * 1024 }],
  catalog,
};

/** One snap before its edges are known. */
interface Found {
  readonly pkg: Package;
  readonly revision: string | undefined;
  /** Name of the snap it runs on. */
  readonly base: string | undefined;
}

function catalog({ view }: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const unpacked = view.captured('snap/description').flatMap((file) => describedSnap(file, diagnostics) ?? []);
  const known = new Set(unpacked.map(({ pkg, revision }) => `${pkg.name}_${revision}`));
  const found = [...unpacked, ...packedSnaps(view, known)];
  const byName = new Map<string, string[]>();
  for (const { pkg } of found) byName.set(pkg.name, [...(byName.get(pkg.name) ?? []).slice(0, 64), pkg.id]);
  const packages = found.map(({ pkg, base }) => {
    const dependsOn = (base === undefined ? [] : (byName.get(base) ?? [])).filter((id) => id !== pkg.id);
    return { ...pkg, dependsOn: dependsOn.toSorted() };
  });
  return { packages, diagnostics };
}

function describedSnap(file: CapturedFile, diagnostics: Diagnostic[]): Found | undefined {
  const { entry, bytes } = file;
  const report = (code: string, message: string): undefined => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${entry.path}`, source: SOURCE });
  };
  const fields = parseYamlFields(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  const name = textOf(fields, 'name', NAME);
  if (name === undefined) return report('malformed-description', 'has no name that can be one; the snap is missing');
  const version = textOf(fields, 'version', VERSION);
  // some take it from their source when they are built, which is then no version
  if (version === undefined) report('version-unknown', `${name} has no version that can be one`);
  const folder = entry.path.slice(0, Math.max(0, entry.path.length - '/meta/snap.yaml'.length));
  const revision = textIf(folder.slice(folder.lastIndexOf('/') + 1), REVISION);
  const architectures = fields.get('architectures');
  const [architecture] = typeof architectures === 'object' && architectures.length === 1 ? architectures : [];
  const license = textOf(fields, 'license', /^.{1,1024}$/s);
  const base = textOf(fields, 'base', NAME);
  const description = summaryOf(textOf(fields, 'summary', /./s));
  const pkg: Package = {
    ...common(entry, name, 'description'),
    ...(version === undefined ? {} : { version }),
    ...(architecture !== undefined && WORD.test(architecture) ? { qualifiers: { arch: architecture } } : {}),
    licenses: license === undefined ? [] : [{ value: license }],
    ...(description === undefined ? {} : { description }),
    // a file system that is itself a snap, or is described in everybody's folder, has none of its own
    ...(isSharedFolder(folder) ? {} : { directories: [`/${folder}`] }),
    properties: {
      ...(revision === undefined ? {} : { 'snap:revision': revision }),
      ...(base === undefined ? {} : { 'snap:base': base }),
      ...present('snap:type', textOf(fields, 'type', WORD)),
      ...present('snap:grade', textOf(fields, 'grade', WORD)),
      ...present('snap:confinement', textOf(fields, 'confinement', WORD)),
    },
  };
  return { pkg, revision, base };
}

/** `core22_1122.snap`: name and revision are sure, the version is inside. */
function packedSnaps(view: FileView, known: Set<string>): readonly Found[] {
  return ARCHIVES.flatMap((folder) => view.list(folder)).flatMap((entry): readonly Found[] => {
    const match = /^([a-z0-9-]{1,40})_(x?\d{1,10})\.snap$/.exec(entry.path.slice(entry.path.lastIndexOf('/') + 1));
    const [, name = '', revision = ''] = match ?? [];
    if (entry.type !== 'file' || !NAME.test(name) || known.has(`${name}_${revision}`)) return [];
    known.add(`${name}_${revision}`);
    const pkg: Package = {
      ...common(entry, name, 'archive'),
      files: [`/${entry.path}`],
      properties: { 'snap:revision': revision },
    };
    return [{ pkg, revision, base: undefined }];
  });
}

function common(entry: FileEntry, name: string, kind: 'description' | 'archive'): Package {
  const isSure = kind === 'description';
  return {
    type: 'snap',
    name,
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [
      {
        field: 'purl',
        technique: isSure ? 'manifest-analysis' : 'filename',
        confidence: isSure ? 1 : 0.8,
        value: `${kind} /${entry.path}`,
      },
    ],
    licenses: [],
    id: entry.path,
    dependsOn: [],
  };
}

function textOf(fields: YamlFields, key: string, pattern: RegExp): string | undefined {
  const value = fields.get(key);
  return typeof value === 'string' ? textIf(value, pattern) : undefined;
}

function textIf(text: string, pattern: RegExp): string | undefined {
  return pattern.test(text) ? text : undefined;
}

function present(key: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [key]: value };
}
