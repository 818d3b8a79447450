import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { KeySigner } from '../../../src/keys/index.ts';
import { decide, listPolicyInputs, type PolicyInput } from '../../../src/policy/index.ts';
import { schemaValidator } from '../../support/cli/schemas.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  buildKitAttestation,
  createSigner,
  evidenceView,
  fakeDigest,
  signature,
  type ImageFacts,
} from '../../support/gate-world.ts';
import { image, regoPolicy, WHOLE } from '../../support/rego-world.ts';
import { buildKitV1, PROVENANCE_V1 } from '../../support/slsa-fixtures.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const REGO = '{ bundle: cases.tar.gz, entrypoint: cases/deny }';

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

async function inputOf(facts: Partial<ImageFacts> = {}, rest = '}'): Promise<PolicyInput> {
  const view = evidenceView({ images: [image], facts: WHOLE, ...facts });
  const { choices } = await listPolicyInputs(view, await regoPolicy(release, REGO, rest), { now: NOW });
  assert.equal(choices.length, 1);
  const seen = choices[0]!.read();
  assert.ok('input' in seen, JSON.stringify(seen));
  return seen.input;
}

describe('the document that a policy sees', () => {
  const validate = schemaValidator('gate-input');

  test('fits its schema, with everything in it', async () => {
    const input = await inputOf({
      attached: [
        await signature(release, image.digest, { annotations: { env: 'prod' } }),
        await attestation(release, image.digest, { type: 'https://example.com/p', predicate: { a: [1, null] } }),
        await signature(stranger, image.digest),
      ],
    });
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 5)));
    assert.equal(input.time, '2026-11-24T12:00:00.000Z');
    assert.deepEqual(
      [input.rule, input.image.name, input.image.tag, input.image.digest, input.image.pinned, input.platform.name],
      ['shop', 'registry.example.com/shop/web', 'v1', image.digest, false, 'linux/amd64'],
    );
    assert.deepEqual(
      input.platform.layers.map(({ index, base: isBase }) => [index, isBase]),
      [
        [0, true],
        [1, false],
      ],
    );
    assert.equal(input.base.level, 'content');
    assert.deepEqual(
      input.base.matches.map(({ entry, tag, allowed, refusal }) => [entry, tag, allowed, refusal]),
      [['debian', '12', true, null]],
    );
    assert.deepEqual(
      input.base.claims.map(({ source, confirmed }) => [source, confirmed]),
      [['annotation', true]],
    );
    assert.deepEqual(input.sbom.components[0]?.locations, [
      { path: '/app/package.json', layer: 1 },
      { path: '/unknown', layer: null },
    ]);
  });

  test('tells what the scan could not read', async () => {
    const unread = { count: 1, items: [{ code: 'file-too-large', source: 'image', path: '/app/x' }] };
    const input = await inputOf({ facts: { ...WHOLE, unread } });
    assert.deepEqual(input.sbom.unread, unread);
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 5)));
    assert.deepEqual((await inputOf()).sbom.unread, { count: 0, items: [] });
  });

  test('its schema lets nothing else in', async () => {
    const attached = [
      await signature(release, image.digest),
      await attestation(release, image.digest, { type: 'https://example.com/p', predicate: {} }),
      await signature(stranger, image.digest),
    ];
    const rest = `}
exceptions:
  - { rule: shop, check: base, images: ["registry.example.com/shop/*"], reason: a, owner: o, expires: 2026-12-31 }`;
    const document = JSON.parse(JSON.stringify(await inputOf({ attached }, rest))) as Json;
    assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 3)));
    const free = ['annotations', 'labels', 'env', 'catalogers', 'predicate'];
    let mutations = 0;
    for (const { path, value } of walk(document)) {
      if (free.some((word) => path.includes(word))) continue;
      mutations += 1;
      assert.equal(validate(changed(document, path, { alien: [] })), false, `${path.join('.')} of another type`);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      assert.equal(validate(changed(document, path, { ...value, alien: 1 })), false, `${path.join('.')} with more`);
    }
    assert.ok(mutations > 150, `only ${mutations}`);
  });

  test('only what the policy’s own identities vouch for stands under signatures and attestations', async () => {
    const predicate = { secret: 'hidden words' };
    const input = await inputOf({
      attached: [
        await signature(release, image.digest),
        await attestation(stranger, image.digest, { type: 'https://example.com/p', predicate }),
        await attestation(release, fakeDigest('elsewhere'), {
          type: 'https://example.com/p',
          predicate,
          at: image.digest,
        }),
      ],
    });
    assert.deepEqual(
      input.signatures.map(({ identities }) => identities),
      [['release']],
    );
    assert.deepEqual(input.attestations, []);
    assert.deepEqual(input.unverified.map(({ code }) => code).toSorted(), ['SUBJECT_MISMATCH', 'UNTRUSTED_KEY']);
    assert.doesNotMatch(JSON.stringify(input), /hidden words/);
  });

  test('what BuildKit put beside a platform is unverified; where it was not collected there is no document', async () => {
    const built = buildKitAttestation(image.digest, [{ type: PROVENANCE_V1, predicate: buildKitV1({ images: [] }) }]);
    const index = buildIndex([
      { image, architecture: 'amd64' },
      {
        image: built,
        architecture: 'unknown',
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
      },
    ]);
    const input = await inputOf({ index, images: [image], build: [built] });
    assert.deepEqual(input.attestations, []);
    assert.deepEqual(
      input.unverified.map(({ code, predicateType, foundAt }) => [code, predicateType, foundAt]),
      [['UNSIGNED', PROVENANCE_V1, [built.digest]]],
    );
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 3)));
    const loaded = await regoPolicy(release, REGO, '}');
    const decision = await decide(evidenceView({ index, images: [image], facts: WHOLE }), loaded, { now: NOW });
    assert.match(JSON.stringify(decision), /"code":"REGO_INPUT_INCOMPLETE"/);
  });

  test('exceptions are the rule’s own, lapsed ones marked', async () => {
    const rest = `}
exceptions:
  - { rule: shop, check: base, images: ["registry.example.com/shop/*"], reason: a, owner: o, ticket: T-1, expires: 2026-12-31 }
  - { rule: shop, check: files, images: ["registry.example.com/shop/*"], reason: b, owner: o, expires: 2026-01-01 }
  - { rule: shop, check: files, images: ["registry.example.com/other"], reason: c, owner: o, expires: 2026-12-31 }`;
    const input = await inputOf({}, rest);
    assert.deepEqual(
      input.exceptions.map(({ check, ticket, lastDay, lapsed }) => [check, ticket, lastDay, lapsed]),
      [
        ['base', 'T-1', '2026-12-31', false],
        ['files', null, '2026-01-01', true],
      ],
    );
  });

  test('a key of the image that JavaScript knows is a key like any other', async () => {
    const labels = { constructor: 'x', toString: 'y' };
    const odd = buildImage({ diffIds: [fakeDigest('odd')], labels });
    const input = await inputOf({ images: [odd] });
    assert.deepEqual(input.platform.config.labels, { constructor: 'x', toString: 'y' });
    assert.ok(validate(JSON.parse(JSON.stringify(input))), JSON.stringify(validate.errors?.slice(0, 3)));
  });
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly (string | number)[];

/** Everything in a document, with where it is. */
function* walk(value: Json, path: Path = []): Generator<{ readonly path: Path; readonly value: Json }> {
  yield { path, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    yield* walk(member, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** A copy with something else at a path. */
function changed(value: Json, path: Path, other: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return other;
  if (Array.isArray(value))
    return value.map((item: Json, index) => (index === key ? changed(item, rest, other) : item));
  const object = value as { readonly [key: string]: Json };
  return { ...object, [key]: changed(object[key] ?? null, rest, other) };
}
