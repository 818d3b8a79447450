import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { replayGate } from '../../src/app/index.ts';
import type { EvidenceDocument, EvidencePlatform } from '../../src/evidence/index.ts';
import { canonicalDecision } from '../../src/policy/index.ts';
import { schemaValidator } from '../support/cli/schemas.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';
import type { LayerSpec } from '../support/images.ts';

const FILES: LayerSpec = Object.fromEntries(
  Array.from({ length: 60 }, (_, index) => [`usr/share/tiny/file${index}`, `content ${index}\n`]),
);

function policy(entries: string, allow: string): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: ours.pub } }
bases:
  lock: bases.lock.jsonl
  entries:
${entries}
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [${allow}] } }
`;
}

const TINY = '    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"], squashed: allow }';
const SCRATCH = '    - { name: none, kind: scratch, builtBy: [release] }';

/** Collects, writes evidence and decision, and reads the evidence of the only platform. */
async function collected(bench: GateBench, tag: string): Promise<EvidencePlatform> {
  await bench.report(tag, { evidenceFile: bench.file('evidence.json'), decisionFile: bench.file('decision.json') });
  const document = JSON.parse(readFileSync(bench.file('evidence.json'), 'utf8')) as EvidenceDocument;
  const validate = schemaValidator('evidence');
  assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 5)));
  const platform = document.images[0]?.platforms[0];
  assert.ok(platform !== undefined);
  return platform;
}

describe('evidence about bases without layers', () => {
  test('containment: collected where no layers match, of the schema, and replayed to the same decision', async () => {
    await using bench = await openGateBench(policy(TINY, 'tiny'));
    const base = await bench.image('base', [{ 'etc/first': '1' }, FILES]);
    await bench.lock();
    await bench.image('squashed', [{ ...FILES, 'etc/first': '1', 'app/run': 'x' }]);
    const platform = await collected(bench, 'squashed');
    assert.deepEqual(
      platform.containments?.map(({ total, matched, extra, extraFiles }) => [total, matched, extra, extraFiles]),
      [[61, 61, 1, ['app/run']]],
    );
    const evidenceFile = bench.file('evidence.json');
    const { decision } = await replayGate({ evidenceFile, policyFile: bench.file('policy.yaml') });
    assert.equal(canonicalDecision(decision), readFileSync(bench.file('decision.json'), 'utf8').trimEnd());
    assert.deepEqual([decision.verdict, complaints(decision)], ['allow', []]);
    await bench.image('layered', [{ 'app/run': 'x' }], base);
    assert.equal((await collected(bench, 'layered')).containments, undefined);
  });

  test('a list that was altered in the evidence’s lock is refused before anything is decided', async () => {
    await using bench = await openGateBench(policy(TINY, 'tiny'));
    await bench.image('base', [FILES]);
    await bench.lock();
    const line = JSON.parse(readFileSync(bench.file('bases.lock.jsonl'), 'utf8')) as {
      platforms: { fileList: string }[];
      blobs: Record<string, string>;
    };
    const list = line.platforms[0]?.fileList ?? '';
    line.blobs[list] = Buffer.from('another list').toString('base64');
    writeFileSync(bench.file('bases.lock.jsonl'), `${JSON.stringify(line)}\n`);
    await assert.rejects(bench.check('base'), { code: 'LOCK_BLOB_MISMATCH' });
    line.platforms[0]!.fileList = `sha256:${'a'.repeat(64)}`;
    delete line.blobs[list];
    writeFileSync(bench.file('bases.lock.jsonl'), `${JSON.stringify(line)}\n`);
    await assert.rejects(bench.check('base'), { code: 'LOCK_BLOB_MISSING' });
  });

  test('traces: collected where an entry without layers is allowed, of the schema', async () => {
    await using bench = await openGateBench(policy(SCRATCH, 'none'));
    await bench.image('app', [
      { 'lib/ld-musl-x86_64.so.1': 'x', 'lib/apk/db/installed': '', 'etc/apk/keys/a.pub': 'k' },
    ]);
    const { traces, files } = await collected(bench, 'app');
    assert.deepEqual(traces, {
      databases: ['lib/apk/db/installed'],
      loaders: ['lib/ld-musl-x86_64.so.1'],
      shells: [],
      keyrings: ['etc/apk/keys/a.pub'],
      repositories: [],
    });
    assert.ok(files !== undefined);
    writeFileSync(bench.file('policy.yaml'), policy(TINY, 'tiny'));
    await bench.image('base', [FILES]);
    await bench.lock();
    assert.equal((await collected(bench, 'app')).traces, undefined);
  });
});
