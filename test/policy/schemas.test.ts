import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { canonicalDecision, decide, lintPolicy } from '../../src/policy/index.ts';
import { openEvidence } from '../../src/evidence/index.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  fakeDigest,
  noChanges,
  policyOf,
  signature,
} from '../support/gate-world.ts';
import { EVERY_WORD } from '../support/policy-words.ts';

function compile(name: string): ValidateFunction {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTypes: false,
    allErrors: true,
    validateFormats: false,
  });
  const path = join(import.meta.dirname, '..', '..', 'schemas', `${name}.schema.json`);
  return ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object);
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every object of a document, with its path. */
function* objects(value: Json, path = ''): Iterable<readonly [string, { [key: string]: Json }]> {
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* objects(item, `${path}[${index}]`);
  else if (typeof value === 'object' && value !== null) {
    yield [path, value];
    for (const [key, member] of Object.entries(value)) yield* objects(member, `${path}.${key}`);
  }
}

/** Maps whose keys are free. */
const FREE = /\.(?:identities|annotations|extensions|checks)$/;

describe('schemas/policy.schema.json', () => {
  const validate = compile('policy');

  test('accepts every word of the file', () => {
    assert.ok(validate(parse(EVERY_WORD)), JSON.stringify(validate.errors, null, 1));
  });

  test('refuses an unknown key wherever the linter does', async () => {
    const paths = [...objects(parse(EVERY_WORD) as Json)].map(([path]) => path).filter((path) => !FREE.test(path));
    assert.ok(paths.length > 20);
    for (const path of paths) {
      const document = parse(EVERY_WORD) as Json;
      const target = [...objects(document)].find(([candidate]) => candidate === path)?.[1];
      target!['surprise'] = 1;
      assert.equal(validate(document), false, path);
      const { policy } = await lintPolicy({ bytes: Buffer.from(JSON.stringify(document)), name: 'p' });
      assert.equal(policy, undefined, path);
    }
  });

  test('agrees with the linter that a key it can do without may be left out, and that others may not', async () => {
    const words = [...objects(parse(EVERY_WORD) as Json)].flatMap(([path, value]) =>
      Object.keys(value).map((key) => [path, key] as const),
    );
    for (const [path, key] of words) {
      if (FREE.test(path)) continue;
      const document = parse(EVERY_WORD) as Json;
      const target = [...objects(document)].find(([candidate]) => candidate === path)?.[1];
      delete target![key];
      const { problems } = await lintPolicy({ bytes: Buffer.from(JSON.stringify(document)), name: 'p' });
      const missing = problems.some(
        (problem) => problem.code === 'POLICY_MISSING_KEY' || problem.code === 'POLICY_NO_CHECKS',
      );
      // names that lead nowhere and pins without a lock are beyond a schema
      if (key === 'lock' || key === 'identities' || key === 'bases') continue;
      assert.equal(
        validate(document),
        !missing,
        `${path} without ${key}: ${JSON.stringify(problems.filter((problem) => problem.severity === 'error'))}`,
      );
    }
  });
});

describe('schemas/evidence.schema.json and decision.schema.json', () => {
  test('describe what is written', async () => {
    const release = await createSigner();
    const image = buildImage({ diffIds: [fakeDigest('a')] });
    const index = buildIndex([{ image, architecture: 'amd64' }]);
    const fact = {
      type: 'file',
      mode: 0o755,
      uid: 0,
      gid: 0,
      sizeBytes: 1,
      sha256: 'a'.repeat(64),
      xattrs: { 'user.x': '00' },
    };
    const comparison = {
      ...noChanges(1),
      changes: [
        {
          path: 'bin/sh',
          before: fact,
          after: fact,
          owner: { package: 'dash', state: 'unchanged' as const },
          shadows: '/bin/sh',
          unexplainedCertificates: 1,
        },
      ],
      accounts: [{ path: 'etc/passwd', user: 'root', kind: 'changed' as const }],
      lostDatabases: ['lib/apk/db/installed'],
    };
    const scan = {
      catalogers: { npm: '1' },
      components: [
        {
          key: 'k',
          type: 'library',
          name: 'n',
          purl: 'pkg:npm/n@1',
          version: '1',
          licenses: ['MIT'],
          locations: ['0 /x'],
          dependsOn: [],
        },
      ],
    };
    const document = evidenceDocument({
      index,
      images: [image],
      facts: { scan, comparisons: [comparison] },
      attached: [await signature(release, index.digest)],
      errors: [{ what: 'tag', subject: image.digest, platform: 'linux/amd64', code: 'X', reason: 'y', exitCode: 4 }],
      unreadable: [{ manifest: fakeDigest('m'), code: 'BUNDLE_TOO_LARGE', reason: 'z' }],
    });
    const evidence = compile('evidence');
    assert.ok(evidence(document), JSON.stringify(evidence.errors, null, 1));
    const policy = await policyOf(EVERY_WORD.replace(/ {2}lockHead: .*\n/, ''), {
      'keys/release.pub': release.publicKey.pem,
      'keys/debian.pub': release.publicKey.pem,
    });
    const decision = await decide(openEvidence(document), policy, { now: new Date('2027-02-01T00:00:00Z') });
    const validate = compile('decision');
    assert.ok(validate(JSON.parse(canonicalDecision(decision))), JSON.stringify(validate.errors, null, 1));
  });
});
