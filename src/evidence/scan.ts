import { isAppError, type JsonValue } from '../core/index.ts';
import {
  compareSboms,
  readCycloneDxValue,
  type ComparableComponent,
  type ComparableSbom,
  type SbomDifference,
} from '../sbom/index.ts';
import { closedObjectAt, listAt, objectAt, optional, textAt } from './json-shape.ts';

/** How an attested SBOM stands to our own scan of the same image. */
export interface ScanComparison {
  /** Differences that fail, in words. */
  readonly differences: readonly string[];
  /** Differences in what another version of a cataloger found, in words. */
  readonly caveats: readonly string[];
  /** Why the attested document cannot be read, when it cannot. */
  readonly unreadable?: string;
}

/**
 * Compares an attested CycloneDX document with our own scan.
 * @param predicate hostile; a document that cannot be read is said so, never taken for an empty one
 */
export function compareScan(scan: ComparableSbom, predicate: JsonValue): ScanComparison {
  let attested: ComparableSbom;
  try {
    attested = readCycloneDxValue(predicate);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { differences: [], caveats: [], unreadable: error.message };
  }
  const found = compareSboms(attested, scan);
  return {
    differences: found.filter((difference) => difference.severity === 'fail').map(differenceText),
    caveats: found.filter((difference) => difference.severity === 'warn').map(differenceText),
  };
}

function differenceText(difference: SbomDifference): string {
  const { kind, component, field, attested, own } = difference;
  if (kind === 'missing') return `${component} is in the image, not in the SBOM`;
  if (kind === 'added') return `${component} is in the SBOM, not in the image`;
  return `${component}: ${field ?? 'content'} is ${valueText(own)}, the SBOM says ${valueText(attested)}`;
}

function valueText(value: string | readonly string[] | undefined): string {
  const text = value === undefined ? 'absent' : typeof value === 'string' ? value : value.join(' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Gives parsed JSON the type of a scan. @throws AppError EVIDENCE_MALFORMED */
export function readScan(value: JsonValue | undefined, path: string): ComparableSbom {
  const scan = closedObjectAt(value, path, ['catalogers', 'components']);
  const catalogers: Record<string, string> = {};
  for (const [id, version] of Object.entries(objectAt(scan['catalogers'], `${path}.catalogers`))) {
    catalogers[id] = textAt(version, `${path}.catalogers.${id}`);
  }
  return { catalogers, components: listAt(scan['components'], `${path}.components`, readComponent) };
}

const MEMBERS = [
  'key',
  'type',
  'name',
  'group?',
  'version?',
  'purl?',
  'cataloger?',
  'licenses',
  'locations',
  'dependsOn',
];

function readComponent(value: JsonValue, path: string): ComparableComponent {
  const component = closedObjectAt(value, path, MEMBERS);
  const text = (key: string) => (member: JsonValue) => textAt(member, `${path}.${key}`);
  return {
    key: textAt(component['key'], `${path}.key`),
    type: textAt(component['type'], `${path}.type`),
    name: textAt(component['name'], `${path}.name`),
    ...optional('group', component['group'], text('group')),
    ...optional('version', component['version'], text('version')),
    ...optional('purl', component['purl'], text('purl')),
    ...optional('cataloger', component['cataloger'], text('cataloger')),
    licenses: listAt(component['licenses'], `${path}.licenses`, textAt),
    locations: listAt(component['locations'], `${path}.locations`, textAt),
    dependsOn: listAt(component['dependsOn'], `${path}.dependsOn`, textAt),
  };
}

/** The path of a location (`3 /usr/bin/x`, or a path alone). */
export function locationPath(location: string): string {
  return location.replace(/^[0-9]+ (?=\/)/, '');
}
