import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { trustedRootFromCertificates, type RejectionCode, type TrustedSource } from '../../src/verification/index.ts';
import { bits, context, contextValue, name, octets, oid, seq, utf8 } from './support/asn1.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import {
  CODE_SIGNING,
  extension,
  issueCertificate,
  newPair,
  pemOf,
  TIME_STAMPING,
  type CertificateOptions,
  type Extension,
} from './support/certificates.ts';
import { changed, newBench, type Bench } from './support/check.ts';
import {
  authorityJson,
  identity,
  ISSUER,
  newAuthority,
  SAN,
  signKeyless,
  trustedRoot,
  type Authority,
  type World,
} from './support/world.ts';

let bench: Bench;
let world: World;

before(async () => {
  bench = await newBench();
  world = bench.world;
});

const usual: readonly Extension[] = [
  extension.usage(0x80),
  extension.purposes([CODE_SIGNING]),
  extension.uri(SAN),
  extension.fulcio(8, ISSUER),
];
const without = (dropped: string, ...added: readonly Extension[]): readonly Extension[] => [
  ...usual.filter((item) => item.oid !== dropped),
  ...added,
];

async function assertLeaf(
  certificate: Partial<CertificateOptions>,
  code: RejectionCode,
  reason?: RegExp,
): Promise<void> {
  assertRejected(await bench.check(signKeyless(world, { certificate })), code, reason);
}

describe('pitfall 20: misuse of the certificate', () => {
  it('refuses one that is not for code signing', async () => {
    await assertLeaf({ extensions: without('2.5.29.37') }, 'CERTIFICATE_USAGE', /code signing/);
    const other = extension.purposes([TIME_STAMPING]);
    await assertLeaf({ extensions: without('2.5.29.37', other) }, 'CERTIFICATE_USAGE', /code signing/);
    const any = extension.purposes(['2.5.29.37.0']);
    await assertLeaf({ extensions: without('2.5.29.37', any) }, 'CERTIFICATE_USAGE', /code signing/);
  });

  it('refuses one that is not for digital signatures, or for signing certificates', async () => {
    await assertLeaf({ extensions: without('2.5.29.15') }, 'CERTIFICATE_USAGE', /digital signatures/);
    await assertLeaf(
      { extensions: without('2.5.29.15', extension.usage(0x20)) },
      'CERTIFICATE_USAGE',
      /digital signatures/,
    );
    await assertLeaf(
      { extensions: without('2.5.29.15', extension.usage(0x84)) },
      'CERTIFICATE_USAGE',
      /signing certificates/,
    );
  });

  it('refuses that of an authority, and X.509 version 1', async () => {
    await assertLeaf({ extensions: [...usual, extension.authority()] }, 'CERTIFICATE_USAGE', /authority/);
    await assertLeaf({ version: 1, ctLogs: [] }, 'CERTIFICATE_USAGE', /version 1/);
  });

  it('refuses a critical extension that is not understood', async () => {
    const strange = { oid: '1.2.3.4', critical: true, value: utf8('x') };
    await assertLeaf({ extensions: [...usual, strange] }, 'CERTIFICATE_USAGE', /1\.2\.3\.4/);
    acceptedSigner(
      await bench.check(
        signKeyless(world, { certificate: { extensions: [...usual, { ...strange, critical: false }] } }),
      ),
    );
  });

  it('refuses an extension that is there twice', async () => {
    await assertLeaf({ extensions: [...usual, extension.uri('https://other.test')] }, 'CERTIFICATE_MALFORMED', /twice/);
  });

  it('refuses keys that are not on the list', async () => {
    for (const key of ['secp256k1', 'rsa-1024'] as const) {
      assertRejected(await bench.check(signKeyless(world, { key })), 'ALGORITHM_NOT_ALLOWED');
    }
    const narrow = { algorithms: ['ecdsa-p256'] } as const;
    assertRejected(await bench.check(signKeyless(world, { key: 'rsa' }), narrow), 'ALGORITHM_NOT_ALLOWED');
    acceptedSigner(await bench.check(signKeyless(world), narrow));
  });

  it('refuses a certificate changed after it was issued', async () => {
    const bundle = changed(signKeyless(world), ({ verificationMaterial }) => {
      const bytes = Buffer.from(verificationMaterial.certificate?.rawBytes ?? '', 'base64');
      const at = bytes.indexOf(SAN);
      bytes.write('http', at);
      bytes.write('x', at + SAN.length - 1);
      verificationMaterial.certificate = { rawBytes: bytes.toString('base64') };
    });
    assertRejected(await bench.check(bundle), 'CERTIFICATE_UNTRUSTED');
  });

  it('refuses what is no certificate', async () => {
    for (const rawBytes of [
      'AAAA',
      Buffer.from(seq()).toString('base64'),
      Buffer.alloc(70_000, 0x30).toString('base64'),
    ]) {
      const bundle = changed(signKeyless(world), (json) => (json.verificationMaterial.certificate = { rawBytes }));
      assertRejected(await bench.check(bundle), 'CERTIFICATE_MALFORMED');
    }
  });
});

