import { compareCodeUnits, parseBoundedJson } from '../../core/index.ts';
import type { GraalvmComponent, GraalvmSbom } from '../../formats/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { Diagnostic, Package } from '../../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogContext, type CatalogResult } from '../contract.ts';
import { asObject, decodeText } from '../language/json-fields.ts';

const MiB = 1024 * 1024;
const ID = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,255}$/;
const VERSION = /^[A-Za-z0-9_][!-~]{0,254}$/;

/** Java packages compiled into native programs, by the document that GraalVM's native-image puts into them. */
export const graalvmCataloger: Cataloger = {
  id: 'graalvm',
  title: 'GraalVM native images',
  version: 1,
  specifications: ['https://www.graalvm.org/latest/security-guide/native-image/sbom/'],
  statement: {
    packageTypes: ['maven'],
    reads: ['executables (ELF) with the symbols sbom and sbom_length'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [{ id: 'graalvm/executables', executables: true, extract: { kind: 'graalvm-sbom' }, maxBytes: 512 * MiB }],
  catalog,
};

function catalog({ view }: CatalogContext): CatalogResult {
  const packages: Package[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const file of view.captured('graalvm/executables')) {
    if (packages.length >= ENOUGH_PACKAGES) break;
    const path = `/${file.entry.path}`;
    const report = (code: string, message: string): void => {
      diagnostics.push({ code, severity: 'warning', message, path, source: 'graalvm' });
    };
    const sbom = parseFacts(file.bytes);
    if (sbom === undefined) report('unreadable-binary', 'the extracted document is malformed');
    else if (sbom.problem !== undefined) {
      report('unreadable-binary', `GraalVM's document of components cannot be read: ${sbom.problem}`);
    } else packages.push(...packagesOf(file, sbom, report));
  }
  return { packages, diagnostics };
}

/** The extractor's JSON, checked: a layer cache may hand over anything. */
function parseFacts(bytes: Uint8Array): GraalvmSbom | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(decodeText(bytes));
  } catch {
    return undefined;
  }
  const object = asObject(json);
  const components = object?.['components'];
  const dependencies = object?.['dependencies'];
  if (!Array.isArray(components) || !Array.isArray(dependencies)) return undefined;
  const main = object?.['main'];
  if (!components.every(isComponent) || !(main === undefined || isComponent(main))) return undefined;
  return dependencies.every(isDependency) ? (object as unknown as GraalvmSbom) : undefined;
}

function isComponent(value: unknown): value is GraalvmComponent {
  const object = asObject(value);
  return typeof object?.['name'] === 'string' && Array.isArray(object['licenses']);
}

function isDependency(value: unknown): boolean {
  const object = asObject(value);
  return typeof object?.['ref'] === 'string' && Array.isArray(object['dependsOn']);
}

function packagesOf(
  file: CapturedFile,
  sbom: GraalvmSbom,
  report: (code: string, message: string) => void,
): readonly Package[] {
  const byId = new Map<string, Package>();
  const idOfRef = new Map<string, string>();
  let impossible = 0;
  for (const component of [...(sbom.main === undefined ? [] : [sbom.main]), ...sbom.components]) {
    const pkg = toPackage(file, component);
    if (pkg === undefined) impossible += 1;
    else {
      if (component.ref !== undefined && !idOfRef.has(component.ref)) idOfRef.set(component.ref, pkg.id);
      if (!byId.has(pkg.id)) byId.set(pkg.id, component === sbom.main ? asProgram(pkg, file) : pkg);
    }
  }
  if (impossible > 0) report('invalid-name', `${impossible} components are left out: no package can be called so`);
  const edges = new Map<string, Set<string>>();
  for (const { ref, dependsOn } of sbom.dependencies) {
    const from = idOfRef.get(ref);
    if (from === undefined) continue;
    const targets = edges.get(from) ?? new Set<string>();
    edges.set(from, targets);
    for (const target of dependsOn) {
      const to = idOfRef.get(target);
      if (to !== undefined && to !== from) targets.add(to);
    }
  }
  return [...byId.values()].map((pkg) => ({
    ...pkg,
    dependsOn: [...(edges.get(pkg.id) ?? [])].toSorted(compareCodeUnits),
  }));
}

function asProgram(pkg: Package, file: CapturedFile): Package {
  return { ...pkg, kind: 'application', files: [`/${file.entry.path}`] };
}

function toPackage(file: CapturedFile, component: GraalvmComponent): Package | undefined {
  const { group, name, version, purl } = component;
  if (!ID.test(name)) return undefined;
  const path = `/${file.entry.path}`;
  // a group alone may be a name the builder chose; the document's own purl says that it is Maven's
  const isMaven = group !== undefined && ID.test(group) && purl?.startsWith(`pkg:maven/${group}/`) === true;
  const known = version !== undefined && VERSION.test(version) ? version : undefined;
  return {
    type: 'maven',
    ...(group !== undefined && ID.test(group) ? { namespace: group } : {}),
    name,
    ...(known === undefined ? {} : { version: known }),
    ...(isMaven ? {} : { purlKnown: false }),
    locations: [{ path, layer: file.entry.layer }],
    foundBy: 'graalvm',
    evidence: [
      {
        field: isMaven ? 'purl' : 'name',
        technique: 'binary-analysis',
        confidence: 0.95,
        value: "document of GraalVM's native-image",
      },
    ],
    licenses: component.licenses.map((value) => ({ value })),
    id: `${path}#${group ?? ''}:${name}@${known ?? ''}`,
    dependsOn: [],
  };
}
