import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bottlerocketCataloger } from '../../../src/catalog/os/bottlerocket.ts';
import { runCataloger } from '../../support/run-cataloger.ts';
import { fixtures } from '../fixtures/bottlerocket.ts';

describe('bottlerocket', () => {
  it('gives each package its publisher, summary and home', () => {
    const [pkg] = runCataloger(bottlerocketCataloger, fixtures.good.files).packages;
    assert.deepEqual(pkg?.supplier, { name: 'Bottlerocket' });
    assert.equal(pkg?.description, 'A package');
    assert.equal(pkg?.homepage, 'https://github.com/bottlerocket-os/bottlerocket');
  });

  it('never throws', () => {
    const row = fc.oneof(fc.anything(), fc.record({ Name: fc.string(), Version: fc.anything(), Epoch: fc.string() }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(row).map((Content) => toJson({ Content })),
        ),
        (text) => {
          runCataloger(bottlerocketCataloger, { 'usr/share/bottlerocket/application-inventory.json': text });
        },
      ),
    );
  });
});

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