describe('certificate paths', () => {
  /** A world whose intermediate certificate is another. */
  const withIntermediate = async (
    changes: Partial<CertificateOptions>,
    code?: RejectionCode,
    reason?: RegExp,
  ): Promise<void> => {
    const authority = newAuthority('other', changes);
    const root = trustedRoot({ ...world, authority });
    const verdict = await bench.check(signKeyless({ ...world, authority }), { trust: [{ root }] });
    if (code === undefined) acceptedSigner(verdict);
    else assertRejected(verdict, code, reason);
  };
  const authorityUsual = [extension.authority(0), extension.usage(0x06)];

  it('an intermediate must be an authority that signs certificates, for code signing', async () => {
    await withIntermediate({ extensions: authorityUsual });
    await withIntermediate({ extensions: [extension.usage(0x06)] }, 'CERTIFICATE_USAGE', /not that of an authority/);
    await withIntermediate(
      { extensions: [extension.authority(), extension.usage(0x80)] },
      'CERTIFICATE_USAGE',
      /signing certificates/,
    );
    const purpose = extension.purposes([TIME_STAMPING]);
    await withIntermediate({ extensions: [...authorityUsual, purpose] }, 'CERTIFICATE_USAGE', /code signing/);
  });

  it('CVE-2026-24122: an intermediate must have been in force', async () => {
    const notAfter = new Date('2025-06-01T00:00:00Z');
    await withIntermediate({ notAfter }, 'CERTIFICATE_EXPIRED', /an intermediate/);
  });

  it('path lengths are kept', async () => {
    const { intermediate, root, issuer } = world.authority;
    const pair = newPair();
    const extra = issueCertificate({
      subject: 'below',
      issuer,
      publicKey: pair.publicKey,
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2040-01-01T00:00:00Z'),
      extensions: [extension.authority(), extension.usage(0x06)],
    });
    const below: Authority = { ...world.authority, issuer: { subject: 'below', pair } };
    const trusted = trustedRoot(world, (json) => {
      json.certificateAuthorities = [authorityJson([extra, intermediate, root], '', 'one.test')];
    });
    const bundle = signKeyless({ ...world, authority: below });
    assertRejected(
      await bench.check(bundle, { trust: [{ root: trusted }] }),
      'CERTIFICATE_USAGE',
      /allows 0 authorities/,
    );
  });

  it('an anchor may be an intermediate certificate', async () => {
    const trusted = trustedRoot(world, (json) => {
      json.certificateAuthorities = [authorityJson([world.authority.intermediate], '', 'one.test')];
    });
    acceptedSigner(await bench.check(signKeyless(world), { trust: [{ root: trusted }] }));
  });

  it('a certificate issued by a leaf is nobody', async () => {
    const pair = newPair();
    const leaf = issueCertificate({
      subject: 'leaf',
      issuer: world.authority.issuer,
      publicKey: pair.publicKey,
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2040-01-01T00:00:00Z'),
      extensions: usual,
    });
    const authority: Authority = { ...world.authority, issuer: { subject: 'leaf', pair } };
    const bundle = changed(signKeyless({ ...world, authority }, { version: '0.2' }), ({ verificationMaterial }) => {
      const own = verificationMaterial.certificate;
      delete verificationMaterial.certificate;
      verificationMaterial['x509CertificateChain'] = { certificates: [own, { rawBytes: leaf.toString('base64') }] };
    });
    assertRejected(await bench.check(bundle, { minVersion: '0.2' }), 'CERTIFICATE_UNTRUSTED');
  });

  it('a chain in the bundle makes no authority, and has no place in version 0.3', async () => {
    const stranger = newAuthority('stranger');
    const chained = (version: '0.2' | '0.3'): unknown =>
      changed(signKeyless({ ...world, authority: stranger }, { version }), ({ verificationMaterial }) => {
        const own = verificationMaterial.certificate;
        delete verificationMaterial.certificate;
        const others = [stranger.intermediate, stranger.root].map((der) => ({ rawBytes: der.toString('base64') }));
        verificationMaterial['x509CertificateChain'] = { certificates: [own, ...others] };
      });
    assertRejected(await bench.check(chained('0.2'), { minVersion: '0.2' }), 'CERTIFICATE_UNTRUSTED');
    assertRejected(await bench.check(chained('0.3')), 'BUNDLE_MALFORMED', /not a chain/);
  });

  it('many certificates of one name end soon', async () => {
    const authorities = Array.from({ length: 31 }, () => newAuthority('fulcio').intermediate);
    const privateRoot = trustedRootFromCertificates({ certificateAuthority: pemOf(newAuthority('fulcio').root) });
    const bundle = changed(signKeyless(world, { version: '0.2' }), ({ verificationMaterial }) => {
      const own = verificationMaterial.certificate;
      delete verificationMaterial.certificate;
      const others = authorities.map((der) => ({ rawBytes: der.toString('base64') }));
      verificationMaterial['x509CertificateChain'] = { certificates: [own, ...others] };
    });
    const trust = [{ root: privateRoot }];
    assertRejected(await bench.check(bundle, { minVersion: '0.2', trust }), 'CERTIFICATE_UNTRUSTED');
  });
});

