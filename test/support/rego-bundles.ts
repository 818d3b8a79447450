import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleSpec } from './opa.ts';

const FIXTURES = join(import.meta.dirname, '../policy/rego/fixtures');
const EXAMPLES = join(import.meta.dirname, '../../src/policy/rego/examples');

/** Entrypoints of the examples that ship. */
export const EXAMPLE_ENTRYPOINTS = [
  'waybill/age/deny',
  'waybill/age/warn',
  'waybill/builders/deny',
  'waybill/labels/deny',
  'waybill/licenses/deny',
  'waybill/runtime/deny',
] as const;

const CASE_ENTRYPOINTS = [
  'deny',
  'violation',
  'warn',
  'deny_extra',
  'from_data',
  'undefined',
  'text',
  'truth',
  'helpers',
  'only_warns',
  'package_like',
  'half',
  'deny_slow',
  'deny_large',
  'deny_trap',
  'deny_text',
  'deny_time',
] as const;

export const EXAMPLE_SOURCES: readonly string[] = globSync('*.rego', { cwd: EXAMPLES })
  .toSorted()
  .map((file) => join(EXAMPLES, file));

/** Every bundle that is kept in the repository, with how it is made. */
export const REGO_BUNDLES = {
  examples: {
    sources: EXAMPLE_SOURCES,
    entrypoints: EXAMPLE_ENTRYPOINTS,
    output: join(EXAMPLES, 'examples.tar.gz'),
  },
  cases: {
    sources: [join(FIXTURES, 'cases.rego'), join(FIXTURES, 'data.json')],
    entrypoints: CASE_ENTRYPOINTS.map((name) => `cases/${name}`),
    output: join(FIXTURES, 'cases.tar.gz'),
  },
  missing: {
    sources: [join(FIXTURES, 'missing.rego')],
    entrypoints: ['missing/deny'],
    output: join(FIXTURES, 'missing.tar.gz'),
    unrestricted: true,
  },
} as const satisfies Readonly<Record<string, BundleSpec>>;
