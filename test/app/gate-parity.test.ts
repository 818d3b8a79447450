import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createRuntime, gate, replayGate, verifyForContainerd, type Decision } from '../../src/index.ts';
import { canonicalDecision } from '../../src/policy/index.ts';
import { ended, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const DESCRIPTOR = 'application/vnd.oci.descriptor.v1+json';
const WRAPPED = 'application/vnd.containerd.image-verifier.input.v1+json';
const OTHER = `sha256:${'0'.repeat(64)}`;

describe('one decision from every entry point', () => {
  let bench: Bench;
  let registry: TestRegistry;
  const digests = new Map<string, string>();
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('release oci:images:app --key ours.key'), 0);
    for (const tag of ['app', 'changed']) {
      const copied = ended(await bench.run(`copy oci:images:${tag} ${registry.host}/shop/${tag}:1 --json`), 0);
      digests.set(tag, String(parseResult('copy', copied.stdout)['digest']));
    }
    writeFileSync(
      join(bench.path, 'policy.yaml'),
      `apiVersion: waybill.dev/v1
kind: Policy
name: nodes
identities: { release: { key: ours.pub } }
rules:
  - name: shop
    images: ["${registry.host}/shop/**"]
    signatures: { by: [release] }
    attestations: [{ type: cyclonedx, by: [release], rederive: true }]
`,
    );
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const file = (name: string): string => join(bench.path, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8').trimEnd();
  const digestOf = (tag: string): string => digests.get(tag) ?? assert.fail(tag);
  const nameOf = (tag: string): string => `${registry.host}/shop/${tag}:1`;
  const words = (tag: string, mediaType = DESCRIPTOR): readonly string[] => [
    '-name',
    nameOf(tag),
    '-digest',
    digestOf(tag),
    '-stdin-media-type',
    mediaType,
  ];
  const descriptor = (digest: string): string =>
    JSON.stringify({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 });

  /** As containerd runs a verifier. */
  async function verifier(options: readonly string[], given: readonly string[], input: string): Promise<Finished> {
    const policy = options.includes('--policy') ? [] : ['--policy', 'policy.yaml'];
    const command = ['gate', 'containerd', ...policy, ...options, '--', ...given];
    const child = spawn(process.execPath, [...bench.argv, ...command], {
      cwd: bench.path,
      env: bench.env,
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { status, stdout, stderr };
  }

  for (const [tag, status] of [
    ['app', 0],
    ['changed', 1],
  ] as const) {
    test(`${tag}: command line, library, containerd and replay decide the same bytes on the same evidence`, async () => {
      const reference = `${registry.host}/shop/${tag}@${digestOf(tag)}`;
      const check = `gate check ${reference} --policy policy.yaml --evidence-out ${tag}.json --decision-out ${tag}-cli.json`;
      ended(await bench.run(check), status);
      const cli = read(`${tag}-cli.json`);
      const { decidedAt } = JSON.parse(cli) as Decision;
      // the same time: everything else that is collected has to be the same by itself
      const runtime = createRuntime({ now: () => new Date(decidedAt) });

      const library = await gate(reference, { policy: file('policy.yaml') }, runtime);
      assert.equal(canonicalDecision(library.decision), cli);
      assert.equal(library.allowed, status === 0);

      const judged = await verifyForContainerd(
        {
          words: words(tag),
          readStdin: () => Promise.resolve(Buffer.from(descriptor(digestOf(tag)))),
          policyFile: file('policy.yaml'),
          access: {},
          deadlineMs: 60_000,
        },
        runtime,
      );
      assert.equal(judged.judgement.decision === null ? '' : canonicalDecision(judged.judgement.decision), cli);
      assert.deepEqual([judged.judgement.allowed, judged.exitCode], [status === 0, status]);

      const replayed = await replayGate({ evidenceFile: file(`${tag}.json`), policyFile: file('policy.yaml') });
      assert.equal(canonicalDecision(replayed.decision), cli);

      const output = `--evidence-out=${tag}-node.json`;
      ended(
        await verifier(['--decision-out', `${tag}-node-decision.json`, output], words(tag), descriptor(digestOf(tag))),
        status,
      );
      ended(await bench.run(`gate replay ${tag}-node.json --policy policy.yaml -o json=${tag}-again.json`), status);
      assert.equal(read(`${tag}-again.json`), read(`${tag}-node-decision.json`));
      assert.deepEqual(withoutTime(read(`${tag}-node-decision.json`)), withoutTime(cli));
    });
  }

  test('containerd: one line says why, exit 0 is for allowed images only', async () => {
    const good = ended(await verifier([], words('app'), descriptor(digestOf('app'))), 0);
    assert.match(good.stdout, /^allowed by policy nodes sha256:[0-9a-f]{64}\n$/);
    assert.equal(good.stderr, '');
    const bad = ended(await verifier([], words('changed'), descriptor(digestOf('changed'))), 1);
    assert.match(
      bad.stdout,
      /^denied by policy nodes sha256:[0-9a-f]{64}: UNSIGNED: [^\n]*; ATTESTATION_MISSING: [^\n]*\n$/,
    );
    const wrapped = JSON.stringify({
      operation: 'run',
      descriptor: JSON.parse(descriptor(digestOf('app'))) as unknown,
      annotations: { a: 'b' },
    });
    ended(await verifier([], [...words('app', WRAPPED), '-operation', 'run'], wrapped), 0);
    const json = ended(await verifier(['--json'], words('app'), descriptor(digestOf('app'))), 0);
    assert.equal(parseResult('gate-containerd', json.stdout)['allowed'], true);
  });

  test('containerd: whatever does not agree or is not understood is refused with its reason', async () => {
    const digest = digestOf('app');
    const good = words('app');
    for (const [given, input] of [
      [good, descriptor(OTHER)],
      [good, ''],
      [good, '{}'],
      [good, '[1]'],
      [good, 'not json'],
      [good, `{"digest":"${digest}","digest":"${OTHER}"}`],
      [words('app', WRAPPED), descriptor(digest)],
      [words('app', 'application/json'), descriptor(digest)],
      [['-name', nameOf('app'), '-digest', digest], descriptor(digest)],
      [[...good, '-name', nameOf('changed')], descriptor(digest)],
      [[...good, '-verbose'], descriptor(digest)],
      [[...good, '-operation', 'delete'], descriptor(digest)],
      [[...good, '-operation'], descriptor(digest)],
      [['-name', `${nameOf('app')}@${OTHER}`, ...good.slice(2)], descriptor(digest)],
      [['-name', '../x', ...good.slice(2)], descriptor(digest)],
      [['-name', '\u001b[2Jx\n::error::y', ...good.slice(2)], descriptor(digest)],
      [['-name=x', '-digest=latest', '-stdin-media-type=y'], descriptor(digest)],
      [[], descriptor(digest)],
    ] as const) {
      const { status, stdout, stderr } = await verifier([], given, input);
      assert.ok(status === 2 || status === 6, `${given.join(' ')}: ${status}`);
      // oxlint-disable-next-line no-control-regex
      assert.match(stdout, /^denied: (?:CONTAINERD_REQUEST_INVALID|JSON_INVALID): [^\u0000-\u001f]+\n$/, stderr);
      assert.equal(stderr, '');
    }
    const huge = await verifier([], good, ' '.repeat(2 * 1024 * 1024));
    assert.match(ended(huge, 6).stdout, /^denied: LIMIT_EXCEEDED: /);
  });

  test('containerd: a policy that is missing or another one, and a registry that is not there, refuse too', async () => {
    const input = descriptor(digestOf('app'));
    assert.match(
      ended(await verifier(['--policy', 'nope.yaml'], words('app'), input), 6).stdout,
      /^denied: FILE_NOT_FOUND: /,
    );
    const other = await verifier(['--policy-digest', OTHER], words('app'), input);
    assert.match(ended(other, 2).stdout, /^denied: POLICY_DIGEST_MISMATCH: /);
    const away = ['-name', '127.0.0.1:1/shop/app:1', ...words('app').slice(2)];
    writeFileSync(file('away.yaml'), read('policy.yaml').replace(registry.host, '127.0.0.1:1'));
    const unreachable = await verifier(['--policy', 'away.yaml'], away, input);
    assert.match(ended(unreachable, 4).stdout, /^denied by policy nodes sha256:[^ ]+: REGISTRY_UNREACHABLE: /);
  });

  test('a tag that has moved since containerd resolved it does not matter: the digest is judged', async () => {
    ended(await bench.run(`copy oci:images:changed ${nameOf('app')}`), 0);
    ended(await verifier([], words('app'), descriptor(digestOf('app'))), 0);
    ended(await bench.run(`copy oci:images:app ${nameOf('app')}`), 0);
  });

  test('library: several images, manifests, and mistakes', async () => {
    const policy = file('policy.yaml');
    const both = await gate([nameOf('app'), nameOf('changed')], { policy });
    assert.deepEqual([both.allowed, both.decision.images.map(({ verdict }) => verdict)], [false, ['allow', 'deny']]);
    writeFileSync(file('compose.yaml'), `services: { web: { image: "${nameOf('app')}@${digestOf('app')}" } }`);
    const found = await gate([], { policy, deployments: [file('compose.yaml')] });
    assert.deepEqual([found.allowed, found.decision.images[0]?.places?.[0]?.path], [true, 'services.web.image']);
    await assert.rejects(gate([], { policy }), { code: 'NO_IMAGES' });
    await assert.rejects(gate('x', { policy: file('nope.yaml') }), { code: 'FILE_NOT_FOUND' });
    await assert.rejects(gate([], { policy, deployments: ['-'] }), { code: 'USAGE' });
  });
});

/** A decision without what the time of the run puts into it. */
function withoutTime(text: string): unknown {
  const { decidedAt: _, evidence: __, ...rest } = JSON.parse(text) as Decision;
  return rest;
}
