import type { JsonValue } from '../core/index.ts';
import { listAt, objectAt, optional, textAt } from './json-shape.ts';

export interface ScanComponent {
  readonly purl?: string;
  readonly name: string;
  readonly version?: string;
  readonly licenses: readonly string[];
  readonly paths: readonly string[];
}

export interface ComparableSbom {
  readonly components: readonly ScanComponent[];
}

export interface ScanComparison {
  readonly differences: readonly string[];
  readonly caveats: readonly string[];
  readonly unreadable?: string;
}

export function readScan(value: JsonValue | undefined, path: string): ComparableSbom {
  const object = objectAt(value, path);
  return { components: listAt(object['components'], `${path}.components`, readComponent) };
}

function readComponent(value: JsonValue, path: string): ScanComponent {
  const component = objectAt(value, path);
  return {
    name: textAt(component['name'], `${path}.name`),
    ...optional('purl', component['purl'], (purl) => textAt(purl, `${path}.purl`)),
    ...optional('version', component['version'], (version) => textAt(version, `${path}.version`)),
    licenses: listAt(component['licenses'], `${path}.licenses`, textAt),
    paths: listAt(component['paths'], `${path}.paths`, textAt),
  };
}

export function compareScan(scan: ComparableSbom, predicate: JsonValue): ScanComparison {
  const found = readScan(predicate, 'predicate');
  const ours = scan.components.map((component) => component.purl ?? component.name);
  const theirs = found.components.map((component) => component.purl ?? component.name);
  return {
    differences: [
      ...ours.filter((name) => !theirs.includes(name)).map((name) => `missing ${name}`),
      ...theirs.filter((name) => !ours.includes(name)).map((name) => `added ${name}`),
    ],
    caveats: [],
  };
}
