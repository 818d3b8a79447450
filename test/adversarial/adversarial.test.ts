import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BASE_CASES } from './cases/base.ts';
import { DEPLOYMENT_CASES } from './cases/deployment.ts';
import { IDENTITY_CASES } from './cases/identity.ts';
import { LOCK_CASES } from './cases/lock.ts';
import { NAME_CASES } from './cases/names.ts';
import { POLICY_CASES } from './cases/policy.ts';
import { PROVENANCE_CASES } from './cases/provenance.ts';
import { REGISTRY_CASES } from './cases/registry.ts';
import { REGO_CASES } from './cases/rego.ts';
import { SCRATCH_CASES } from './cases/scratch.ts';
import { SIGNATURE_CASES } from './cases/signatures.ts';
import { TAMPER_CASES } from './cases/tamper.ts';
import { judgeCase, type AdversarialCase } from './contract.ts';
import { openAdversarialWorld, type AdversarialWorld } from './world.ts';

const SUITES: Readonly<Record<string, readonly AdversarialCase[]>> = {
  base: BASE_CASES,
  scratch: SCRATCH_CASES,
  lock: LOCK_CASES,
  tamper: TAMPER_CASES,
  provenance: PROVENANCE_CASES,
  signatures: SIGNATURE_CASES,
  identities: IDENTITY_CASES,
  registry: REGISTRY_CASES,
  names: NAME_CASES,
  policy: POLICY_CASES,
  deployment: DEPLOYMENT_CASES,
  rego: REGO_CASES,
};

describe('adversarial images, policies and registries', () => {
  let world: AdversarialWorld;
  before(async () => {
    world = await openAdversarialWorld();
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [subject, cases] of Object.entries(SUITES)) {
    describe(subject, () => {
      for (const adversarial of cases) {
        test(adversarial.name, async () => {
          await using stage = await world.stage();
          await judgeCase(adversarial, stage);
        });
      }
    });
  }

  test('every case has a name of its own', () => {
    const names = Object.entries(SUITES).flatMap(([subject, cases]) => cases.map(({ name }) => `${subject}: ${name}`));
    assert.equal(new Set(names).size, names.length);
  });
});
