import { readFile } from 'node:fs/promises';

export interface SbomComponent {
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly evidence?: {
    readonly occurrences?: readonly { readonly location: string }[];
    readonly identity?: readonly {
      readonly concludedValue?: string;
      readonly methods: readonly { readonly value?: string }[];
    }[];
  };
}

export interface Sbom {
  readonly serialNumber: string;
  readonly components: readonly SbomComponent[];
}

/** An SBOM as the command wrote it. */
export async function readSbom(path: string): Promise<Sbom> {
  return JSON.parse(await readFile(path, 'utf8')) as Sbom;
}

/** One row for each place a package of the type was found. */
export function placesOf(sbom: Sbom, purlType: string): readonly { component: SbomComponent; location: string }[] {
  return sbom.components
    .filter((component) => component.purl?.startsWith(`pkg:${purlType}/`))
    .flatMap((component) => (component.evidence?.occurrences ?? []).map(({ location }) => ({ component, location })));
}

/** The same with those that are an OS package's own software, and so evidence of it: what peers list. */
export function allPlacesOf(sbom: Sbom, purlType: string): readonly { component: SbomComponent; location: string }[] {
  return [...placesOf(sbom, purlType), ...sbom.components.flatMap((component) => otherNames(component, purlType))];
}

function otherNames(
  { purl: own, evidence }: SbomComponent,
  purlType: string,
): readonly { component: SbomComponent; location: string }[] {
  return (evidence?.identity ?? []).flatMap(({ concludedValue: purl, methods }) => {
    const [, path, version] = /^pkg:[a-z]+\/([^@?]+)@([^?]+)/.exec(purl ?? '') ?? [];
    if (purl === own || !purl?.startsWith(`pkg:${purlType}/`) || path === undefined || version === undefined) return [];
    const slash = path.lastIndexOf('/');
    const component: SbomComponent = {
      type: 'library',
      ...(slash === -1 ? {} : { group: decodeURIComponent(path.slice(0, slash)) }),
      name: decodeURIComponent(path.slice(slash + 1)),
      version: decodeURIComponent(version),
      purl,
    };
    return methods.map(({ value = '' }) => ({ component, location: value.slice(value.indexOf(': ') + 2) }));
  });
}

/** Full name as the ecosystem writes it. */
export function fullName({ group, name }: SbomComponent): string {
  return group === undefined ? name : `${group}/${name}`;
}
