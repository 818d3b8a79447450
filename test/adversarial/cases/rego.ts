import { copyFileSync } from 'node:fs';
import { REGO_BUNDLES } from '../../support/rego-bundles.ts';
import type { AdversarialCase } from '../contract.ts';
import { APP } from './base.ts';

type Bundle = keyof typeof REGO_BUNDLES;

/** A rule with one Rego policy, about an ordinary image. */
function rego(
  name: string,
  { bundle, entrypoint, more = '' }: { readonly bundle: Bundle; readonly entrypoint: string; readonly more?: string },
  expect: AdversarialCase['expect'],
): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      copyFileSync(REGO_BUNDLES[bundle].output, stage.file('rules.tar.gz'));
      stage.policy({ rule: 'base: { allow: [tiny], tamper: allow }' });
      await stage.image('base', { layers: [{ 'etc/tiny': 'tiny\n' }] });
      await stage.lock();
      stage.policy({ rule: `rego: [{ bundle: rules.tar.gz, entrypoint: ${entrypoint} }]${more}` });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect,
  };
}

function errorOf(code: string): AdversarialCase['expect'] {
  return { verdict: 'deny', exit: 2, codes: [`error ${code}`] };
}

/** Policies that give no answer, or one that is none. */
export const REGO_CASES: readonly AdversarialCase[] = [
  rego(
    'a policy with nothing against the image',
    { bundle: 'cases', entrypoint: 'cases/deny' },
    {
      verdict: 'allow',
      exit: 0,
      codes: [],
      passes: ['REGO_PASSED'],
    },
  ),
  rego(
    'undefined Rego result: neither yes nor no',
    { bundle: 'cases', entrypoint: 'cases/undefined' },
    errorOf('REGO_UNDEFINED'),
  ),
  rego(
    'undefined Rego result in a rule that only warns is an error all the same',
    { bundle: 'cases', entrypoint: 'cases/undefined', more: ', mode: warn' },
    { verdict: 'deny', exit: 1, codes: ['error REGO_UNDEFINED', 'fail NO_RULE_MATCHED'] },
  ),
  rego(
    'Rego calling a missing builtin',
    { bundle: 'missing', entrypoint: 'missing/deny' },
    errorOf('REGO_BUILTIN_MISSING'),
  ),
  rego(
    'an entrypoint that is not there',
    { bundle: 'cases', entrypoint: 'cases/none' },
    errorOf('REGO_ENTRYPOINT_MISSING'),
  ),
  rego('a trap', { bundle: 'cases', entrypoint: 'cases/deny_trap' }, errorOf('REGO_TRAP')),
  rego('a policy that eats all memory', { bundle: 'cases', entrypoint: 'cases/deny_large' }, errorOf('REGO_MEMORY')),
  rego(
    'allow := true is no answer that refuses anything',
    { bundle: 'cases', entrypoint: 'cases/truth' },
    errorOf('REGO_RESULT_INVALID'),
  ),
  rego('a text in the place of a set', { bundle: 'cases', entrypoint: 'cases/text' }, errorOf('REGO_RESULT_INVALID')),
  rego(
    'helpers in the place of deny',
    { bundle: 'cases', entrypoint: 'cases/helpers' },
    errorOf('REGO_RESULT_INVALID'),
  ),
  rego(
    'a package that can only warn',
    { bundle: 'cases', entrypoint: 'cases/only_warns' },
    errorOf('REGO_RESULT_INVALID'),
  ),
  rego('half a package', { bundle: 'cases', entrypoint: 'cases/half' }, errorOf('REGO_RESULT_INVALID')),
  {
    name: 'a bundle that is none',
    attack: async (stage) => {
      stage.policy({ rule: 'rego: [{ bundle: rules.tar.gz, entrypoint: x/deny }]' });
      stage.write('rules.tar.gz', 'no bundle');
      stage.write('bases.lock.jsonl', '');
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: errorOf('REGO_BUNDLE_INVALID'),
  },
];
