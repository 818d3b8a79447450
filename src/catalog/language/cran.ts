import { parseDeb822 } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asText, decodeText, publicUrl } from './json-fields.ts';
import {
  createFinder,
  createReport,
  directoriesOf,
  edgesTo,
  locationOf,
  optional,
  plainVersion,
  splitPath,
  type Named,
  type Report,
} from './record.ts';
import { rLicense } from './cran-license.ts';

const NAME = /^[A-Za-z][A-Za-z0-9.]{0,127}$/;
/** What an R library's packages come from when CRAN's own packages or their copies were installed. */
const CRAN = new Set(['CRAN', 'RSPM']);

type Fields = ReadonlyMap<string, string>;

interface Installed extends Named {
  readonly file: CapturedFile;
  readonly folder: string;
  readonly fields: Fields;
}

/** Packages in libraries of R. */
export const cranCataloger: Cataloger = {
  id: 'cran',
  title: 'R packages',
  version: 1,
  specifications: [
    'https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/cran-definition.md',
  ],
  statement: {
    packageTypes: ['cran'],
    reads: ['DESCRIPTION'],
    licenses: true,
    dependencies: true,
    files: false,
  },
  captures: [{ id: 'cran/description', names: ['DESCRIPTION'], maxBytes: 1024 * 1024 }],
  catalog,
};

function catalog({ view }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('cran');
  const installed: Installed[] = [];
  for (const file of view.captured('cran/description')) {
    const item = readDescription(file, report);
    if (item !== undefined) installed.push(item);
  }
  const find = createFinder(installed);
  return { packages: installed.map((item) => toPackage(view, item, find)), diagnostics };
}

/** `Built` is what installing adds: a DESCRIPTION without it is a source, or something of another language. */
function readDescription(file: CapturedFile, report: Report): Installed | undefined {
  const { path } = file.entry;
  const [stanza] = parseDeb822(decodeText(file.bytes)).stanzas;
  if (stanza === undefined) return undefined;
  const fields: Fields = stanza.fields;
  const name = asText(fields.get('package'));
  if (fields.get('built') === undefined || name === undefined) return undefined;
  if (!NAME.test(name)) return report('invalid-name', 'no name of an R package can be read', path);
  const { folder } = splitPath(path);
  if (splitPath(folder).name !== name) return report('invalid-name', 'the package is not named as its folder', path);
  return { id: `/${path}`, name, group: splitPath(folder).folder, file, folder, fields };
}

function toPackage(
  view: FileView,
  item: Installed,
  find: (group: string, name: string) => Installed | undefined,
): Package {
  const { fields, name } = item;
  const version = plainVersion(asText(fields.get('version')));
  const license = asText(fields.get('license'));
  const origin = originOf(fields);
  const urls = (asText(fields.get('url')) ?? '').split(/[\s,]+/).map(publicUrl);
  const needs = ['depends', 'imports', 'linkingto'].flatMap((key) => namesOf(fields.get(key)));
  return {
    type: 'cran',
    name,
    ...optional('version', version),
    ...(origin === 'cran' ? {} : { purlKnown: false }),
    locations: [locationOf(item.file)],
    foundBy: 'cran',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'DESCRIPTION' }],
    licenses: license === undefined ? [] : [{ value: rLicense(license) }],
    ...optional('author', asText(fields.get('maintainer'))),
    ...optional('description', asText(fields.get('title'))),
    ...optional(
      'homepage',
      urls.find((url) => url !== undefined),
    ),
    ...optional('sourceUrl', sourceUrl(fields)),
    ...directoriesOf(view, [item.folder]),
    ...(origin === 'cran' ? {} : { properties: { 'cran:origin': origin } }),
    id: item.id,
    dependsOn: edgesTo(item, needs, find),
  };
}

/** Where it was published; only what CRAN publishes has its purl. */
function originOf(fields: Fields): string {
  const remote = asText(fields.get('remotetype'));
  if (remote !== undefined && remote !== 'standard') return remote;
  if (CRAN.has(asText(fields.get('repository')) ?? '')) return 'cran';
  if (asText(fields.get('priority')) === 'base') return 'r';
  if (fields.get('biocviews') !== undefined) return 'bioconductor';
  return 'unknown';
}

function sourceUrl(fields: Fields): string | undefined {
  const git = publicUrl(asText(fields.get('git_url')));
  if (git !== undefined) return git;
  const user = asText(fields.get('remoteusername'));
  const repository = asText(fields.get('remoterepo'));
  if (asText(fields.get('remotetype')) !== 'github' || user === undefined || repository === undefined) return undefined;
  return /^[\w.-]+\/[\w.-]+$/.test(`${user}/${repository}`) ? `https://github.com/${user}/${repository}` : undefined;
}

/** `R (>= 3.5), Rcpp (>= 1.0)` names Rcpp; R itself is no package. */
function namesOf(text: string | undefined): readonly string[] {
  const names = (text ?? '').split(',').map((part) => /^\s*([A-Za-z][\w.]*)/.exec(part)?.[1] ?? '');
  return names.filter((name) => name !== '' && name !== 'R');
}
