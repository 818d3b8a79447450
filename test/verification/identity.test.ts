import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { IdentityRule, RejectionCode } from '../../src/verification/index.ts';
import { context, contextValue, name, oid, utf8 } from './support/asn1.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { extension, type Extension } from './support/certificates.ts';
import { newBench, type Bench } from './support/check.ts';
import { identity, ISSUER, SAN, signKeyless } from './support/world.ts';

let bench: Bench;

before(async () => {
  bench = await newBench();
});

describe('compileIdentity', () => {
  it('asks for every extension by name, exactly or by expression', async () => {
    const extensions = [
      extension.fulcio(11, 'self-hosted'),
      extension.fulcio(12, 'https://github.com/acme/app'),
      extension.fulcio(14, 'refs/heads/main'),
    ];
    const bundle = signKeyless(bench.world, { extensions });
    const check = async (wanted: NonNullable<IdentityRule['extensions']>): ReturnType<Bench['check']> =>
      bench.check(bundle, { identities: [await identity({ extensions: wanted })] });
    acceptedSigner(
      await check({
        sourceRepositoryUri: 'https://github.com/acme/app',
        sourceRepositoryRef: { regexp: 'refs/heads/.*' },
      }),
    );
    assertRejected(
      await check({ runnerEnvironment: 'github-hosted' }),
      'IDENTITY_MISMATCH',
      /runnerEnvironment is "self-hosted"/,
    );
    assertRejected(await check({ sourceRepositoryDigest: 'abc' }), 'IDENTITY_MISMATCH', /is missing/);
    assertRejected(await check({ sourceRepositoryRef: { regexp: 'heads' } }), 'IDENTITY_MISMATCH');
  });

  it('an extension alone is enough, with an issuer', async () => {
    const bundle = signKeyless(bench.world, { extensions: [extension.fulcio(16, 'https://github.com/acme')] });
    const rule = await identity({ extensions: { sourceRepositoryOwnerUri: 'https://github.com/acme' } });
    acceptedSigner(await bench.check(bundle, { identities: [rule] }));
    assertRejected(await bench.check(signKeyless(bench.world), { identities: [rule] }), 'IDENTITY_MISMATCH');
  });

  it('an issuer is exact too', async () => {
    for (const issuer of [`${ISSUER}/`, ISSUER.slice(0, -1), { regexp: 'https://token' }]) {
      const verdict = await bench.check(signKeyless(bench.world), { identities: [await identity({ issuer })] });
      assertRejected(verdict, 'IDENTITY_MISMATCH', /issuer/);
    }
    const any = await identity({ issuer: { regexp: '.*' } });
    acceptedSigner(await bench.check(signKeyless(bench.world), { identities: [any] }));
  });

  it('any of several, with the names of those that are met', async () => {
    const rules = [
      await identity({ name: 'other', identity: 'bob@acme.test' }),
      await identity({ name: 'release' }),
      await identity({ name: 'acme', identity: { regexp: 'https://github\\.com/acme/.*' } }),
    ];
    const signer = acceptedSigner(await bench.check(signKeyless(bench.world), { identities: rules }));
    assert.deepEqual(
      [signer.names, signer.rules],
      [
        ['release', 'acme'],
        [1, 2],
      ],
    );
    const verdict = await bench.check(signKeyless(bench.world, { names: extension.email('eve@evil.test') }), {
      identities: rules,
    });
    assertRejected(verdict, 'IDENTITY_MISMATCH', /"eve@evil.test" \(issuer .*none of the 3/);
  });
});

describe('subject alternative names', () => {
  const check = async (names: Extension, wanted: string, code?: RejectionCode, reason?: RegExp): Promise<void> => {
    const verdict = await bench.check(signKeyless(bench.world, { names }), {
      identities: [await identity({ identity: wanted })],
    });
    if (code === undefined) assert.equal(acceptedSigner(verdict).identity, wanted);
    else assertRejected(verdict, code, reason);
  };

  it("URIs, e-mail addresses and Fulcio's user names are identities", async () => {
    await check(extension.uri(SAN), SAN);
    await check(extension.email('bob@acme.test'), 'bob@acme.test');
    await check(extension.otherName('bob!acme.test'), 'bob!acme.test');
  });

  it('names of machines and of nobody are none', async () => {
    await check(extension.dns('acme.test'), 'acme.test', 'IDENTITY_UNSUPPORTED', /dns/);
    await check(
      extension.names(contextValue(7, Buffer.from([127, 0, 0, 1]))),
      '7f000001',
      'IDENTITY_UNSUPPORTED',
      /ip/,
    );
    await check(extension.names(context(4, name('bob'))), 'bob', 'IDENTITY_UNSUPPORTED', /directory/);
    const foreign = context(0, oid('1.2.3'), context(0, utf8('bob')));
    await check(extension.names(foreign), 'bob', 'IDENTITY_UNSUPPORTED', /unknown/);
    await check(extension.names(), 'bob', 'IDENTITY_UNSUPPORTED', /no subject alternative name/);
  });

  it('of several names, the one that is wanted is the identity', async () => {
    await check(extension.uri('https://one.test', SAN), SAN);
    await check(extension.names(contextValue(2, 'acme.test'), contextValue(6, SAN)), SAN);
  });

  it('names with control characters, NUL or other alphabets are refused', async () => {
    for (const bad of ['https://acme.test\0.evil.test', 'https://acme.test\nx', 'https://аcme.test', '']) {
      await check(extension.names(contextValue(6, Buffer.from(bad))), bad === '' ? 'x' : bad, 'CERTIFICATE_MALFORMED');
    }
    await check(extension.otherName('bob\u0007'), 'bob', 'CERTIFICATE_MALFORMED');
  });

  it('what Fulcio wrote about a workflow may have any characters; an issuer may not', async () => {
    const odd = signKeyless(bench.world, { extensions: [extension.fulcio(4, 'a\tname \u{1F680}')] });
    assert.equal(acceptedSigner(await bench.check(odd)).extensions.githubWorkflowName, 'a\tname \u{1F680}');
    const extensions = [
      extension.usage(0x80),
      extension.purposes(['1.3.6.1.5.5.7.3.3']),
      extension.uri(SAN),
      extension.fulcio(8, `${ISSUER}\n`),
    ];
    assertRejected(
      await bench.check(signKeyless(bench.world, { certificate: { extensions } })),
      'CERTIFICATE_MALFORMED',
    );
  });

  it('two issuers that differ are refused, and the old one is enough', async () => {
    const differing = signKeyless(bench.world, {
      certificate: {
        extensions: [
          extension.usage(0x80),
          extension.purposes(['1.3.6.1.5.5.7.3.3']),
          extension.uri(SAN),
          extension.fulcio(1, ISSUER),
          extension.fulcio(8, 'https://evil.test'),
        ],
      },
    });
    assertRejected(await bench.check(differing), 'CERTIFICATE_MALFORMED', /two issuers/);
    const old = signKeyless(bench.world, {
      certificate: {
        extensions: [
          extension.usage(0x80),
          extension.purposes(['1.3.6.1.5.5.7.3.3']),
          extension.uri(SAN),
          extension.fulcio(1, ISSUER),
        ],
      },
    });
    assert.equal(acceptedSigner(await bench.check(old)).issuer, ISSUER);
  });
});
