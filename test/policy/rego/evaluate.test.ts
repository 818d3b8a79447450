import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256Digest } from '../../../src/core/index.ts';
import fc from 'fast-check';
import { createTar, type TarInput } from '../../../src/formats/index.ts';
import { readProgram } from '../../../src/policy/rego/read-program.ts';
import { readResult, type PolicyMessage } from '../../../src/policy/rego/read-result.ts';
import { RegoRunner } from '../../../src/policy/rego/rego-runner.ts';
import { REGO_BUNDLES } from '../../support/rego-bundles.ts';

const CASES = readFileSync(REGO_BUNDLES.cases.output);
const DEADLINE = { deadlineMs: 2000, memoryPages: 1024 };

const code = (expected: string) => (error: unknown) => {
  assert.equal((error as { readonly code?: string }).code, expected, String(error));
  return true;
};

describe('RegoRunner', () => {
  let runner: RegoRunner;
  before(() => {
    runner = new RegoRunner({ deadlineMs: 60_000, memoryPages: 1024 });
  });
  after(() => runner[Symbol.asyncDispose]());

  const evaluate = async (entrypoint: string, input: unknown = {}): Promise<readonly PolicyMessage[]> =>
    readResult(
      await runner.evaluate(readProgram(CASES), `cases/${entrypoint}`, JSON.stringify(input)),
      `cases/${entrypoint}`,
    );
  const texts = async (entrypoint: string, input: unknown = {}): Promise<readonly string[]> =>
    (await evaluate(entrypoint, input)).map(({ kind, text }) => `${kind} ${text}`);

  test('deny, violation and warn as sets of texts and of objects', async () => {
    assert.deepEqual(await texts('deny', { deny: ['b', 'a', 'b'] }), ['deny a', 'deny b']);
    assert.deepEqual(await texts('deny', { deny: [] }), []);
    assert.deepEqual(await texts('deny'), []);
    assert.deepEqual(await texts('violation', { violation: [{ msg: 'x', details: 1 }] }), ['deny x']);
    assert.deepEqual(await texts('warn', { warn: ['x'] }), ['warn x']);
    assert.deepEqual(await texts('deny_extra', { extra: ['x'] }), ['deny x']);
    assert.deepEqual(await texts('package_like', { deny: ['x'], warn: ['y'] }), ['deny x', 'warn y']);
  });

  test('messages keep code, time and details', async () => {
    const message = { msg: 'x', code: 'a.b', effective_on: '2027-01-01T00:00:00+01:00', severity: 'high' };
    assert.deepEqual(await evaluate('deny', { deny: [message] }), [
      {
        kind: 'deny',
        text: 'x',
        code: 'a.b',
        effectiveOn: new Date('2026-12-31T23:00:00Z'),
        details: '{"severity":"high"}',
      },
    ]);
  });

  test('other shapes are errors, never nothing to say', async () => {
    for (const entrypoint of ['text', 'truth', 'helpers', 'only_warns', 'half', 'from_data'])
      await assert.rejects(evaluate(entrypoint), code('REGO_RESULT_INVALID'), entrypoint);
    for (const deny of [[1], [{}], [{ msg: 1 }], [['x']], [null], [{ msg: 'x', effective_on: 'soon' }]])
      await assert.rejects(evaluate('deny', { deny }), code('REGO_RESULT_INVALID'), JSON.stringify(deny));
    await assert.rejects(evaluate('package_like', { deny: true, warn: [] }), code('REGO_RESULT_INVALID'));
  });

  test('an undefined result and an entrypoint that is not there are errors of their own', async () => {
    await assert.rejects(evaluate('undefined'), code('REGO_UNDEFINED'));
    await assert.rejects(evaluate('package_like', { deny: ['x'] }), code('REGO_UNDEFINED'));
    await assert.rejects(evaluate('nothing'), code('REGO_ENTRYPOINT_MISSING'));
    await assert.rejects(evaluate('constructor'), code('REGO_ENTRYPOINT_MISSING'));
  });

  test('data.json is what the policy sees as data', async () => {
    const result = await runner.evaluate(readProgram(CASES), 'cases/from_data', '{}');
    assert.equal(result, '[{"result":["from data"]}]');
  });

  test('text and time are as opa has them', async () => {
    const input = { name: 'é', set: ['b', 'a', 10, 9, { k: [true, null] }] };
    assert.deepEqual(await texts('deny_text', input), ['deny é has 5: {9, 10, "a", "b", {"k": [true, null]}}']);
    assert.deepEqual(await texts('deny_time', { time: '2026-01-01T00:00:00.000000002Z' }), ['deny late']);
    assert.deepEqual(await texts('deny_time', { time: '2026-01-01T00:00:00.000000001Z' }), []);
  });

  test('a built-in that cannot be used is refused, called or not', async () => {
    const program = readProgram(readFileSync(REGO_BUNDLES.missing.output));
    await assert.rejects(runner.evaluate(program, 'missing/deny', '{}'), code('REGO_BUILTIN_MISSING'));
  });

  test('evaluations that are asked for at once take turns', async () => {
    const said = await Promise.all(['a', 'b', 'c'].map((text) => texts('deny', { deny: [text] })));
    assert.deepEqual(said, [['deny a'], ['deny b'], ['deny c']]);
  });

  test('a trap ends one evaluation, not those after it', async () => {
    await assert.rejects(evaluate('deny_trap'), code('REGO_TRAP'));
    assert.deepEqual(await texts('deny', { deny: ['x'] }), ['deny x']);
  });

  test('too much time and too much memory are errors of their own, and the next evaluation works', async () => {
    const list = JSON.stringify({ list: Array.from({ length: 5000 }, (_, index) => `item ${index}`) });
    await using limited = new RegoRunner(DEADLINE);
    const program = readProgram(CASES);
    await assert.rejects(limited.evaluate(program, 'cases/deny_slow', list), code('REGO_TIMEOUT'));
    assert.equal(await limited.evaluate(program, 'cases/deny', '{"deny":["x"]}'), '[{"result":["x"]}]');
    await using small = new RegoRunner({ deadlineMs: 60_000, memoryPages: 100 });
    await assert.rejects(small.evaluate(program, 'cases/deny_large', '{}'), code('REGO_MEMORY'));
    const large = JSON.stringify({ deny: ['x'.repeat(10_000_000)] });
    await assert.rejects(small.evaluate(program, 'cases/deny', large), code('REGO_MEMORY'));
    assert.equal(await small.evaluate(program, 'cases/deny', '{"deny":["x"]}'), '[{"result":["x"]}]');
  });
});

