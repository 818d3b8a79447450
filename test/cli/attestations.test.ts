import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseBundle, parseStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const OTHER = `sha256:${'7'.repeat(64)}`;
const TRUST = '--key ours.pub --insecure-ignore-tlog';
const REFERENCE = 'https://in-toto.io/attestation/reference/v0.1';

describe('waybill attest --subject and --by-reference, verify --recursive, bundle verify', () => {
  let bench: Bench;
  let registry: TestRegistry;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    writeFileSync(join(bench.path, 'bom.json'), '{"bomFormat": "CycloneDX",  "specVersion": "1.6"}\n');
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });
  const json = async (name: string, command: string, status = 0): Promise<Record<string, unknown>> =>
    parseResult(name, ended(await bench.run(`${command} --json`), status).stdout);

  test('attest --subject speaks of further subjects, named or not, after the image', async () => {
    const made = await json(
      'attest',
      `attest oci:images:app --type custom --predicate bom.json --key ours.key --subject ${OTHER} --subject a=b=${OTHER} --bundle several.json`,
    );
    const statement = parseStatement(parseBundle(readFileSync(join(bench.path, 'several.json'))).payload);
    const hex = String(made['subject']).slice(7);
    assert.deepEqual(
      statement.subjects.map(({ name, digest }) => [name, digest['sha256']]),
      [
        [undefined, hex],
        [undefined, '7'.repeat(64)],
        ['a=b', '7'.repeat(64)],
      ],
    );
    for (const subject of [OTHER, String(made['subject'])])
      ended(await bench.run(`bundle verify several.json --subject ${subject} --type custom ${TRUST}`), 0);
    failed(
      await bench.run('attest oci:images:app --type custom --predicate bom.json --key ours.key --subject a=sha256:7'),
      2,
      'USAGE',
    );
  });

  test('attest --by-reference stores the document unchanged beside the image and attests its digest', async () => {
    const image = `${registry.host}/shop/app:1`;
    ended(await bench.run(`copy oci:images:app ${image}`), 0);
    const bom = readFileSync(join(bench.path, 'bom.json'));
    for (const [reference, name] of [
      [image, 'registry'],
      ['oci:images:empty', 'layout'],
    ] as const) {
      const options = `--type cyclonedx --predicate bom.json --by-reference --key ours.key --bundle ${name}.json`;
      const made = await json('attest', `attest ${reference} ${options}`);
      assert.equal(made['predicateType'], REFERENCE);
      const document = made['document'] as Record<string, unknown>;
      assert.deepEqual(
        [document['digest'], document['sizeBytes'], document['mediaType']],
        [sha256Digest(bom), bom.byteLength, 'application/vnd.cyclonedx+json'],
      );
      const { predicate } = parseStatement(parseBundle(readFileSync(join(bench.path, `${name}.json`))).payload);
      assert.deepEqual((predicate as { references: unknown[] }).references, [
        { digest: { sha256: sha256Digest(bom).slice(7) }, mediaType: 'application/vnd.cyclonedx+json' },
      ]);
      assert.equal((await json('verify', `verify ${reference} --type reference ${TRUST}`))['code'], 'VERIFIED');
      // the document is no signature of anything, and not taken for an embedded SBOM
      assert.equal((await json('verify', `verify ${reference} --type cyclonedx ${TRUST}`, 1))['code'], 'UNSIGNED');
      const tree = ended(await bench.run(`tree ${reference}`), 0).stdout;
      assert.match(tree, /application\/vnd\.cyclonedx\+json/);
    }
    const stored = await fetch(`http://${registry.host}/v2/shop/app/blobs/${sha256Digest(bom)}`);
    assert.deepEqual(Buffer.from(await stored.arrayBuffer()), bom);
    const text = ended(
      await bench.run('attest oci:images:app --type spdx --predicate bom.json --by-reference --key ours.key'),
      0,
    ).stdout;
    assert.match(text, /^document {2}sha256:[0-9a-f]{64} \(50 bytes, application\/spdx\+json\)$/m);
    failed(
      await bench.run(
        'attest oci:images:app --type spdx --predicate bom.json --by-reference --no-upload --bundle x.json --key ours.key',
      ),
      2,
      'USAGE',
    );
  });

  test('verify --recursive wants the index and every platform, of attestations every platform', async () => {
    ended(await bench.run('sign oci:images:multi --key ours.key'), 0);
    ended(await bench.run(`verify oci:images:multi ${TRUST}`), 0);
    const partly = await json('verify', `verify oci:images:multi --recursive ${TRUST}`, 1);
    assert.deepEqual([partly['verified'], partly['code'], partly['signers']], [false, 'UNSIGNED', 1]);
    ended(await bench.run('sign oci:images:multi --recursive --key ours.key'), 0);
    const whole = await json('verify', `verify oci:images:multi --recursive ${TRUST}`);
    const platforms = whole['platforms'] as { platform: string; code: string }[];
    assert.deepEqual(
      platforms.map(({ platform, code }) => `${platform} ${code}`),
      ['linux/amd64 VERIFIED', 'linux/arm64 VERIFIED'],
    );
    const text = ended(await bench.run(`verify oci:images:multi -r ${TRUST}`), 0).stdout;
    assert.match(text, /^VERIFIED {2}linux\/arm64\ndigest {4}sha256:[^]*accepted {2}signature by key/m);

    ended(
      await bench.run(
        'attest oci:images:multi --platform linux/amd64 --type custom --predicate bom.json --key ours.key',
      ),
      0,
    );
    const custom = `verify oci:images:multi --recursive --type custom ${TRUST}`;
    assert.equal((await json('verify', custom, 1))['code'], 'UNSIGNED');
    ended(
      await bench.run(
        'attest oci:images:multi --platform linux/arm64 --type custom --predicate bom.json --key ours.key',
      ),
      0,
    );
    assert.equal((await json('verify', custom))['code'], 'VERIFIED');
    // of a single image it changes nothing
    ended(await bench.run('sign oci:images:base --key ours.key'), 0);
    assert.equal((await json('verify', `verify oci:images:base --recursive ${TRUST}`))['platforms'], undefined);
  });

  test('bundle verify wants something that the bundle must speak of', async () => {
    const made = await json('sign', 'sign oci:images:changed --key ours.key --bundle signature.json --no-upload');
    const verify = `bundle verify signature.json ${TRUST}`;
    const good = await json('bundle-verify', `${verify} --subject ${String(made['subject'])}`);
    assert.deepEqual([good['verified'], good['kind']], [true, 'attestation']);
    assert.equal((await json('bundle-verify', `${verify} --subject ${OTHER}`, 1))['code'], 'SUBJECT_MISMATCH');
    assert.equal((await json('bundle-verify', `${verify} --subject bom.json`, 1))['code'], 'SUBJECT_MISMATCH');
    failed(await bench.run(verify), 2, 'USAGE');
  });
});
