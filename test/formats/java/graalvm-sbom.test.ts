import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractGraalvmSbom, type GraalvmSbom } from '../../../src/formats/index.ts';
import { graalvmProgram } from '../../support/graalvm-program.ts';

function extract(bytes: Uint8Array): GraalvmSbom | undefined {
  const found = extractGraalvmSbom(bytes);
  return found === undefined ? undefined : (JSON.parse(Buffer.from(found).toString('utf8')) as GraalvmSbom);
}

describe('extractGraalvmSbom', () => {
  it('reads components, licences and dependencies', () => {
    const sbom = extract(
      graalvmProgram({
        metadata: { component: { name: 'app', 'bom-ref': 'm' } },
        components: [
          {
            'bom-ref': 'a',
            group: 'g',
            name: 'a',
            version: '1',
            purl: 'pkg:maven/g/a@1',
            licenses: [{ license: { id: 'MIT' } }, { expression: 'A OR B' }, 7],
          },
          { name: 5 },
          null,
        ],
        dependencies: [{ ref: 'm', dependsOn: ['a', 3] }, { ref: 'a' }],
      }),
    );
    assert.deepEqual(sbom, {
      main: { ref: 'm', name: 'app', licenses: [] },
      components: [
        { ref: 'a', group: 'g', name: 'a', version: '1', purl: 'pkg:maven/g/a@1', licenses: ['MIT', 'A OR B'] },
      ],
      dependencies: [{ ref: 'm', dependsOn: ['a'] }],
    });
  });

  it('says why a document cannot be read', () => {
    for (const bytes of [
      graalvmProgram('['),
      graalvmProgram({}, { claimsBytes: 10 ** 7 }),
      graalvmProgram({}, { claimsBytes: 10_000 }),
    ]) {
      assert.equal(typeof extract(bytes)?.problem, 'string');
    }
  });

  it('finds nothing in other files, and never throws', () => {
    assert.equal(extract(Buffer.from('none')), undefined);
    const whole = graalvmProgram({ components: [{ name: 'a' }] });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          extract(bytes);
          extract(bytes.subarray(0, cut));
        },
      ),
    );
  });
});