describe('name constraints', () => {
  const constrained = async (constraint: Extension, names: Extension, code?: RejectionCode): Promise<void> => {
    const authority = newAuthority('constrained', {
      extensions: [extension.authority(0), extension.usage(0x06), constraint],
    });
    const root = trustedRoot({ ...world, authority });
    const wanted = await identity({ identity: { regexp: '.+' } });
    const options = { trust: [{ root }], identities: [wanted] };
    const verdict = await bench.check(signKeyless({ ...world, authority }, { names }), options);
    if (code === undefined) acceptedSigner(verdict);
    else assertRejected(verdict, code);
  };
  const REFUSED = 'CERTIFICATE_NAME_CONSTRAINTS';

  it('of e-mail addresses', async () => {
    const domain = extension.permitted(contextValue(1, 'acme.test'));
    await constrained(domain, extension.email('bob@acme.test'));
    await constrained(domain, extension.email('bob@evil.test'), REFUSED);
    await constrained(domain, extension.email('bob@sub.acme.test'), REFUSED);
    await constrained(domain, extension.email('acme.test@evil.test'), REFUSED);
    await constrained(extension.permitted(contextValue(1, '.acme.test')), extension.email('bob@sub.acme.test'));
    await constrained(extension.permitted(contextValue(1, 'bob@acme.test')), extension.email('Bob@acme.test'), REFUSED);
    await constrained(extension.excluded(contextValue(1, 'evil.test')), extension.email('bob@evil.test'), REFUSED);
    await constrained(extension.excluded(contextValue(1, '')), extension.email('bob@acme.test'), REFUSED);
  });

  it('of URIs, by host', async () => {
    const host = extension.permitted(contextValue(6, 'github.com'));
    await constrained(host, extension.uri('https://github.com/acme/app'));
    await constrained(host, extension.uri('https://user@github.com:443/acme'));
    await constrained(host, extension.uri('https://github.com.evil.test/acme'), REFUSED);
    await constrained(host, extension.uri('https://evil.test/github.com'), REFUSED);
    await constrained(host, extension.uri('https://github.com@evil.test/'), REFUSED);
    await constrained(host, extension.uri('urn:acme:app'), REFUSED);
    await constrained(
      extension.excluded(contextValue(6, '.evil.test')),
      extension.uri('https://a.evil.test/'),
      REFUSED,
    );
    await constrained(extension.excluded(contextValue(6, '.evil.test')), extension.uri('https://127.0.0.1/'), REFUSED);
    // a constraint of one kind says nothing of another
    await constrained(host, extension.email('bob@acme.test'));
  });

  it('of hosts, addresses, other names and directories', async () => {
    const withUri = (other: Uint8Array): Extension => extension.names(contextValue(6, SAN), other);
    const dns = extension.permitted(contextValue(2, 'acme.test'));
    await constrained(dns, withUri(contextValue(2, 'www.acme.test')));
    await constrained(dns, withUri(contextValue(2, 'notacme.test')), REFUSED);
    const net = extension.permitted(contextValue(7, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0])));
    await constrained(net, withUri(contextValue(7, Buffer.from([10, 1, 2, 3]))));
    await constrained(net, withUri(contextValue(7, Buffer.from([11, 1, 2, 3]))), REFUSED);
    const other = extension.permitted(context(0, oid('1.2.3'), context(0, utf8('x'))));
    await constrained(other, extension.otherName('bob!acme.test'), REFUSED);
    const directory = extension.permitted(context(4, name('acme')));
    await constrained(directory, withUri(context(4, name('acme'))));
    await constrained(directory, withUri(context(4, name('evil'))), REFUSED);
  });

  it('that do not parse refuse the certificate', async () => {
    const broken = { oid: '2.5.29.30', critical: true, value: octets(Buffer.from('x')) };
    await constrained(broken, extension.uri(SAN), 'CERTIFICATE_MALFORMED');
    const minimum = {
      oid: '2.5.29.30',
      critical: true,
      value: seq(context(0, seq(contextValue(6, 'x'), contextValue(0, '\u0001')))),
    };
    await constrained(minimum, extension.uri(SAN), 'CERTIFICATE_MALFORMED');
  });
});

