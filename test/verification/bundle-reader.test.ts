import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkBundle, rememberingReader, type BundleReader } from '../../src/verification/index.ts';
import { bytesOf, identity, newWorld, signKeyless, SUBJECT, trustedRoot } from './support/world.ts';

/** A reader that counts what it is asked to parse. */
function counted(reader: BundleReader): BundleReader & { readonly payloads: Set<Uint8Array> } {
  const payloads = new Set<Uint8Array>();
  return {
    payloads,
    bundle: (bytes, options) => reader.bundle(bytes, options),
    statement: (payload) => {
      payloads.add(payload);
      return reader.statement(payload);
    },
  };
}

describe('a reader that remembers', () => {
  test('gives the verdict that plain parsing gives, and parses bundle and statement once', async () => {
    const world = newWorld();
    const bytes = bytesOf(signKeyless(world, { tsas: [world.tsa] }));
    const options = {
      keys: [],
      identities: [await identity()],
      trust: [{ root: trustedRoot(world) }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    const plain = await checkBundle(bytes, options);
    assert.equal(plain.ok, true);
    const reader = counted(rememberingReader());
    const statement = reader.statement(reader.bundle(bytes, {}).payload);
    const first = await checkBundle(bytes, { ...options, reader });
    const second = await checkBundle(bytes, { ...options, reader });
    assert.deepEqual(first, plain);
    assert.deepEqual(second, plain);
    assert.equal(reader.payloads.size, 1);
    assert.equal(first.ok && first.statement, statement);
  });

  test('caps are asked for each time; what is refused is refused again', () => {
    const bytes = bytesOf(signKeyless(newWorld()));
    const reader = rememberingReader();
    assert.equal(reader.bundle(bytes, {}), reader.bundle(bytes, {}));
    for (let times = 0; times < 2; times += 1) {
      assert.throws(() => reader.bundle(bytes, { maxBytes: 10 }), { code: 'BUNDLE_TOO_LARGE' });
      assert.throws(() => reader.statement(Buffer.from('{}')), { code: 'STATEMENT_MALFORMED' });
    }
    assert.equal(reader.bundle(Buffer.from(bytes), {}).payload.byteLength > 0, true);
  });
});
