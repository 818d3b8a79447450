import { readFile } from 'node:fs/promises';

export interface SbomComponent {
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly evidence?: { readonly occurrences?: readonly { readonly location: string }[] };
}

export interface Sbom {
  readonly serialNumber: string;
  readonly components: readonly SbomComponent[];
}

/** An SBOM as the command wrote it. */
export async function readSbom(path: string): Promise<Sbom> {
  return JSON.parse(await readFile(path, 'utf8')) as Sbom;
}

/** One row for each place a package of the type was found, sorted: what peers list. */
export function placesOf(sbom: Sbom, purlType: string): readonly { component: SbomComponent; location: string }[] {
  return sbom.components
    .filter((component) => component.purl?.startsWith(`pkg:${purlType}/`))
    .flatMap((component) => (component.evidence?.occurrences ?? []).map(({ location }) => ({ component, location })));
}

/** Full name as the ecosystem writes it. */
export function fullName({ group, name }: SbomComponent): string {
  return group === undefined ? name : `${group}/${name}`;
}
