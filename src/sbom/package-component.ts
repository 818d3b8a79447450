import { compareCodeUnits } from '../core/index.ts';
import { packagePurl, type Distribution, type Package, type Supplier } from '../packages/index.ts';
import { cleanEmail, cleanLine, cleanText, cleanUrl } from './clean-text.ts';
import { componentLicenses } from './licenses.ts';
import { sortProperties } from './properties.ts';
import type { SbomBase, SbomComponent, SbomLayer, SbomProperty } from './types.ts';

/** Ecosystems whose namespace CycloneDX calls a group. For Go it is a part of the name; for OS packages it is the distribution. */
const GROUPED: ReadonlySet<string> = new Set(['npm', 'maven', 'composer']);

const CPE = /^cpe:2\.3:[aho](?::[^\s:]+){10}$/;

/** What a component needs to know of the rest of the document. */
export interface ComponentContext {
  readonly layers: readonly SbomLayer[];
  /** Refs by package id. */
  readonly refs: ReadonlyMap<string, string>;
  readonly base?: SbomBase | undefined;
}

/** One package as a component. */
export function packageComponent(pkg: Package, ref: string, context: ComponentContext): SbomComponent {
  const grouped = GROUPED.has(pkg.type);
  const namespace = pkg.namespace ?? '';
  const name = pkg.type === 'golang' && namespace !== '' ? `${namespace}/${pkg.name}` : pkg.name;
  const purl = packagePurl(pkg);
  const cpe = pkg.cpes?.find(
    (text) => text.length < 500 && CPE.test(text) && cleanText(text) === text && !/[<>&"\\]/.test(text),
  );
  return {
    ref,
    type: pkg.kind ?? (pkg.firstParty === true ? 'application' : 'library'),
    ...(grouped && namespace !== '' ? { group: cleanLine(namespace) } : {}),
    name: cleanLine(name),
    ...text('version', pkg.version),
    ...(purl === undefined ? {} : { purl }),
    ...(cpe === undefined ? {} : { cpe }),
    packageType: pkg.type,
    ...(pkg.introducedLayer === undefined ? {} : { introducedLayer: pkg.introducedLayer }),
    foundBy: pkg.foundBy,
    ...supplier(pkg.supplier),
    ...text('author', pkg.author),
    ...text('description', pkg.description, 200),
    ...(pkg.scope === undefined ? {} : { scope: pkg.scope }),
    licenses: componentLicenses(pkg.licenses),
    externalReferences: references(pkg),
    hashes: pkg.hashes ?? [],
    properties: properties(pkg, context),
    identity: pkg.evidence.map((item) => ({
      // what shows a purl shows a name where no purl is claimed
      field: item.field === 'purl' && purl === undefined ? 'name' : item.field,
      technique: item.technique,
      confidence: rounded(item.confidence),
      ...(item.value === undefined ? {} : { value: cleanLine(item.value) }),
    })),
    alsoKnownAs: (pkg.alsoKnownAs ?? []).map(({ purl, foundBy, locations, evidence }) => ({
      purl: cleanText(purl),
      foundBy,
      path: cleanText(locations[0]?.path ?? ''),
      ...(evidence === undefined ? {} : { technique: evidence.technique, confidence: rounded(evidence.confidence) }),
    })),
    occurrences: pkg.locations.map(({ path, inside, layer }) => ({
      path: cleanText(inside === undefined ? path : `${path}:${inside}`),
      layer,
    })),
  };
}

function rounded(confidence: number): number {
  return Math.round(Math.min(1, Math.max(0, confidence || 0)) * 1000) / 1000;
}

/** The operating system as a component. */
export function operatingSystem(distribution: Distribution): SbomComponent {
  const version = distribution.versionId ?? distribution.buildId;
  const website = cleanUrl(distribution.homepage);
  const facts: SbomProperty[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '')
      facts.push({ name: `waybill:distribution:${name}`, value: cleanLine(value) });
  };
  add('pointRelease', distribution.pointRelease);
  add('codename', distribution.codename);
  add('variantId', distribution.variantId);
  for (const id of distribution.idLike) add('idLike', id);
  return {
    ref: cleanLine(`os:${distribution.id}${version === undefined ? '' : `@${version}`}`),
    type: 'operating-system',
    name: cleanLine(distribution.id),
    ...text('version', version),
    ...text('description', distribution.prettyName, 200),
    ...(distribution.cpe !== undefined && CPE.test(distribution.cpe) && !/[<>&"\\]/.test(distribution.cpe)
      ? { cpe: cleanText(distribution.cpe) }
      : {}),
    licenses: [],
    hashes: [],
    alsoKnownAs: [],
    externalReferences: website === undefined ? [] : [{ type: 'website', url: website }],
    properties: sortProperties(facts),
    identity: [],
    occurrences: [{ path: cleanText(distribution.path), layer: -1 }],
  };
}

function text<Key extends string>(
  key: Key,
  value: string | undefined,
  maxChars?: number,
): { readonly [K in Key]?: string } {
  const line = value === undefined ? '' : cleanLine(value, maxChars);
  return line === '' ? {} : ({ [key]: line } as { readonly [K in Key]?: string });
}

function supplier(value: Supplier | undefined): { readonly supplier?: Supplier } {
  if (value === undefined) return {};
  const name = cleanLine(value.name);
  const email = cleanEmail(value.email);
  const url = cleanUrl(value.url);
  if (name === '' && email === undefined) return {};
  return {
    supplier: {
      name: name === '' ? email! : name,
      ...(email === undefined ? {} : { email }),
      ...(url === undefined ? {} : { url }),
    },
  };
}

function references(pkg: Package): SbomComponent['externalReferences'] {
  const candidates = [
    ['distribution', cleanUrl(pkg.downloadUrl)],
    ['vcs', cleanUrl(pkg.sourceUrl)],
    ['website', cleanUrl(pkg.homepage)],
  ] as const;
  return candidates.flatMap(([type, url]) => (url === undefined ? [] : [{ type, url }]));
}

function properties(pkg: Package, { layers, refs, base }: ComponentContext): readonly SbomProperty[] {
  const found: SbomProperty[] = [
    { name: 'waybill:cataloger', value: cleanLine(pkg.foundBy) },
    { name: 'waybill:package:type', value: pkg.type },
  ];
  const [primary] = pkg.locations;
  const layer = pkg.introducedLayer ?? primary?.layer ?? -1;
  if (layer >= 0) {
    found.push({ name: 'waybill:layer:index', value: String(layer) });
    const diffId = layers[layer]?.diffId;
    if (diffId !== undefined) found.push({ name: 'waybill:layer:diffId', value: diffId });
  }
  const share = base?.shares.get(pkg.id);
  if (share !== undefined) found.push({ name: 'waybill:base', value: share.share });
  for (const version of share?.from ?? []) found.push({ name: 'waybill:base:from', value: cleanLine(version) });
  const whole = pkg.partOf === undefined ? undefined : refs.get(pkg.partOf);
  if (whole !== undefined) found.push({ name: 'waybill:part-of', value: whole });
  for (const { purl } of pkg.alsoKnownAs ?? []) found.push({ name: 'waybill:also-known-as', value: cleanLine(purl) });
  for (const { algorithm, hex } of pkg.distributionHashes ?? [])
    found.push({ name: `waybill:distribution:${algorithm}`, value: cleanLine(hex) });
  for (const key of Object.keys(pkg.properties ?? {}).toSorted(compareCodeUnits)) {
    const value = pkg.properties?.[key] ?? '';
    if (value === '') continue;
    const name = key.startsWith('waybill:') ? key : `waybill:${key}`;
    found.push({ name: cleanLine(name, 200), value: cleanLine(value) });
  }
  return sortProperties(found);
}
