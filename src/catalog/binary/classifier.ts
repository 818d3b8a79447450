import type { PatternHit } from '../../formats/index.ts';
import type { CapturedFile, FileEntry } from '../../filesystem/index.ts';
import type { Diagnostic, IdentityEvidence, Package, PackageType } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { ownedFolders } from './classifier-folders.ts';
import { CLASSIFIERS, classifierRules, ruleId, type Classifier } from './classifier-table.ts';
import { chooseVersion, type FoundVersion } from './classifier-version.ts';

/**
 * Well-known programs and libraries that were copied into an image, recognised by their file's name and by the version that is written in their bytes.
 * `classifiers.json` says which; nothing here knows a program.
 */
export const binaryCataloger: Cataloger = {
  id: 'binary',
  title: 'Well-known programs recognised by their bytes',
  version: 4,
  specifications: [
    'https://github.com/package-url/purl-spec/blob/main/types-doc/generic-definition.md',
    'https://csrc.nist.gov/pubs/ir/7695/final',
  ],
  statement: {
    packageTypes: ['generic', 'golang'],
    reads: CLASSIFIERS.flatMap(({ names = [], prefixes = [], pathSuffixes = [] }) => [
      ...names,
      ...prefixes.map((prefix) => `${prefix}*`),
      ...pathSuffixes,
    ]).filter((name, index, all) => all.indexOf(name) === index),
    licenses: true,
    dependencies: false,
    files: true,
  },
  captures: classifierRules(),
  catalog,
};

const FILE_NAMES = new Map(
  CLASSIFIERS.flatMap(({ id, file }) => (file === undefined ? [] : [[id, new RegExp(`^(?:${file})$`)] as const])),
);

function catalog(context: CatalogContext): CatalogResult {
  const packages: Package[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const classifier of CLASSIFIERS) {
    for (const file of context.view.captured(ruleId(classifier))) {
      const lines = linesOfName(classifier, file.entry);
      if (lines === undefined || !isOfKind(classifier, file.entry)) continue;
      const hits = parseHits(file.bytes);
      if (hits === undefined) {
        const message = `what was found of ${classifier.title} is malformed`;
        const path = `/${file.entry.path}`;
        diagnostics.push({ code: 'unreadable-binary', severity: 'warning', message, path, source: 'binary' });
        continue;
      }
      const found = chooseVersion(classifier, hits, lines);
      if (found === undefined) continue;
      const folders = ownedFolders(context.view, classifier.owns ?? [], {
        path: file.entry.path,
        version: found.version,
      });
      packages.push({
        ...packageOf(classifier, file, found),
        ...(folders.length === 0 ? {} : { directories: folders }),
      });
    }
  }
  return { packages, diagnostics };
}

/** With what the version must begin, by the file's name; undefined when the program's files are not called so. */
function linesOfName({ id }: Classifier, { path }: FileEntry): readonly string[] | undefined {
  const names = FILE_NAMES.get(id);
  if (names === undefined) return [];
  const match = names.exec(path.slice(path.lastIndexOf('/') + 1));
  if (match === null) return undefined;
  const groups: Readonly<Record<string, string | undefined>> = match.groups ?? {};
  return Object.values(groups).filter((line) => line !== undefined);
}

/** Where the pass looked at how the file begins, a program must be an executable and a text must not. */
function isOfKind({ text = false }: Classifier, { content }: FileEntry): boolean {
  return content === undefined || (text ? content === 'script' : content !== 'script');
}

/** The scan's JSON, checked: a layer cache may hand over anything. */
function parseHits(bytes: Uint8Array): readonly PatternHit[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  return Array.isArray(json) && json.every(isHit) ? json : undefined;
}

function isHit(value: unknown): value is PatternHit {
  if (typeof value !== 'object' || value === null) return false;
  const hit = value as Readonly<Record<keyof PatternHit, unknown>>;
  if (typeof hit.id !== 'string' || typeof hit.offset !== 'number' || typeof hit.text !== 'string') return false;
  if (typeof hit.groups !== 'object' || hit.groups === null) return false;
  return Object.values(hit.groups).every((group) => typeof group === 'string');
}

function packageOf(classifier: Classifier, { entry }: CapturedFile, found: FoundVersion): Package {
  const path = `/${entry.path}`;
  const { version, confidence, seen, others } = found;
  const evidence: readonly IdentityEvidence[] = [
    { field: 'name', technique: 'binary-analysis', confidence, value: seen },
    { field: 'version', technique: 'binary-analysis', confidence, value: seen },
  ];
  const cpes = (classifier.cpes ?? []).map((cpe) => fillCpe(cpe, found));
  return {
    ...identity(classifier.purl, version),
    locations: [{ path, layer: entry.layer }],
    foundBy: 'binary',
    evidence,
    licenses: classifier.license === undefined ? [] : [{ value: classifier.license }],
    ...(cpes.length === 0 ? {} : { cpes }),
    ...(classifier.library === true ? {} : { kind: 'application' as const }),
    files: [path],
    properties: {
      'generic:classifier': classifier.id,
      ...(others.length === 0 ? {} : { 'generic:otherVersions': others.join(' ') }),
    },
    id: `${path}#${classifier.id}`,
    dependsOn: [],
  };
}

/** Splits `pkg:golang/helm.sh/helm{/vN}@v{version}`; names in the table need no encoding. */
function identity(purl: string, version: string): Pick<Package, 'type' | 'namespace' | 'name' | 'version'> {
  const major = /^\d+/.exec(version)?.[0] ?? '0';
  const [coordinates = '', versionPart = ''] = purl
    .replace('{/vN}', Number(major) >= 2 ? `/v${major}` : '')
    .slice('pkg:'.length)
    .split('@');
  const [type, ...path] = coordinates.split('/');
  const namespace = path.slice(0, -1).join('/').toLowerCase();
  return {
    type: typeOf(type),
    ...(namespace === '' ? {} : { namespace }),
    name: path.at(-1) ?? '',
    version: versionPart.replace('{version}', version),
  };
}

function typeOf(type: string | undefined): PackageType {
  return type === 'golang' ? 'golang' : 'generic';
}

/** Fills the groups in, and quotes what CPE 2.3 wants quoted. */
function fillCpe(template: string, { version, groups }: FoundVersion): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'version' ? version : (groups[name] ?? '');
    return value === '' ? '-' : value.toLowerCase().replaceAll(/[^A-Za-z0-9._-]/g, (character) => `\\${character}`);
  });
}
