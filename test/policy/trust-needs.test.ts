import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evidenceNeeds } from '../../src/policy/index.ts';
import { createSigner, lockBytes, policyOf } from '../support/gate-world.ts';
import { CI_IDENTITY, newWorld, rootBytes } from '../support/keyless-world.ts';

const signer = await createSigner();
const root = rootBytes(newWorld());

async function needsTrust(
  rule: string,
  given: { readonly bases?: string; readonly trust?: string } = {},
): Promise<boolean> {
  const loaded = await policyOf(
    `apiVersion: waybill.dev/v1
kind: Policy
${given.trust ?? ''}
identities:
  ci: ${CI_IDENTITY}
  key: { key: key.pub }
  logged: { key: key.pub, requireTransparencyLog: true }
${given.bases ?? ''}
rules: [{ name: r, images: ["registry.example.com/**"], ${rule} }]
`,
    { 'key.pub': signer.publicKey.pem, 'root.json': root, 'lock.jsonl': lockBytes([]) },
  );
  assert.equal(evidenceNeeds(loaded.policy, 'elsewhere.example.com/x').trust, undefined);
  return evidenceNeeds(loaded.policy, 'registry.example.com/x').trust === true;
}

const bases = (words: string, entry: string): string =>
  `bases: { lock: lock.jsonl, ${words} entries: [{ name: debian, image: docker.io/library/debian, ${entry} }, { name: other, image: docker.io/library/other, signedBy: [ci] }] }`;

describe('evidenceNeeds: a trusted root', () => {
  for (const [what, rule, given, expected] of [
    ['signatures by keys', 'signatures: { by: [key] }', {}, false],
    ['signatures by an identity', 'signatures: { by: [key, ci] }', {}, true],
    ['a key whose log entry is demanded', 'signatures: { by: [logged] }', {}, true],
    ['an age', 'signatures: { by: [key], maxAge: 30d }', {}, true],
    ['attestations by an identity', 'attestations: [{ type: vuln, by: [ci] }]', {}, true],
    ['a summary by an identity', 'vsa: { by: [ci] }', {}, true],
    ['the age of a summary', 'vsa: { by: [key], maxAge: 7d }', {}, true],
    ['a base signed by keys', 'base: { allow: [debian] }', { bases: bases('', 'signedBy: [key]') }, false],
    ['a base signed by an identity', 'base: { allow: [debian] }', { bases: bases('', 'signedBy: [ci]') }, true],
    [
      'a lock signed by an identity',
      'base: { allow: [debian] }',
      { bases: bases('lockSignedBy: [ci],', 'signedBy: [key]') },
      true,
    ],
    ['a policy that brings its own', 'signatures: { by: [ci] }', { trust: 'trust: { trustedRoot: root.json }' }, false],
  ] as const) {
    test(`${what}: ${expected ? 'needed' : 'not needed'}`, async () => {
      assert.equal(await needsTrust(rule, given), expected);
    });
  }
});