describe('readResult', () => {
  test('gives messages or a REGO error for anything', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ deny: fc.jsonValue(), warn_x: fc.jsonValue() }));
    fc.assert(
      fc.property(value, fc.constantFrom('x/deny', 'x/warn', 'x'), (result, entrypoint) => {
        try {
          for (const { text } of readResult(JSON.stringify([{ result }]), entrypoint)) assert.ok(text.length <= 1001);
        } catch (error) {
          assert.match(
            (error as { readonly code?: string }).code ?? String(error),
            /^REGO_(?:RESULT_INVALID|UNDEFINED)$/,
          );
        }
      }),
    );
  });

  test('nesting without end, and keys that JavaScript knows, are refused', () => {
    for (const result of [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, '[{"msg":"x","__proto__":1}]'])
      assert.throws(() => readResult(`[{"result":${result}}]`, 'x/deny'), code('REGO_RESULT_INVALID'));
  });

  test('long texts are cut', () => {
    const [message] = readResult(JSON.stringify([{ result: ['x'.repeat(5000)] }]), 'x/deny');
    assert.equal(message?.text.length, 1001);
  });
});

describe('readProgram and the module', () => {
  const file = (path: string, content: string | Uint8Array): TarInput => ({
    header: { path, type: 'file', mode: 0o644 },
    content: Buffer.from(content),
  });
  const tar = async (...files: readonly TarInput[]): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of createTar(files)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const bundle = async (...files: readonly TarInput[]): Promise<Buffer> => gzipSync(await tar(...files));
  const WASM = readProgram(CASES).module;

  test('a bundle of opa, and a bare module', async () => {
    await using runner = new RegoRunner();
    for (const bytes of [CASES, WASM, await bundle(file('./policy.wasm', WASM), file('data.json', '{}'))]) {
      const program = readProgram(bytes);
      assert.equal(await runner.evaluate(program, 'cases/deny', '{"deny":["x"]}'), '[{"result":["x"]}]');
    }
  });

  test('anything else is REGO_BUNDLE_INVALID', async () => {
    for (const [what, bytes] of [
      ['empty', new Uint8Array()],
      ['text', Buffer.from('package x')],
      ['a cut gzip file', CASES.subarray(0, 1000)],
      ['no tar', gzipSync('x'.repeat(600))],
      ['a cut tar', gzipSync((await tar(file('policy.wasm', WASM))).subarray(0, 1500))],
      ['no module', await bundle(file('data.json', '{}'))],
      ['a module twice', await bundle(file('policy.wasm', WASM), file('/policy.wasm', WASM))],
      ['data that is no JSON', await bundle(file('policy.wasm', WASM), file('data.json', '{'))],
      ['data that is no object', await bundle(file('policy.wasm', WASM), file('data.json', '[]'))],
      ['a key twice', await bundle(file('policy.wasm', WASM), file('data.json', '{"a":1,"a":2}'))],
      ['data elsewhere', await bundle(file('policy.wasm', WASM), file('a/data.json', '{}'))],
      ['data as YAML', await bundle(file('policy.wasm', WASM), file('data.yaml', 'a: 1'))],
      [
        'a link',
        await bundle({ header: { path: 'policy.wasm', type: 'symlink', mode: 0o777, linkTarget: '/etc/passwd' } }),
      ],
      ['a way out', await bundle(file('../policy.wasm', WASM))],
      ['a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
      ['many files', await bundle(...Array.from({ length: 1100 }, (_, index) => file(`f${index}`, '')))],
    ] as const)
      assert.throws(() => readProgram(bytes), code('REGO_BUNDLE_INVALID'), what);
  });

  test('random bytes in a bundle, a module or data are refused with a REGO error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), (bytes, zipped) => {
        assert.throws(() => readProgram(zipped ? gzipSync(bytes) : bytes), code('REGO_BUNDLE_INVALID'));
      }),
    );
  });

  test('modules that no opa build makes are refused before they run', async () => {
    await using runner = new RegoRunner();
    const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const memoryImport = [2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 1];
    const alienImport = [1, 4, 1, 0x60, 0, 0, 2, 10, 1, 3, 0x65, 0x6e, 0x76, 2, 0x67, 0x6f, 0, 0];
    for (const [what, bytes] of [
      ['no module', [...header.slice(0, 4), 9, 9, 9, 9]],
      ['nothing', header],
      ['a memory of its own', [...header, 5, 3, 1, 0, 1]],
      ['an import that is not OPA’s', [...header, ...alienImport]],
      ['no function', [...header, ...memoryImport]],
    ] as const) {
      const program = { module: Uint8Array.from(bytes), moduleDigest: sha256Digest(what), data: Buffer.from('{}') };
      await assert.rejects(runner.evaluate(program, 'x', '{}'), code('REGO_BUNDLE_INVALID'), what);
    }
  });

  test('a module that asks for more memory than the limit cannot be started', async () => {
    await using runner = new RegoRunner({ deadlineMs: 60_000, memoryPages: 1 });
    await assert.rejects(runner.evaluate(readProgram(CASES), 'cases/deny', '{}'), code('REGO_BUNDLE_INVALID'));
  });
});
