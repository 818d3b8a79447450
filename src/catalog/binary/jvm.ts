import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asText, publicUrl } from '../language/json-fields.ts';
import { isSharedFolder } from '../shared-folders.ts';
import { jvmVersion, parseJvmRelease } from './jvm-release.ts';

const KiB = 1024;
/** Fields kept as they are. */
const KEPT = [
  'IMAGE_TYPE',
  'IMPLEMENTOR_VERSION',
  'JAVA_VERSION',
  'JVM_VARIANT',
  'OS_ARCH',
  'LIBC',
  'SOURCE',
  'GRAALVM_VERSION',
];

/** What every runtime has one of. */
const PROGRAMS = ['bin/java', 'jre/bin/java', 'lib/modules'];

/** Java runtimes and development kits, by the `release` file in their folder. */
export const jvmCataloger: Cataloger = {
  id: 'jvm',
  title: 'Java runtimes',
  version: 1,
  specifications: [
    'https://openjdk.org/jeps/223',
    'https://openjdk.org/jeps/322',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/generic-definition.md',
  ],
  statement: {
    packageTypes: ['generic'],
    reads: ['release (with JAVA_VERSION or JAVA_RUNTIME_VERSION)'],
    licenses: false,
    dependencies: false,
    files: false,
  },
  captures: [{ id: 'jvm/releases', names: ['release'], maxBytes: 64 * KiB }],
  catalog,
};

function catalog({ view }: CatalogContext): CatalogResult {
  const packages: Package[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const file of view.captured('jvm/releases')) {
    const fields = parseJvmRelease(file.bytes);
    const folder = file.entry.path.slice(0, Math.max(0, file.entry.path.lastIndexOf('/')));
    if (fields === undefined) {
      if (isBroken(file)) {
        const message = 'names a Java version that cannot be one; the Java runtime is missing';
        const path = `/${file.entry.path}`;
        diagnostics.push({ code: 'version-unknown', severity: 'warning', message, path, source: 'jvm' });
      }
    } else if (folder !== '') packages.push(runtimePackage(view, file, { fields, folder }));
  }
  return { packages, diagnostics };
}

function isBroken({ bytes }: CapturedFile): boolean {
  return /^JAVA_(?:RUNTIME_)?VERSION=/m.test(Buffer.from(bytes).toString('latin1'));
}

function runtimePackage(
  view: FileView,
  file: CapturedFile,
  of: { readonly fields: ReadonlyMap<string, string>; readonly folder: string },
): Package {
  const { fields, folder } = of;
  const { entry } = file;
  const version = jvmVersion(fields)!;
  const isJdk = fields.get('IMAGE_TYPE') === 'JDK' || view.resolve(`${folder}/bin/javac`) !== undefined;
  const product = productOf(fields, { folder, isJdk });
  const implementor = asText(fields.get('IMPLEMENTOR'));
  const source = publicUrl(fields.get('SOURCE_REPO') ?? fields.get('BUILD_SOURCE_REPO'));
  const cpes = cpesOf(product, version);
  return {
    type: 'generic',
    namespace: product.vendor,
    name: product.name,
    version,
    ...(source === undefined ? {} : { qualifiers: { repository_url: source }, sourceUrl: source }),
    locations: [{ path: `/${entry.path}`, layer: entry.layer }],
    foundBy: 'jvm',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 0.95, value: `fields of /${entry.path}` }],
    licenses: [],
    ...(implementor === undefined ? {} : { supplier: { name: implementor } }),
    kind: 'platform',
    cpes,
    ...(ownsFolder(view, folder) ? { directories: [`/${folder}`] } : {}),
    properties: propertiesOf(fields, isJdk),
    id: entry.path,
    dependsOn: [],
  };
}

/** Whether the folder can be nothing but the runtime: a `release` file that was put into `/usr` must not account for all of it. */
function ownsFolder(view: FileView, folder: string): boolean {
  const isOwn = folder.includes('/') || /java|jdk|jre|jvm/i.test(folder);
  return (
    isOwn &&
    folder !== 'home/app' &&
    !isSharedFolder(folder) &&
    PROGRAMS.some((program) => view.resolve(`${folder}/${program}`)?.type === 'file')
  );
}

interface Product {
  readonly vendor: 'oracle' | 'azul' | 'sun' | 'ibm';
  readonly name: string;
}

/** What vulnerability databases call it: builds of OpenJDK, whoever made them, are `oracle openjdk` there. */
function productOf(
  fields: ReadonlyMap<string, string>,
  of: { readonly folder: string; readonly isJdk: boolean },
): Product {
  const implementor = (fields.get('IMPLEMENTOR') ?? '').toLowerCase().replaceAll(' ', '');
  const edition = of.isJdk ? 'jdk' : 'jre';
  if (implementor.includes('azul') || of.folder.includes('zulu')) return { vendor: 'azul', name: 'zulu' };
  if (implementor.includes('sunmicrosystems')) return { vendor: 'sun', name: edition };
  if (implementor.includes('ibmcorporation') || implementor.includes('internationalbusinessmachines')) {
    return { vendor: 'ibm', name: of.isJdk ? 'java_sdk' : 'java' };
  }
  const isOracles = implementor.includes('oracle') || fields.get('BUILD_TYPE') === 'commercial';
  return { vendor: 'oracle', name: isOracles ? edition : 'openjdk' };
}

/** The version without the build number; that of Java 8 and before has its update apart. */
function cpesOf({ vendor, name }: Product, version: string): readonly string[] {
  const match = /^(\d+(?:\.\d+)*)(?:_0*(\d+))?(?:[-+].*)?$/.exec(version);
  if (match === null) return [];
  const update = match[2] === undefined ? '*' : `update${match[2]}`;
  return [`cpe:2.3:a:${vendor}:${name}:${match[1]}:${update}:*:*:*:*:*:*`];
}

function propertiesOf(fields: ReadonlyMap<string, string>, isJdk: boolean): Readonly<Record<string, string>> {
  const properties: Record<string, string> = { 'jvm:edition': isJdk ? 'JDK' : 'JRE' };
  for (const name of KEPT) {
    const value = asText(fields.get(name));
    if (value !== undefined && value.length <= 256) properties[`jvm:${name}`] = value;
  }
  return properties;
}
