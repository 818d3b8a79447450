import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractDotnetBundle, hasDotnetBundle, type DotnetBundle } from '../../src/formats/index.ts';
import { dotnetBundle, type BundleFileInput } from '../support/dotnet-bundle.ts';
import { elfFile } from '../support/elf-file.ts';
import { peFile } from '../support/pe-file.ts';

const inElf = (content: Buffer): Buffer => elfFile([{ name: '.data', content }]);
const inPe = (content: Buffer): Buffer => peFile({ sections: [{ name: '.data', content, writable: true }] });
const FILES: readonly BundleFileInput[] = [
  { path: 'app.dll', content: Buffer.alloc(100, 7) },
  { path: 'app.deps.json', content: '{"deps":1}' },
  { path: 'de\\app.resources.dll', content: 'x' },
  { path: `${'long/'.repeat(40)}app.runtimeconfig.json`, content: '{"config":1}' },
];

function extract(bytes: Uint8Array): DotnetBundle | undefined {
  const json = extractDotnetBundle(bytes);
  assert.equal(hasDotnetBundle(bytes), json !== undefined);
  return json === undefined ? undefined : (JSON.parse(Buffer.from(json).toString('utf8')) as DotnetBundle);
}

describe('extractDotnetBundle', () => {
  for (const version of [1, 2, 6] as const) {
    it(`reads version ${version} behind ELF and Windows hosts`, () => {
      for (const host of [inElf, inPe]) {
        const bundle = extract(dotnetBundle(host, FILES, version));
        assert.equal(bundle?.bundleVersion, `${version}.0`);
        assert.equal(bundle.depsName, 'app.deps.json');
        assert.equal(bundle.depsJson, '{"deps":1}');
        assert.equal(bundle.runtimeConfig, '{"config":1}');
        assert.deepEqual(bundle.binaries, ['app.dll', 'de/app.resources.dll']);
        assert.equal(bundle.problem, undefined);
      }
    });
  }

  it('knows the signature as the digest it is', () => {
    const digest = createHash('sha256').update('.net core bundle\n').digest();
    assert.ok(dotnetBundle(inElf, []).includes(digest));
  });

  it('unpacks a compressed list, and names the problem of one that is damaged or a bomb', () => {
    const text = JSON.stringify({ deps: 'x'.repeat(1000) });
    const good = dotnetBundle(inElf, [{ path: 'a.deps.json', content: text, compressed: true }]);
    assert.equal(extract(good)?.depsJson, text);
    const bomb = dotnetBundle(inElf, [
      { path: 'a.deps.json', content: Buffer.alloc(40 * 1024 * 1024), compressed: true },
    ]);
    assert.match(extract(bomb)?.problem ?? '', /cannot be read/);
    const small = dotnetBundle(inElf, [
      { path: 'a.deps.json', content: Buffer.alloc(30 * 1024 * 1024), compressed: true },
    ]);
    assert.match(extract(small)?.problem ?? '', /cannot be read/);
    const lie = Buffer.from(bomb);
    lie.writeBigUInt64LE(10n, lie.length - 'a.deps.json'.length - 1 - 1 - 16);
    assert.match(extract(lie)?.problem ?? '', /cannot be read/);
  });

  it('gives undefined for a host without a bundle and for anything else', () => {
    for (const bytes of [inElf(Buffer.alloc(40)), inPe(Buffer.alloc(40)), elfFile([]), peFile(), Buffer.alloc(0)])
      assert.equal(extract(bytes), undefined);
    const signature = createHash('sha256').update('.net core bundle\n').digest();
    assert.equal(extract(inElf(Buffer.concat([Buffer.alloc(8), signature]))), undefined);
    assert.equal(extract(inElf(signature)), undefined);
  });

  it('names the problem of headers outside the file, of other versions, and of lists that are cut', () => {
    const data = (offset: bigint): Buffer => {
      const bytes = Buffer.from(dotnetBundle((content) => content, []).subarray(0, 40));
      bytes.writeBigInt64LE(offset);
      return bytes;
    };
    for (const offset of [1n << 40n, (1n << 63n) - 1n])
      assert.match(extract(inElf(data(offset)))?.problem ?? '', /outside/);
    const whole = dotnetBundle(inElf, FILES);
    assert.match(extract(whole.subarray(0, whole.length - 5))?.problem ?? '', /only 3 of 4/);
    const other = Buffer.from(whole);
    other.writeUInt32LE(7, other.indexOf('Zx9BundleId0') - 13);
    assert.match(extract(other)?.problem ?? '', /version 7/);
  });

  it('never throws on damaged files', () => {
    const files = [dotnetBundle(inElf, FILES), dotnetBundle(inPe, FILES, 1)];
    const header = files.map((file) => file.indexOf('Zx9BundleId0') - 13);
    fc.assert(
      fc.property(
        fc.nat(1),
        fc.array(fc.tuple(fc.boolean(), fc.nat(600), fc.nat(255)), { maxLength: 12 }),
        fc.option(fc.nat(3000)),
        (which, changes, length) => {
          const file = Buffer.from(files[which]!);
          for (const [late, offset, byte] of changes) file[((late ? header[which]! : 0) + offset) % file.length] = byte;
          extract(length === null ? file : file.subarray(0, length));
        },
      ),
      { numRuns: 400 },
    );
  });
});
