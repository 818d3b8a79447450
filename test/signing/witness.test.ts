import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createKeySigner, generateKeyPair } from '../../src/keys/index.ts';
import {
  keySource,
  openSigningSession,
  servicesFromUrls,
  type Artifact,
  type ServiceUrls,
  type SigningSession,
} from '../../src/signing/index.ts';
import { callService } from '../../src/signing/service/call-service.ts';
import type { WitnessPlan } from '../../src/signing/witness/gather.ts';
import { parseTimestampReply } from '../../src/signing/witness/timestamp-reply.ts';
import { timestampQuery } from '../../src/signing/witness/timestamp-authority.ts';
import { findPeer } from '../support/peers.ts';
import { quickClient, testRuntime } from './support/context.ts';
import { startService, type TestService } from './support/service.ts';
import { startSigstore } from './support/sigstore.ts';

const FILE: Artifact = { kind: 'file', bytes: Buffer.from('a file') };

async function session(
  urls: ServiceUrls,
  options: { randomBytes?: typeof randomBytes; timestampPolicy?: string } = {},
): Promise<SigningSession> {
  const { privateKey } = await generateKeyPair('ecdsa-p256', randomBytes);
  const runtime = {
    ...testRuntime(),
    ...(options.randomBytes === undefined ? {} : { randomBytes: options.randomBytes }),
  };
  return openSigningSession({
    source: keySource(createKeySigner(privateKey)),
    witnesses: {
      services: servicesFromUrls(urls),
      client: quickClient(),
      runtime,
      ...(options.timestampPolicy === undefined ? {} : { timestampPolicy: options.timestampPolicy }),
    },
  });
}

describe('Rekor version 1', () => {
  it('fetches an entry that is there already, from the log itself whatever the Location says', async () => {
    await using elsewhere = await startService(() => ({ status: 200 }));
    const stored: string[] = [];
    await using sigstore = await startSigstore();
    await using log = await startService(async ({ method, path, body }) => {
      if (method === 'GET') return { body: stored[0] ?? '' };
      const answer = await fetch(`${sigstore.rekor1.url}${path}`, { method: 'POST', body: new Uint8Array(body) });
      stored.push(await answer.text());
      const id = Object.keys(JSON.parse(stored[0] ?? '{}') as object)[0];
      return { status: 409, headers: { location: `${elsewhere.url}/api/v1/log/entries/${id}` }, body: '{}' };
    });
    const { testimonies } = await (await session({ logs: [{ url: log.url, apiVersion: 1 }] })).sign(FILE);
    assert.equal(testimonies.length, 1);
    assert.match(log.requests[1]?.path ?? '', /^\/api\/v1\/log\/entries\/[0-9a-f]{64}$/);
    assert.equal(elsewhere.requests.length, 0);
  });

  it('refuses a conflict without a place, or with one that is no entry', async () => {
    for (const headers of [{}, { location: '/api/v1/log/entries/../../etc' }, { location: '' }]) {
      await using log = await startService(() => ({ status: 409, headers }));
      await assert.rejects((await session({ logs: [{ url: log.url, apiVersion: 1 }] })).sign(FILE), {
        code: 'SERVICE_ANSWER_INVALID',
      });
    }
  });

  it('refuses entries of something else, and answers that are no entry', async () => {
    await using sigstore = await startSigstore();
    const other = await (await session({ logs: [{ url: sigstore.rekor1.url, apiVersion: 1 }] })).sign(FILE);
    const [testimony] = other.testimonies;
    assert.ok(testimony?.kind === 'log-entry');
    const { canonicalizedBody } = testimony.entry.json;
    const valid = {
      body: canonicalizedBody,
      logID: '00'.repeat(32),
      logIndex: 1,
      integratedTime: 1,
      verification: {
        signedEntryTimestamp: 'AAAA',
        inclusionProof: { logIndex: 0, treeSize: 1, rootHash: '00'.repeat(32), hashes: [], checkpoint: 'x' },
      },
    };
    const answers: readonly object[] = [
      {},
      { a: {} },
      { a: valid },
      { a: valid, b: valid },
      { a: { ...valid, verification: {} } },
      { a: { ...valid, body: 'AAAA' } },
      { a: { ...valid, logID: 'zz' } },
    ];
    for (const answer of answers) {
      await using log = await startService(() => ({ status: 201, body: JSON.stringify(answer) }));
      await assert.rejects((await session({ logs: [{ url: log.url, apiVersion: 1 }] })).sign(FILE), {
        code: 'SERVICE_ANSWER_INVALID',
      });
    }
  });

  it('says what to do about a statement that is too large for it', async () => {
    await using log = await startService(() => ({ status: 413, body: 'too large' }));
    await assert.rejects((await session({ logs: [{ url: log.url, apiVersion: 1 }] })).sign(FILE), {
      code: 'SIGNING_TOO_LARGE',
      hint: /version 2/,
    });
  });
});

