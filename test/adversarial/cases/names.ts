import type { AdversarialCase } from '../contract.ts';
import { APP } from './base.ts';

const SIGNED = 'signatures: { by: [release] }';
const NO_RULE = { verdict: 'deny', exit: 1, codes: ['fail NO_RULE_MATCHED'] } as const;

/** An unsigned image under a name that an attacker chose. */
function named(name: string, as: string, expect: AdversarialCase['expect']): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      await stage.image('app', { layers: [APP] });
      return stage.check('app', { images: [`oci:${stage.file('images')}:app`], as });
    },
    expect,
  };
}

/** Names that only look like one that a rule speaks of. */
export const NAME_CASES: readonly AdversarialCase[] = [
  named('prefix trick: a host that begins like the registry', 'registry.example.com.evil.example/shop/app', NO_RULE),
  named('prefix trick: a repository that begins like the folder', 'registry.example.com/shopping/app', NO_RULE),
  named('the registry’s name in the path of another', 'evil.example/registry.example.com/shop/app', NO_RULE),
  named('Docker Hub’s folder of the same name', 'docker.io/shop/app', NO_RULE),
  named('the folder itself is not in the folder', 'registry.example.com/shop', NO_RULE),
  named('another port is another registry', 'registry.example.com:8443/shop/app', NO_RULE),
  named('upper case and the default port are the same registry', 'Registry.Example.COM:443/shop/app', {
    verdict: 'deny',
    exit: 1,
    codes: ['fail UNSIGNED'],
  }),
  named('a path with ..', 'registry.example.com/play/../shop/app', { refused: 'AS_INVALID', exit: 2 }),
  named('a homoglyph', 'registry.exаmple.com/shop/app', { refused: 'AS_INVALID', exit: 2 }),
  named('an upper-case repository', 'registry.example.com/Shop/app', { refused: 'AS_INVALID', exit: 2 }),
  {
    name: 'a mirror with the same digest is another name: a signature is for a digest, a rule for a name',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      await stage.sign(await stage.image('app', { layers: [APP] }));
      return stage.check('app', { images: [`oci:${stage.file('images')}:app`], as: 'mirror.example.com/shop/app' });
    },
    expect: NO_RULE,
  },
  {
    name: 'a layout without a name: names inside archives are nobody’s word',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      await stage.sign(await stage.image('app', { layers: [APP] }));
      return stage.check('app', { images: [`oci:${stage.file('images')}:app`] });
    },
    expect: NO_RULE,
  },
];
