import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult, schemaValidator } from '../support/cli/schemas.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

describe('waybill base', () => {
  let bench: Bench;
  let registry: TestRegistry;
  const policy = (lock: string, more = ''): string => `apiVersion: waybill.dev/v1
kind: Policy
identities:
  release: { key: ours.pub }
bases:
  lock: ${lock}
${more}
  entries:
    - { name: tiny, image: "${registry.host}/base/tiny", tags: ["13"], signedBy: [release] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    base: { allow: [tiny], freshness: { behind: 30d } }
`;

  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    for (const name of ['ours', 'theirs']) ended(await bench.run(`key generate --output-key-prefix ${name}`), 0);
    writeFileSync(join(bench.path, 'policy.yaml'), policy('bases.lock.jsonl'));
    ended(await bench.run(`copy oci:images:base ${registry.host}/base/tiny:13`), 0);
    ended(await bench.run('base lock --policy policy.yaml'), 0);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const json = async (name: string, command: string, status = 0): Promise<Record<string, unknown>> =>
    parseResult(name, ended(await bench.run(`${command} --json`), status).stdout);

  test('lock --files lists files, by the schema; who signed is told; --attachment-repository says where signatures are', async () => {
    writeFileSync(join(bench.path, 'files.yaml'), policy('files.jsonl'));
    const command = 'base lock --policy files.yaml --files';
    const unsigned = (await json('base-lock-result', command))['locked'] as Record<string, unknown>[];
    assert.deepEqual([unsigned[0]?.['fileLists'], unsigned[0]?.['authenticated']], [1, []]);
    const validate = schemaValidator('base-lock');
    for (const line of readFileSync(join(bench.path, 'files.jsonl'), 'utf8').trimEnd().split('\n'))
      assert.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
    const elsewhere = `--attachment-repository ${registry.host}/signatures`;
    ended(await bench.run(`sign ${registry.host}/base/tiny:13 --key ours.key ${elsewhere}`), 0);
    const here = (await json('base-lock-result', command))['locked'] as Record<string, unknown>[];
    assert.deepEqual(here[0]?.['authenticated'], []);
    const there = (await json('base-lock-result', `${command} ${elsewhere}`))['locked'] as Record<string, unknown>[];
    assert.deepEqual(there[0]?.['authenticated'], ['release']);
    const env = { COSIGN_REPOSITORY: `${registry.host}/signatures` };
    assert.match(ended(await bench.run(command, { env }), 0).stdout, /^ +signed by release$/m);
    assert.match(ended(await bench.run(command), 0).stdout, /^ +not signed by release$/m);
  });

  test('lock --merge, --pin-head, --push and --pull, told in words and by the schema', async () => {
    writeFileSync(join(bench.path, 'other.yaml'), policy('other.jsonl'));
    const first = await json('base-lock-result', 'base lock --policy other.yaml');
    const merged = await json('base-lock-result', 'base lock --policy other.yaml --merge files.jsonl --no-observe');
    assert.ok((merged['merged'] as { added: number }).added > 0);
    const head = String(merged['head']);
    assert.notEqual(head, first['head']);
    writeFileSync(join(bench.path, 'other.yaml'), policy('other.jsonl', `  lockHead: ${head}`));
    const there = `${registry.host}/locks/bases:prod`;
    const pushed = ended(await bench.run(`base lock --policy other.yaml --pin-head --key ours.key --push ${there}`), 0);
    assert.match(pushed.stdout, /^the policy pins this head$/m);
    assert.match(pushed.stdout, /^pushed: .*with its signature$/m);
    const [, pinned] = /lockHead: (\S+)/.exec(readFileSync(join(bench.path, 'other.yaml'), 'utf8')) ?? [];
    writeFileSync(
      join(bench.path, 'taken.yaml'),
      policy('taken.jsonl', `  lockHead: ${pinned}\n  lockSignedBy: [release]`),
    );
    const pulled = await json('base-lock-result', `base lock --policy taken.yaml --pull ${there} --no-observe`);
    assert.deepEqual([pulled['head'], pulled['signatureFile']], [pinned, 'taken.jsonl.sigstore.json']);
    failed(
      await bench.run(`base lock --policy taken.yaml --pull ${registry.host}/base/tiny:13`),
      6,
      'LOCK_ARTIFACT_INVALID',
    );
    failed(await bench.run('base lock --policy other.yaml --key ours.key --identity-token x'), 2, 'USAGE');
    failed(await bench.run('base lock --policy other.yaml --rekor-url http://127.0.0.1:1'), 2, 'USAGE');
  });

  test('check: current; unknown is exit 1; --refresh sees the tag move', async () => {
    const command = 'base check oci:images:app --policy policy.yaml';
    const current = ended(await bench.run(command), 0);
    assert.match(current.stdout, /^current +linux\/amd64 +\S+\/base\/tiny:13 /m);
    assert.match(current.stdout, /^ +maintained until 20\d\d-/m);
    const unknown = await json('base-check', 'base check oci:images:empty --policy policy.yaml', 1);
    assert.deepEqual(
      (unknown['platforms'] as { state: string }[]).map(({ state }) => state),
      ['unknown'],
    );
    ended(await bench.run(`copy oci:images:changed ${registry.host}/base/tiny:13`), 0);
    assert.equal((await json('base-check', command))['refreshed'], false);
    const behind = await json('base-check', `${command} --refresh --as registry.example.com/shop/app`);
    assert.deepEqual(
      (behind['platforms'] as { state: string }[]).map(({ state }) => state),
      ['behind'],
    );
    assert.match(ended(await bench.run(`${command} --refresh`), 0).stdout, /led to 1 other image since/);
    writeFileSync(join(bench.path, 'bare.yaml'), policy('bare.jsonl'));
    failed(await bench.run('base check oci:images:app --policy bare.yaml'), 2, 'BASE_LOCK_EMPTY');
  });

  test('diff: a table and the schema; exit 0 whatever would change', async () => {
    const command = 'base diff oci:images:app --policy policy.yaml';
    const text = ended(await bench.run(`${command} --to oci:images:empty`), 0).stdout;
    assert.match(text, /^CHANGE +PACKAGE +TYPE +FROM +TO$/m);
    assert.match(text, /^removed +tiny-libc +deb +2\.41-1/m);
    assert.match(text, /2 packages would change, 0 would not/);
    const same = await json('base-diff', `${command} --to oci:images:base`);
    assert.deepEqual([same['same'], same['packages'], same['unchanged']], [true, [], 2]);
    failed(await bench.run('base diff oci:images:empty --policy policy.yaml'), 6, 'BASE_UNKNOWN');
  });
});
