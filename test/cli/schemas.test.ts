import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { schemaValidator, resultSchemaName } from '../support/cli/schemas.ts';
import { ended, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly (string | number)[];

/** Everything in a document, with where it is. */
function* walk(value: Json, path: Path = []): Generator<{ readonly path: Path; readonly value: Json }> {
  yield { path, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value))
    yield* walk(member, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** A copy in which what is at `path` is changed. */
function changed(value: Json, path: Path, change: (old: Json) => Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item: Json, index) => (index === key ? changed(item, rest, change) : item));
  const object = value as { readonly [key: string]: Json };
  return { ...object, [key]: changed(object[key] ?? null, rest, change) };
}

describe('schemas of results', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('release oci:images:app --key ours.key'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  for (const [name, command, status] of [
    ['sbom create', 'sbom create oci:images:app --json -o table=table.txt', 0],
    ['image files', 'image files oci:images:app --json', 0],
    ['sbom catalogers', 'sbom catalogers --json', 0],
    ['verify', 'verify oci:images:app --key ours.pub --insecure-ignore-tlog --json', 0],
    ['verify', 'verify oci:images:app --key ours.pub --json', 1],
    ['tree', 'tree oci:images:app --json', 0],
    ['release', 'release oci:images:app --key ours.key --json', 0],
    ['sign', 'sign oci:images:app --key ours.key --json', 0],
    ['blob sign', 'blob sign ours.pub --key ours.key --json', 0],
    [
      'blob attest',
      'blob attest ours.pub --type custom --predicate images/index.json --bundle attested.json --key ours.key --json',
      0,
    ],
    ['copy', 'copy oci:images:app oci:copied --json', 0],
    ['clean', 'clean oci:images:app --dry-run --json', 0],
    ['base detect', 'base detect oci:images:app --json', 0],
    ['key generate', 'key generate --output-key-prefix more --json', 0],
    ['trust show', 'trust show --offline --json', 0],
    ['error', 'tree oci:nowhere --json', 6],
  ] as const) {
    test(`${command}: valid, and neither with a member more, nor of another type, nor one less`, async () => {
      const document = JSON.parse(ended(await bench.run(command), status).stdout) as Json;
      const validate = schemaValidator(resultSchemaName(name));
      assert.ok(validate(document), JSON.stringify(validate.errors));
      let mutations = 0;
      for (const { path, value } of walk(document)) {
        // free by contract
        if (path.includes('details') || path.includes('annotations')) continue;
        mutations += 1;
        assert.equal(
          validate(changed(document, path, () => ({ alien: [] }))),
          false,
          `${path.join('.')} of another type`,
        );
        if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
        assert.equal(
          validate(changed(document, path, (old) => ({ ...(old as object), alien: 1 }))),
          false,
          path.join('.'),
        );
      }
      assert.ok(mutations >= 5);
      for (const key of Object.keys(document as object)) {
        const { [key]: _, ...rest } = document as Record<string, Json>;
        assert.equal(validate(rest), false, `without ${key}`);
      }
    });
  }
});
