import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openPolicy } from '../../src/app/gate/compile-rego.ts';
import { allResults, decide, type LoadedPolicy } from '../../src/policy/index.ts';
import { GOOD_FILES, GOOD_SYSTEM } from '../support/file-facts.ts';
import { buildImage, evidenceView, fakeDigest } from '../support/gate-world.ts';
import { findPeer, missingPeers } from '../support/peers.ts';

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    rego:
      - { bundle: policies/extra.rego, entrypoint: waybill/deny }
      - { bundle: policies/extra.rego, entrypoint: waybill/warn }
`;
const SOURCE = `package waybill
deny contains msg if { count(input.signatures) == 0; msg := sprintf("%s is not signed", [input.image.name]) }
warn contains "careful" if { startswith(input.time, "2026-") }
`;

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-compile-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
});
after(() => rmSync(folder, { recursive: true }));

const runtime = () => ({ env: { PATH: process.env['PATH'] }, signal: new AbortController().signal });
const open = (source: string, opa?: string): Promise<LoadedPolicy> => {
  writeFileSync(join(folder, 'policies/extra.rego'), source);
  return openPolicy(join(folder, 'policy.yaml'), opa === undefined ? {} : { opa }, runtime());
};
const code = (expected: string, words?: RegExp) => (error: unknown) => {
  const { code: actual, message } = error as { readonly code?: string; readonly message: string };
  assert.equal(actual, expected, message);
  if (words !== undefined) assert.match(message, words);
  return true;
};

/** A program that stands where opa would. */
function script(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('openPolicy', () => {
  const skip = missingPeers('opa');
  const opa = findPeer('opa') ?? 'opa';

  test('compiles a source that the policy names; the digest is the same with and without', { skip }, async () => {
    const loaded = await open(SOURCE, opa);
    assert.equal(loaded.digest, (await open(SOURCE)).digest);
    assert.match(loaded.compiledRego?.get('policies/extra.rego')?.compiler ?? '', /^opa [0-9]+\./);
    const facts = {
      scan: { catalogers: {}, components: [] },
      more: { files: GOOD_FILES, system: GOOD_SYSTEM },
    };
    const view = evidenceView({ images: [buildImage({ diffIds: [fakeDigest('x')] })], facts });
    const decision = await decide(view, loaded, { now: new Date('2026-11-24T12:00:00Z') });
    assert.deepEqual(
      decision.images.flatMap(allResults).map(({ outcome, code: name, reason }) => [outcome, name, reason]),
      [
        ['fail', 'REGO_DENIED', 'registry.example.com/shop/web is not signed'],
        ['warn', 'REGO_WARNED', 'careful'],
      ],
    );
  });

  test('no network, no clock, no randomness, no environment', { skip }, async () => {
    for (const call of [
      'http.send({"method": "get", "url": "http://127.0.0.1/"}).status_code == 200',
      'time.now_ns() > 0',
      'opa.runtime().env.HOME != ""',
      'rand.intn("x", 2) == 1',
      'net.lookup_ip_addr("localhost")',
      'uuid.rfc4122("x") != ""',
      'rego.parse_module("x.rego", "package x").package.path',
    ]) {
      const source = `package waybill\ndeny contains "x" if { ${call} }\nwarn contains "x" if false\n`;
      await assert.rejects(open(source, opa), code('REGO_COMPILE_FAILED', /extra\.rego:2: .*undefined function/), call);
    }
  });

  test('a source that does not compile, or lacks the entrypoint, is refused with its place', { skip }, async () => {
    await assert.rejects(open('package waybill\ndeny contains if', opa), code('REGO_COMPILE_FAILED', /extra\.rego:2/));
    await assert.rejects(
      open('package waybill\ndeny contains "x"\n', opa),
      code('REGO_COMPILE_FAILED', /waybill\/warn/),
    );
    await assert.rejects(open('', opa), code('REGO_COMPILE_FAILED'));
  });

  test('a program that is missing, is named by a relative path, fails or is not opa is refused', async () => {
    await assert.rejects(open(SOURCE, 'no-such-opa'), code('HELPER_NOT_FOUND'));
    await assert.rejects(open(SOURCE, './opa'), code('USAGE'));
    await assert.rejects(
      open(SOURCE, script('fails', 'echo "\u001b[31mno" >&2; exit 3')),
      code('REGO_COMPILE_FAILED', /^\P{Cc}*$/u),
    );
    await assert.rejects(open(SOURCE, script('babbles', 'echo hello')), code('JSON_INVALID'));
    await assert.rejects(open(SOURCE, script('other', 'echo "{}"')), code('REGO_NOT_COMPILED'));
  });

  test('sees nothing of the environment but PATH', async () => {
    const seen = join(folder, 'environment');
    const environment = script('environment.sh', `env > ${seen}; echo '{"builtins":[]}'`);
    process.env['WAYBILL_TEST_SECRET'] = 'x';
    try {
      await assert.rejects(open(SOURCE, environment), code('REGO_COMPILE_FAILED', /version/));
    } finally {
      delete process.env['WAYBILL_TEST_SECRET'];
    }
    const names = readFileSync(seen, 'utf8')
      .split('\n')
      .map((line) => line.split('=')[0])
      .filter((name) => name !== '' && name !== '_' && name !== 'PWD' && name !== 'SHLVL');
    assert.deepEqual(new Set(names), new Set(['HOME', 'PATH']));
  });

  test('a policy without sources runs nothing', async () => {
    writeFileSync(join(folder, 'other.yaml'), POLICY.replaceAll('.rego,', '.wasm,'));
    writeFileSync(join(folder, 'policies/extra.wasm'), 'x');
    const loaded = await openPolicy(join(folder, 'other.yaml'), { opa: '/no/such/opa' }, runtime());
    assert.equal(loaded.compiledRego, undefined);
  });
});