describe('Rekor version 2', () => {
  it('logs the digest with the key and the name of how it signs', async () => {
    await using sigstore = await startSigstore();
    await (await session({ logs: [{ url: sigstore.rekor2.url, apiVersion: 2 }] })).sign(FILE);
    const body = JSON.parse(sigstore.rekor2.requests[0]?.body.toString() ?? '');
    assert.deepEqual(Object.keys(body), ['hashedRekordRequestV002']);
    const { verifier } = body.hashedRekordRequestV002.signature;
    assert.deepEqual(Object.keys(verifier), ['publicKey', 'keyDetails']);
    assert.equal(verifier.keyDetails, 'PKIX_ECDSA_P256_SHA_256');
  });

  it('signs once more when an answer was lost and the log has the entry already', async () => {
    await using sigstore = await startSigstore({
      rekor2: (_request, index) => (index === 0 ? { status: 409 } : undefined),
    });
    const urls = { logs: [{ url: sigstore.rekor2.url, apiVersion: 2 as const }] };
    assert.equal((await (await session(urls)).sign(FILE)).testimonies.length, 1);
    const [first, second] = sigstore.rekor2.requests;
    assert.notEqual(first?.body.toString(), second?.body.toString());
    await using stubborn = await startService(() => ({ status: 409 }));
    const again = await session({ logs: [{ url: stubborn.url, apiVersion: 2 }] });
    await assert.rejects(again.sign(FILE), { code: 'SERVICE_ENTRY_EXISTS' });
    assert.equal(stubborn.requests.length, 2);
  });

  it('refuses entries of something else, of another kind, and without proof', async () => {
    await using sigstore = await startSigstore();
    const edits: readonly ((entry: Record<string, unknown>) => void)[] = [
      (entry) => (entry['canonicalizedBody'] = Buffer.from('{}').toString('base64')),
      (entry) => (entry['kindVersion'] = { kind: 'dsse', version: '0.0.2' }),
      (entry) => delete entry['inclusionProof'],
      (entry) => delete entry['logId'],
      (entry) =>
        (entry['canonicalizedBody'] = Buffer.from(
          Buffer.from(String(entry['canonicalizedBody']), 'base64').toString().replace('SHA2_256', 'SHA2_512'),
        ).toString('base64')),
      (entry) => (entry['inclusionProof'] = { ...(entry['inclusionProof'] as object), hashes: ['AAAA'] }),
    ];
    for (const edit of edits) {
      await using log = await startService(async ({ path, body }) => {
        const answer = await fetch(`${sigstore.rekor2.url}${path}`, { method: 'POST', body: new Uint8Array(body) });
        const entry = (await answer.json()) as Record<string, unknown>;
        edit(entry);
        return { status: 201, body: JSON.stringify(entry) };
      });
      await assert.rejects((await session({ logs: [{ url: log.url, apiVersion: 2 }] })).sign(FILE), {
        code: 'SERVICE_ANSWER_INVALID',
      });
    }
  });
});

