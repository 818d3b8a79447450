import type { CapturedFile } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import type { DeclaredComponent } from './declared-document.ts';
import { MAX_DOCUMENT_BYTES, readDeclaredDocument } from './read-document.ts';

const SOURCE = 'declared';
/** Folder of one of Bitnami's components, with its document in it. */
const BITNAMI = /(?:^|\/)opt\/bitnami\/(?:[^/]+\/)+\.spdx-[^/]+\.spdx$/;

/** What documents are called, by the habit of their tools. */
const NAMES = ['bom.json', 'bom.xml', 'sbom.json', 'sbom.xml'];
const SUFFIXES = [
  '.bom.json',
  '.bom.xml',
  '.cdx',
  '.cdx.json',
  '.cdx.xml',
  '.sbom.json',
  '.sbom.xml',
  '.spdx',
  '.spdx.json',
];

/**
 * Documents that list software and lie in the image. Bitnami's become packages, since nothing else records what is in their folders; the others are evidence of
 * what somebody says, and are compared with what was found (`crossCheckDeclared`).
 */
export const declaredCataloger: Cataloger = {
  id: SOURCE,
  title: 'Software that documents in the image declare',
  version: 2,
  specifications: [
    'https://cyclonedx.org/docs/1.7/json/',
    'https://cyclonedx.org/docs/1.7/xml/',
    'https://spdx.github.io/spdx-spec/v2.3/',
    'https://spdx.github.io/spdx-spec/v3.0.1/',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/bitnami-definition.md',
  ],
  statement: {
    packageTypes: ['bitnami'],
    reads: ['opt/bitnami/**/.spdx-*.spdx', ...NAMES, ...SUFFIXES.map((suffix) => `*${suffix}`)],
    licenses: true,
    dependencies: false,
    files: false,
  },
  captures: [
    { id: 'declared/bitnami', prefixes: ['.spdx-'], maxBytes: MAX_DOCUMENT_BYTES },
    {
      id: 'declared/documents',
      names: NAMES,
      suffixes: SUFFIXES,
      maxBytes: MAX_DOCUMENT_BYTES,
    },
  ],
  catalog,
};

/** Whether a document is one of those that become packages. @param path without leading slash */
export function isBitnamiDocument(path: string): boolean {
  return BITNAMI.test(path);
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages = context.view
    .captured('declared/bitnami')
    .filter(({ entry }) => isBitnamiDocument(entry.path))
    .flatMap((file) => bitnamiPackages(file, diagnostics));
  return { packages, diagnostics };
}

function bitnamiPackages(file: CapturedFile, diagnostics: Diagnostic[]): readonly Package[] {
  const report = (message: string): void => {
    const path = `/${file.entry.path}`;
    diagnostics.push({ code: 'malformed-document', severity: 'warning', message, path, source: SOURCE });
  };
  const document = readDeclaredDocument(file);
  if (document === 'other' || 'unreadable' in document) {
    report(
      `is no document that can be read: ${document === 'other' ? 'neither SPDX nor CycloneDX' : document.unreadable}`,
    );
    return [];
  }
  if (document.truncated) report('lists more components than any real document; the rest is missing');
  const bitnami = document.components.filter(({ purl }) => purl.type === 'bitnami' && purl.namespace === '');
  if (bitnami.length === 0) report('lists none of Bitnami’s packages');
  // the one that is described, or that has the folder's name, is what the folder holds
  const folder = file.entry.path.slice(0, file.entry.path.lastIndexOf('/'));
  const owner =
    bitnami.find(({ isSubject }) => isSubject) ??
    bitnami.find(({ purl }) => folder.endsWith(`/${purl.name}`)) ??
    bitnami[0];
  return bitnami.map((component) => {
    const pkg = toPackage(file, component);
    if (component === owner) return { ...pkg, directories: [`/${folder}`] };
    return owner === undefined ? pkg : { ...pkg, partOf: idOf(file, owner) };
  });
}

function idOf({ entry }: CapturedFile, { purl }: DeclaredComponent): string {
  return `${entry.path} ${purl.text}`;
}

function toPackage(file: CapturedFile, component: DeclaredComponent): Package {
  const { purl, license, supplier, homepage } = component;
  const { entry } = file;
  return {
    type: 'bitnami',
    name: purl.name,
    ...(purl.version === undefined ? {} : { version: purl.version }),
    qualifiers: Object.fromEntries([...purl.qualifiers].filter(([key]) => key === 'arch' || key === 'distro')),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: SOURCE,
    evidence: [{ field: 'purl', technique: 'attestation', confidence: 0.9, value: `declared in /${entry.path}` }],
    licenses: license === undefined ? [] : [{ value: license }],
    ...(supplier === undefined ? {} : { supplier: { name: supplier } }),
    ...(homepage !== undefined && /^https?:\/\/[^\s"<>\\^`{|}]+$/.test(homepage) ? { homepage } : {}),
    id: idOf(file, component),
    dependsOn: [],
  };
}
