import { canonicalJson, sha256Hex } from '../core/index.ts';
import { cleanLine, cleanText } from './clean-text.ts';
import { sortProperties } from './properties.ts';
import { encodePurlPart } from './root-component.ts';
import { serialNumber } from './serial-number.ts';
import { platformSkew, type PlatformDocument } from './skew.ts';
import type { SbomComponent, SbomDocument, SbomProperty } from './types.ts';

export interface IndexInput {
  /** Canonical repository, when the image has one. */
  readonly name?: string;
  readonly tag?: string;
  /** Of the index. */
  readonly digest: string;
  readonly mediaType: string;
  /** One for each platform manifest, in the index's order. */
  readonly platforms: readonly PlatformDocument[];
  readonly tool: { readonly name: string; readonly version: string };
}

const MAX_SKEW_LINES = 1000;

/**
 * The bill of materials of an index: one component for each platform's image, each with a BOM-Link to the platform's own SBOM, and what differs between the
 * platforms as properties `waybill:skew`. The timestamp is the latest of the platforms'.
 * @see https://cyclonedx.org/capabilities/bomlink/
 */
export function buildIndexDocument(input: IndexInput): SbomDocument {
  const { platforms } = input;
  const purl = indexPurl(input);
  const rootRef = cleanText(purl ?? input.digest);
  const taken = new Set([rootRef]);
  const components = platforms.map((platform) => platformComponent(platform, taken));
  const refs = components.map(({ ref }) => ref);
  const timestamp = platforms
    .flatMap(({ document }) => document.timestamp ?? [])
    .toSorted()
    .at(-1);
  return {
    serialNumber: serialNumber({
      index: input.digest,
      name: input.name ?? null,
      tag: input.tag ?? null,
      platforms: platforms.map(({ document }) => document.serialNumber),
    }),
    ...(timestamp === undefined ? {} : { timestamp }),
    tool: input.tool,
    root: {
      ref: rootRef,
      name: cleanLine(input.name ?? 'image'),
      version: cleanLine(input.tag ?? input.digest),
      ...(purl === undefined ? {} : { purl }),
      ...(input.digest.startsWith('sha256:') ? { manifestSha256: input.digest.slice('sha256:'.length) } : {}),
      properties: sortProperties([
        { name: 'waybill:image:manifest:digest', value: input.digest },
        { name: 'waybill:image:manifest:mediaType', value: cleanLine(input.mediaType) },
        ...(input.tag === undefined ? [] : [{ name: 'waybill:image:tag', value: cleanLine(input.tag) }]),
      ]),
    },
    components,
    dependencies: new Map<string, readonly string[]>([
      [rootRef, refs.toSorted()],
      ...refs.map((ref) => [ref, []] as const),
    ]),
    completeness: platforms.some(({ document }) => document.completeness === 'incomplete') ? 'incomplete' : 'unknown',
    catalogers: platforms[0]?.document.catalogers ?? [],
    properties: skewProperties(platforms),
    knownUnknowns: [],
    notes: [],
  };
}

function platformComponent({ platform, document }: PlatformDocument, taken: Set<string>): SbomComponent {
  const { root } = document;
  const ref = taken.has(root.ref) ? `${root.ref}#${sha256Hex(platform).slice(0, 12)}` : root.ref;
  taken.add(ref);
  return {
    ref,
    type: 'container',
    name: root.name,
    ...(root.version === undefined ? {} : { version: root.version }),
    ...(root.purl === undefined ? {} : { purl: root.purl }),
    licenses: [],
    externalReferences: [{ type: 'bom', url: bomLink(document) }],
    hashes: root.manifestSha256 === undefined ? [] : [{ algorithm: 'SHA-256', hex: root.manifestSha256 }],
    properties: [{ name: 'waybill:image:platform', value: cleanLine(platform) }],
    identity: [],
    alsoKnownAs: [],
    occurrences: [],
  };
}

/** `urn:cdx:SERIAL/1`. */
function bomLink({ serialNumber: serial }: SbomDocument): string {
  return `urn:cdx:${serial.slice('urn:uuid:'.length)}/1`;
}

function skewProperties(platforms: readonly PlatformDocument[]): readonly SbomProperty[] {
  const skew = platformSkew(platforms);
  const lines = skew.slice(0, MAX_SKEW_LINES).map(({ name, versions }) => ({
    name: 'waybill:skew',
    value: cleanLine(`${name} ${canonicalJson(versions)}`),
  }));
  if (skew.length === lines.length) return sortProperties(lines);
  return sortProperties([...lines, { name: 'waybill:skew:omitted', value: String(skew.length - lines.length) }]);
}

function indexPurl({ name, digest, tag }: IndexInput): string | undefined {
  if (name === undefined) return undefined;
  const last = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const qualifiers = [`repository_url=${encodePurlPart(name.toLowerCase())}`];
  if (tag !== undefined) qualifiers.push(`tag=${encodePurlPart(tag)}`);
  return `pkg:oci/${encodePurlPart(last)}@${encodePurlPart(digest)}?${qualifiers.join('&')}`;
}
