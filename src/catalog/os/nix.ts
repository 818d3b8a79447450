import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import type { CatalogNote, Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { rootOf } from './installation-root.ts';
import { parseNixName, readNixDatabase, type NixName, type NixPathRecord } from './nix-store.ts';

const MiB = 1024 * 1024;
const SOURCE = 'nix';
const DATABASE = 'nix/var/nix/db/db.sqlite';
/** What builds leave beside outputs. */
const NO_OUTPUT = /\.(?:drv|lock|chroot|check|patch|diff)$/;

/** Outputs in the Nix store; what they need is known where the image has Nix's database. */
export const nixCataloger: Cataloger = {
  id: SOURCE,
  title: 'Nix store paths',
  version: 1,
  specifications: [
    'https://nix.dev/manual/nix/latest/store/store-path',
    'https://nix.dev/manual/nix/latest/language/builtins#builtins-parseDrvName',
    'https://www.sqlite.org/fileformat2.html',
  ],
  statement: {
    packageTypes: ['nix'],
    reads: ['nix/store/*', DATABASE, `${DATABASE}-wal`],
    licenses: false,
    dependencies: true,
    files: false,
  },
  captures: [
    { id: 'nix/database', pathSuffixes: [DATABASE], maxBytes: 256 * MiB },
    { id: 'nix/log', pathSuffixes: [`${DATABASE}-wal`], maxBytes: 256 * MiB },
  ],
  catalog,
};

/** One output that names a version. */
interface Output {
  readonly entry: FileEntry;
  readonly parts: NixName & { readonly version: string };
  readonly record: NixPathRecord | undefined;
}

function catalog(context: CatalogContext): CatalogResult {
  const { view } = context;
  const diagnostics: Diagnostic[] = [];
  const notes: CatalogNote[] = [];
  const databases = new Map<string, CapturedFile>([]);
  for (const file of view.captured('nix/database')) databases.set(rootOf(view, file.entry.path, [DATABASE]), file);
  const logs = new Map(view.captured('nix/log').map(({ entry, bytes }) => [entry.path, bytes]));
  const packages = [...new Set(['', ...databases.keys()])].flatMap((root) => {
    const records = recordsOf(databases.get(root), logs, diagnostics);
    return storePackages(view, root, { records, notes });
  });
  return { packages, diagnostics, notes };
}

function recordsOf(
  database: CapturedFile | undefined,
  logs: ReadonlyMap<string, Uint8Array>,
  diagnostics: Diagnostic[],
): ReadonlyMap<string, NixPathRecord> {
  if (database === undefined) return new Map();
  const path = database.entry.path;
  const { paths, problems } = readNixDatabase(database.bytes, logs.get(`${path}-wal`));
  for (const problem of problems) {
    const message = `${problem}; dependencies are missing`;
    diagnostics.push({ code: 'malformed-database', severity: 'warning', message, path: `/${path}`, source: SOURCE });
  }
  return paths;
}

function storePackages(
  view: FileView,
  root: string,
  found: { readonly records: ReadonlyMap<string, NixPathRecord>; readonly notes: CatalogNote[] },
): readonly Package[] {
  const store = root === '' ? 'nix/store' : `${root}/nix/store`;
  const outputs = new Map<string, Output>();
  let unversioned = 0;
  for (const entry of view.list(store)) {
    const segment = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    const parts = entry.type === 'directory' && !NO_OUTPUT.test(segment) ? parseNixName(segment) : undefined;
    if (parts === undefined) continue;
    // as Nix names it, wherever the root lies
    const path = `/nix/store/${segment}`;
    const { version } = parts;
    if (version === undefined) unversioned += 1;
    else outputs.set(path, { entry, parts: { ...parts, version }, record: found.records.get(path) });
  }
  if (unversioned > 0) {
    found.notes.push({
      kind: 'known-unknown',
      code: 'nix-paths-without-version',
      message: `${unversioned} folders in the store name no version: configuration, environments, scripts or unversioned software`,
      path: `/${store}`,
      source: SOURCE,
      facts: { count: String(unversioned) },
    });
  }
  return [...outputs].map(([path, output]) => {
    const references = (output.record?.references ?? []).filter((reference) => reference !== path);
    const needed = references.flatMap((reference) => outputs.get(reference)?.entry.path ?? []);
    return toPackage(output, [...new Set(needed)].toSorted());
  });
}

function toPackage({ entry, parts, record }: Output, dependsOn: readonly string[]): Package {
  const properties = {
    ...(record?.narHash === undefined ? {} : { 'nix:narhash': record.narHash }),
    ...(record?.deriver === undefined ? {} : { 'nix:deriver': record.deriver }),
  };
  return {
    type: 'nix',
    name: parts.name,
    version: parts.version,
    qualifiers: { ...(parts.output === undefined ? {} : { output: parts.output }), outputhash: parts.hash },
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'filename', confidence: 0.9, value: `store path /${entry.path}` }],
    licenses: [],
    directories: [`/${entry.path}`],
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: entry.path,
    dependsOn,
  };
}
