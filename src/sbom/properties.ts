import { compareCodeUnits } from '../core/index.ts';
import type { SbomProperty } from './types.ts';

/** By name, then value. */
export function sortProperties(properties: readonly SbomProperty[]): readonly SbomProperty[] {
  return properties.toSorted((a, b) => compareCodeUnits(a.name, b.name) || compareCodeUnits(a.value, b.value));
}