describe('trustedRootFromCertificates', () => {
  const privateSource = (authority: Authority): TrustedSource => ({
    root: trustedRootFromCertificates({ certificateAuthority: pemOf(authority.root) }),
    thresholds: { logs: 0, timestamps: 0, scts: 0 },
  });

  it('a private authority: intermediates come with the bundle, the clock says when', async () => {
    const authority = newAuthority('private');
    const bundle = changed(
      signKeyless(
        { ...world, authority },
        { logs: [], certificate: { extensions: without('1.3.6.1.4.1.57264.1.8'), ctLogs: [] } },
      ),
      ({ verificationMaterial }) => {
        const own = verificationMaterial.certificate;
        delete verificationMaterial.certificate;
        const between = { rawBytes: authority.intermediate.toString('base64') };
        verificationMaterial['x509CertificateChain'] = { certificates: [own, between] };
      },
    );
    const now = new Date('2026-01-15T12:01:00Z');
    const options = { trust: [privateSource(authority)], requireTransparencyLog: false, now };
    const wanted = await identity({ issuer: null });
    const signer = acceptedSigner(await bench.check(bundle, { ...options, identities: [wanted] }));
    assert.deepEqual([signer.identity, signer.issuer, signer.when[0]?.source], [SAN, undefined, 'clock']);
    assertRejected(await bench.check(bundle, options), 'IDENTITY_MISMATCH', /issuer is missing/);
    const late = { ...options, identities: [wanted], now: new Date('2026-02-01T00:00:00Z') };
    assertRejected(await bench.check(bundle, late), 'CERTIFICATE_EXPIRED');
  });

  it('a rule for private authorities does not take a certificate of an issuer', async () => {
    const wanted = await identity({ issuer: null });
    assertRejected(
      await bench.check(signKeyless(world), { identities: [wanted] }),
      'IDENTITY_MISMATCH',
      /none is to be named/,
    );
  });

  it('takes root and intermediates in any order, several roots, and refuses what is no authority', () => {
    const [one, two] = [newAuthority('one'), newAuthority('two')];
    const pem = [one.root, one.intermediate, two.intermediate, two.root].map((der) => pemOf(der)).join('# comment\n');
    const root = trustedRootFromCertificates({ certificateAuthority: Buffer.from(pem) });
    assert.deepEqual(
      root.certificateAuthorities.map(({ chain }) => chain.length),
      [3, 3],
    );
    const malformed = { code: 'TRUST_ROOT_MALFORMED', exitCode: 6 };
    for (const bad of ['', 'x', pemOf(Buffer.from('x')), pemOf(bits(Buffer.from('x'))), pem.repeat(17)]) {
      assert.throws(() => trustedRootFromCertificates({ certificateAuthority: bad }), malformed);
    }
    assert.throws(() => trustedRootFromCertificates({}), malformed);
  });
});
