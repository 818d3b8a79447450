import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from '../../src/registry/index.ts';

const parsed = (header: string): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  test('reads a registry’s bearer challenge', () => {
    const header = 'Bearer realm="https://auth.example.test/token",service="registry",scope="repository:a/b:pull,push"';
    assert.deepEqual(parsed(header), [
      ['bearer', { realm: 'https://auth.example.test/token', service: 'registry', scope: 'repository:a/b:pull,push' }],
    ]);
  });

  test('reads several challenges of one header', () => {
    assert.deepEqual(parsed('Negotiate, Basic realm="x, y", charset=UTF-8, Bearer realm="z"'), [
      ['negotiate', {}],
      ['basic', { realm: 'x, y', charset: 'UTF-8' }],
      ['bearer', { realm: 'z' }],
    ]);
    assert.deepEqual(parsed('Negotiate dG9rZW4=, Basic realm=x'), [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ]);
  });

  test('reads white space, escapes and any case', () => {
    assert.deepEqual(parsed('  BEARER\tRealm = "a\\"b\\\\c" ,, Service=s '), [
      ['bearer', { realm: 'a"b\\c', service: 's' }],
    ]);
  });

  test('a repeated parameter does not replace the first', () => {
    assert.deepEqual(parsed('Bearer realm="https://good.test",realm="https://evil.test"'), [
      ['bearer', { realm: 'https://good.test' }],
    ]);
  });

  test('an escaped quote does not end a value early', () => {
    assert.deepEqual(parsed('Basic realm="x\\", Bearer realm=https-evil"'), [
      ['basic', { realm: 'x", Bearer realm=https-evil' }],
    ]);
  });

  test('gives up on what is no challenge', () => {
    assert.deepEqual(parsed(''), []);
    assert.deepEqual(parsed('"quoted"'), []);
    assert.deepEqual(parsed('Bearer realm="never ends'), [['bearer', {}]]);
    assert.deepEqual(parsed(`Bearer realm="${'x'.repeat(20_000)}"`), []);
  });

  test('any text: no exception, no more than the caps', () => {
    const piece = fc.constantFrom('Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'a', 'é', '\u0000', '====');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 200 }).map((parts) => parts.join('')),
        ),
        (header) => {
          const challenges = parseChallenges(header);
          assert.ok(challenges.length <= 16);
          for (const { parameters } of challenges) assert.ok(parameters.size <= 32);
        },
      ),
    );
  });

  test('a realm that was written is the realm that is read', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (realm) => {
        const quoted = realm.replaceAll(/["\\]/g, String.raw`\$&`);
        assert.equal(parseChallenges(`Bearer realm="${quoted}",service=x`)[0]?.parameters.get('realm'), realm);
      }),
    );
  });
});
