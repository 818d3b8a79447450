import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { RustAuditPackage } from '../../formats/index.ts';
import type { CatalogNote, Diagnostic, Location, Package } from '../../packages/index.ts';
import { ENOUGH_PACKAGES, type Cataloger, type CatalogContext, type CatalogResult } from '../contract.ts';
import { parseRustAudit } from './rust-audit.ts';

const MiB = 1024 * 1024;
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_-]{0,127}$/u;
const VERSION = /^\d{1,20}\.\d{1,20}\.\d{1,20}(?:[-+][0-9A-Za-z.+-]{1,128})?$/;
const SOURCE = /^[!-~]{1,64}$/;
/** The one registry whose crates a purl names without saying more. */
const CRATES_IO = 'crates.io';

/** Crates that Rust programs were built from, where the build embedded their list. */
export const rustCataloger: Cataloger = {
  id: 'rust',
  title: 'Rust crates in executables',
  version: 3,
  specifications: [
    'https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md',
    'https://rustsec.org/schemas/cargo-auditable.json',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md',
  ],
  statement: {
    packageTypes: ['cargo'],
    reads: [
      'executables (ELF, PE, Mach-O) with the list of cargo auditable',
      '*.wasm with such a list',
      'ELF executables that name the Rust compiler, without such a list, as known unknowns',
    ],
    licenses: false,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'rust/executables', executables: true, extract: { kind: 'rust-audit' }, maxBytes: 512 * MiB },
    { id: 'rust/modules', suffixes: ['.wasm'], extract: { kind: 'rust-audit' }, maxBytes: 128 * MiB },
  ],
  catalog,
};

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const packages: Package[] = [];
  const notes: CatalogNote[] = [];
  for (const file of [...context.view.captured('rust/executables'), ...context.view.captured('rust/modules')]) {
    if (packages.length >= ENOUGH_PACKAGES) break;
    const path = `/${file.entry.path}`;
    const report = (code: string, message: string): void => {
      diagnostics.push({ code, severity: 'warning', message, path, source: 'rust' });
    };
    const audit = parseRustAudit(file.bytes);
    if (audit === undefined) report('unreadable-binary', 'the extracted list of crates is malformed');
    else if (audit.packages !== undefined) {
      if (audit.truncated === true)
        report('too-many-crates', 'crates or edges beyond those of any real program are missing');
      packages.push(...packagesOf(file, { packages: audit.packages, rustc: audit.rustc }, report));
    } else if (audit.problem !== undefined) report('unreadable-binary', audit.problem);
    else if (audit.rustc !== undefined) notes.push(withoutList(path, audit.rustc));
  }
  return { packages, diagnostics, notes };
}

function withoutList(path: string, rustc: string): CatalogNote {
  const message = `holds code that Rust ${rustc} compiled, and no list of the crates it came from`;
  return { kind: 'known-unknown', code: 'rust-without-crates', message, path, source: 'rust', facts: { rustc } };
}

interface ProgramList {
  readonly packages: readonly RustAuditPackage[];
  readonly rustc: string | undefined;
}

/** What ends up in the program: crates that only its build ran are no part of it. */
function packagesOf(
  file: CapturedFile,
  list: ProgramList,
  report: (code: string, message: string) => void,
): readonly Package[] {
  const location = { path: `/${file.entry.path}`, layer: file.entry.layer };
  const linked = list.packages.map(({ kind = 'runtime' }) => kind !== 'build' && kind !== 'development');
  const named = list.packages.map(({ name }, index) => linked[index] === true && NAME.test(name));
  const nameless = linked.filter((isLinked, index) => isLinked && named[index] !== true).length;
  if (nameless > 0) report('invalid-name', `${nameless} crates are left out: no crate can be called so`);
  const idOf = (index: number): string => `${location.path}#${index}`;
  return list.packages.flatMap((crate, index) => {
    if (named[index] !== true) return [];
    const targets = new Set((crate.dependencies ?? []).filter((target) => target !== index && named[target] === true));
    const dependsOn = [...targets].map(idOf).toSorted(compareCodeUnits);
    return [{ ...cratePackage(crate, location, list.rustc), id: idOf(index), dependsOn }];
  });
}

function cratePackage(
  crate: RustAuditPackage,
  location: Location,
  rustc: string | undefined,
): Omit<Package, 'id' | 'dependsOn'> {
  const isPublished = crate.source === CRATES_IO;
  const source = SOURCE.test(crate.source) ? crate.source : 'unknown';
  const properties: Record<string, string> = {
    ...(isPublished ? {} : { 'cargo:source': source }),
    ...(crate.root === true && rustc !== undefined ? { 'cargo:rustc': rustc } : {}),
  };
  return {
    type: 'cargo',
    name: crate.name,
    ...(VERSION.test(crate.version) ? { version: crate.version } : {}),
    // a folder or a fork may have the name and version of a published crate: it is another package, and has no purl
    ...(isPublished ? {} : { qualifiers: { source }, purlKnown: false }),
    locations: [location],
    foundBy: 'rust',
    evidence: [{ field: 'purl', technique: 'binary-analysis', confidence: 1, value: 'list of cargo auditable' }],
    licenses: [],
    // a crate of the program's own workspace is linked into it all the same
    ...(crate.source === 'local' ? { firstParty: true, kind: 'library' as const } : {}),
    ...(crate.root === true ? { kind: 'application' as const, files: [location.path] } : {}),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  };
}
