import type { Package } from '../../src/packages/index.ts';

/** A package with as little as one needs, found at a path. */
export function pkg(name: string, path: string, fields: Partial<Package> = {}): Package {
  return {
    type: 'npm',
    name,
    version: '1',
    locations: [{ path, layer: 0 }],
    foundBy: 'fake',
    evidence: [],
    licenses: [],
    id: path,
    dependsOn: [],
    ...fields,
  };
}
