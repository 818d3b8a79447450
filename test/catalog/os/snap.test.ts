import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { snapCataloger } from '../../../src/catalog/os/snap.ts';
import { parseYamlFields } from '../../../src/formats/index.ts';
import { runCataloger } from '../../support/run-cataloger.ts';
import { fixtures } from '../fixtures/snap.ts';

describe('snap', () => {
  it('gives a snap its folder and the base that it runs on', () => {
    const { packages } = runCataloger(snapCataloger, fixtures.good.files);
    const [core, hello] = packages;
    assert.deepEqual(hello?.dependsOn, [core?.id]);
    assert.deepEqual(hello?.directories, ['/snap/hello/42']);
    assert.deepEqual(hello?.licenses, [{ value: 'GPL-3.0' }]);
    assert.deepEqual(core?.properties, {
      'snap:revision': '1122',
      'snap:type': 'base',
      'snap:grade': 'stable',
      'snap:confinement': 'strict',
    });
  });

  it('knows a packed snap by name and revision only', () => {
    const { packages } = runCataloger(snapCataloger, fixtures.edge.files);
    const packed = packages.find(({ name }) => name === 'core20');
    assert.equal(packed?.version, undefined);
    assert.deepEqual(packed?.properties, { 'snap:revision': '2105' });
    assert.deepEqual(packed?.files, ['/var/lib/snapd/seed/snaps/core20_2105.snap']);
  });
});

describe('parseYamlFields', () => {
  it('reads what a YAML library reads, of plain documents', () => {
    const text = fc.stringMatching(/^[ -~]{0,20}$/);
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(text, fc.array(text, { minLength: 1 }))),
        (values) => {
          const document = Object.entries(values)
            .map(
              ([key, value]) =>
                `${key}:${typeof value === 'string' ? ` ${JSON.stringify(value)}` : value.map((item) => `\n- ${JSON.stringify(item)}`).join('')}\n`,
            )
            .join('');
          assert.deepEqual(Object.fromEntries(parseYamlFields(document)), parse(document) ?? {});
        },
      ),
    );
  });

  it('never throws, and leaves out what is richer than a scalar', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseYamlFields(text)));
    const fields = parseYamlFields("a: &x 1\nb: *x\nc: {d: e}\nf: |\n  text\ng: \"\\x\"\nh: a: b\ni: 'it''s'\n");
    assert.deepEqual([...fields], [['i', "it's"]]);
  });
});
