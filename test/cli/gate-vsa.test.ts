import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
identities:
  release: { key: ours.pub }
  gate: { key: theirs.pub }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: { by: [release] }
    vsa: { by: [gate] }
`;

interface Report {
  readonly decision: { readonly images: readonly { readonly approves: readonly string[] }[] };
  readonly vsas: {
    readonly signedBy: { readonly signer: string };
    readonly emitted: readonly { readonly subject: string; readonly referrer?: string }[];
    readonly file: string;
  };
}

describe('gate check --vsa-out and --vsa-attach', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    writeFileSync(join(bench.path, 'policy.yaml'), POLICY);
    for (const name of ['ours', 'theirs']) ended(await bench.run(`key generate --output-key-prefix ${name}`), 0);
    ended(await bench.run('sign oci:images:app --key ours.key'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  const CHECK = 'gate check oci:images:app --policy policy.yaml --as registry.example.com/shop/app';

  test('write and attach what was signed, as the schema says; text of it goes to stderr', async () => {
    const { stdout } = ended(await bench.run(`${CHECK} --vsa-out vsa.jsonl --vsa-attach --key theirs.key --json`), 0);
    const { decision, vsas } = parseResult('gate-check', stdout) as unknown as Report;
    assert.deepEqual(
      vsas.emitted.map(({ subject }) => subject),
      decision.images[0]?.approves,
    );
    assert.ok(vsas.emitted.every(({ referrer }) => referrer !== undefined));
    assert.equal(readFileSync(join(bench.path, vsas.file), 'utf8').trim().split('\n').length, vsas.emitted.length);
    ended(await bench.run(`verify oci:images:app --type vsa --key theirs.pub --insecure-ignore-tlog`), 0);
    const again = ended(await bench.run(`${CHECK} --vsa-out again.jsonl --key theirs.key`), 0);
    assert.match(again.stderr, /no verification summary of oci:images:app: it was decided by a verification summary/);
    assert.equal(existsSync(join(bench.path, 'again.jsonl')), false);
    assert.match(again.stdout, /allow/i);
  });

  test('flags of signing without them are a usage error, and so is writing over an input', async () => {
    failed(await bench.run(`${CHECK} --key theirs.key`), 2, 'USAGE');
    failed(await bench.run(`${CHECK} --vsa-out policy.yaml --key theirs.key`), 2, 'OUTPUT_CONFLICT');
  });
});