describe('a timestamp authority', () => {
  it('refuses a reply to another request, of something else, of another policy, and refusals', async () => {
    await using sigstore = await startSigstore();
    let last = Buffer.alloc(0);
    await using replaying = await startService(async ({ body }) => {
      if (last.byteLength === 0)
        last = Buffer.from(
          await (await fetch(sigstore.tsa.url, { method: 'POST', body: new Uint8Array(body) })).arrayBuffer(),
        );
      return { status: 201, body: last };
    });
    const urls = { timestampAuthorities: [replaying.url] };
    const signing = await session(urls);
    await signing.sign(FILE);
    await assert.rejects(signing.sign(FILE), { code: 'SERVICE_ANSWER_INVALID', message: /nonce/ });
    // the same nonce for another signature
    const fixed = ((length: number) => Buffer.concat([Buffer.alloc(length - 1), Buffer.of(5)])) as typeof randomBytes;
    last = Buffer.alloc(0);
    const same = await session(urls, { randomBytes: fixed });
    await same.sign(FILE);
    await assert.rejects(same.sign(FILE), { code: 'SERVICE_ANSWER_INVALID', message: /something else/ });
    last = Buffer.alloc(0);
    await using fixedPolicy = await startService(async ({ body }) => {
      const query = Buffer.from(
        body
          .toString('latin1')
          .replace(
            Buffer.from('06032a0304', 'hex').toString('latin1'),
            Buffer.from('06032a0305', 'hex').toString('latin1'),
          ),
        'latin1',
      );
      return {
        status: 201,
        body: Buffer.from(await (await fetch(sigstore.tsa.url, { method: 'POST', body: query })).arrayBuffer()),
      };
    });
    const withPolicy = await session({ timestampAuthorities: [fixedPolicy.url] }, { timestampPolicy: '1.2.3.4' });
    await assert.rejects(withPolicy.sign(FILE), { code: 'SERVICE_ANSWER_INVALID', message: /policy 1\.2\.3\.5/ });
    for (const body of [Buffer.from('30053003020102', 'hex'), Buffer.from('nonsense'), Buffer.alloc(0)]) {
      await using refusing = await startService(() => ({ status: 200, body }));
      await assert.rejects((await session({ timestampAuthorities: [refusing.url] })).sign(FILE), {
        code: 'SERVICE_ANSWER_INVALID',
      });
    }
  });

  it(
    'is any that speaks RFC 3161: openssl answers and checks',
    { skip: findPeer('openssl') === undefined && 'no openssl' },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'waybill-tsa-'));
      try {
        const tsa = opensslAuthority(folder);
        await using service = await startService(({ body }) => ({ status: 200, body: tsa.reply(body) }));
        const { testimonies } = await (
          await session({ timestampAuthorities: [service.url] }, { randomBytes })
        ).sign(FILE);
        const [testimony] = testimonies;
        assert.ok(testimony?.kind === 'timestamp');
        assert.ok(Math.abs(testimony.timestamp.time.getTime() - Date.now()) < 60_000);
        assert.match(
          tsa.verify(service.requests[0]?.body ?? Buffer.alloc(0), testimony.timestamp.response),
          /Verification: OK/,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it('is asked with a nonce and for its certificate', () => {
    const query = timestampQuery({ imprint: Buffer.alloc(32, 1), nonce: Buffer.of(0x80, 1), policy: '1.2.3.4' });
    const imprint = `3031300d060960864801650304020105000420${'01'.repeat(32)}`;
    assert.equal(Buffer.from(query).toString('hex'), `3043020101${imprint}06032a030402030080010101ff`);
  });

  it('never hangs or throws on hostile replies', () => {
    const bytes = Buffer.from('30820102', 'hex');
    for (let index = 0; index < 2000; index += 1) {
      const hostile = Buffer.concat([bytes, randomBytes(index % 64)]);
      assert.doesNotThrow(() => parseTimestampReply(hostile));
    }
  });
});

describe('callService', () => {
  it('gives up in time, follows no redirect, and stops reading too much', async () => {
    await using slow = await startService(() => ({ hang: true }));
    const call = {
      what: 'the service',
      method: 'POST',
      body: Buffer.from('x'),
      timeLimitMs: 50,
      maxAnswerBytes: 100,
      signal: new AbortController().signal,
    } as const;
    await assert.rejects(callService(quickClient(), { ...call, url: new URL(slow.url) }), {
      code: 'SERVICE_TIMEOUT',
      exitCode: 4,
    });
    await using large = await startService(() => ({ body: 'x'.repeat(1000) }));
    await assert.rejects(callService(quickClient(), { ...call, timeLimitMs: 5000, url: new URL(large.url) }), {
      code: 'NET_RESPONSE_TOO_LARGE',
    });
    await using moved = await startService(() => ({ status: 308, headers: { location: large.url } }));
    await assert.rejects(callService(quickClient(), { ...call, timeLimitMs: 5000, url: new URL(moved.url) }), {
      code: 'SERVICE_REDIRECTED',
    });
    assert.equal(large.requests.length, 1);
  });

  it('quotes a refusal harmlessly', async () => {
    await using service = await startService(() => ({ status: 422, body: 'no\u001b[31m\n::error::x' }));
    const call = {
      what: 'the service',
      method: 'GET',
      timeLimitMs: 5000,
      maxAnswerBytes: 1000,
      signal: new AbortController().signal,
      url: new URL(service.url),
    } as const;
    await assert.rejects(callService(quickClient(), call), (error) => {
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch((error as Error).message, /\u001b|\n|(?:^|\s)::/);
      return true;
    });
  });
});

describe('a plan with spare services', () => {
  it('takes the next candidate for one that fails, as long as there is one', async () => {
    await using sigstore = await startSigstore();
    await using broken = await startService(() => ({ status: 400 }));
    const plan = (candidates: readonly TestService[], needed: number): WitnessPlan => ({
      services: {
        logs: {
          candidates: candidates.map(({ url }) => ({ url: new URL(url), apiVersion: 2, operator: url })),
          needed,
        },
        timestampAuthorities: { candidates: [], needed: 0 },
      },
    });
    const { privateKey } = await generateKeyPair('ecdsa-p256', randomBytes);
    const sign = async (witnesses: WitnessPlan): Promise<number> => {
      const parts = { ...witnesses, client: quickClient(), runtime: testRuntime() };
      const made = await openSigningSession({ source: keySource(createKeySigner(privateKey)), witnesses: parts }).sign(
        FILE,
      );
      return made.testimonies.length;
    };
    assert.equal(await sign(plan([broken, sigstore.rekor2], 1)), 1);
    await assert.rejects(sign(plan([broken, sigstore.rekor2], 2)), { code: 'SERVICE_REFUSED' });
    await assert.rejects(sign(plan([broken], 1)), { code: 'SERVICE_REFUSED' });
  });
});

interface OpensslAuthority {
  reply(query: Uint8Array): Uint8Array;
  verify(query: Uint8Array, reply: Uint8Array): string;
}

/** A timestamp authority of OpenSSL's own making. */
function opensslAuthority(folder: string): OpensslAuthority {
  const file = (name: string): string => join(folder, name);
  const run = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('openssl', [...args], { encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
    return `${stdout}${stderr}`;
  };
  writeFileSync(file('serial'), '01\n');
  writeFileSync(
    file('tsa.cnf'),
    `[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=tsa\n[ext]\nextendedKeyUsage=critical,timeStamping\n[tsa]\ndefault_tsa=one\n[one]\nserial=${file('serial')}\nsigner_cert=${file('tsa.pem')}\nsigner_key=${file('tsa.key')}\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\ness_cert_id_alg=sha256\n`,
  );
  run(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('tsa.key'),
    '-out',
    file('tsa.pem'),
    '-config',
    file('tsa.cnf'),
    '-days',
    '2',
  );
  return {
    reply(query) {
      writeFileSync(file('query.tsq'), query);
      run(
        'ts',
        '-reply',
        '-config',
        file('tsa.cnf'),
        '-section',
        'one',
        '-queryfile',
        file('query.tsq'),
        '-out',
        file('reply.tsr'),
      );
      return readFileSync(file('reply.tsr'));
    },
    verify(query, reply) {
      writeFileSync(file('query.tsq'), query);
      writeFileSync(file('reply.tsr'), reply);
      return run(
        'ts',
        '-verify',
        '-queryfile',
        file('query.tsq'),
        '-in',
        file('reply.tsr'),
        '-CAfile',
        file('tsa.pem'),
      );
    },
  };
}
