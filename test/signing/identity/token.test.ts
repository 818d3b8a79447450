import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { isAppError } from '../../../src/core/index.ts';
import { looksLikeToken, parseIdentityToken, type TokenExpectations } from '../../../src/signing/identity/token.ts';
import { CLAIMS, tokenParts, tokenWith } from '../support/tokens.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const expected: TokenExpectations = { audience: 'sigstore', now: NOW };

describe('parseIdentityToken', () => {
  it('reads issuer, subject and expiry, and takes white space around it', () => {
    const token = parseIdentityToken(`  ${tokenWith({ exp: SECONDS + 300 })}\n`, expected);
    assert.equal(token.issuer, CLAIMS.iss);
    assert.equal(token.subject, CLAIMS.sub);
    assert.deepEqual(token.issuers, [CLAIMS.iss]);
    assert.equal(token.expiresAt.toISOString(), '2026-01-01T00:05:00.000Z');
    assert.equal(token.reveal(), tokenWith({ exp: SECONDS + 300 }));
  });

  it('takes a verified e-mail address for the subject, and refuses one that is not', () => {
    const mail = { email: 'alice@example.test' };
    assert.equal(parseIdentityToken(tokenWith({ ...mail, email_verified: true }), expected).subject, mail.email);
    for (const verified of [false, undefined, 'no']) {
      const token = tokenWith({ ...mail, email_verified: verified });
      assert.throws(() => parseIdentityToken(token, expected), { code: 'IDENTITY_TOKEN_MALFORMED', message: /e-mail/ });
    }
  });

  it('knows whom a federating issuer speaks for', () => {
    const token = tokenWith({ federated_claims: { connector_id: 'https://accounts.example' } });
    assert.deepEqual(parseIdentityToken(token, expected).issuers, [CLAIMS.iss, 'https://accounts.example']);
  });

  it('takes a list of audiences and names the ones it does not want', () => {
    assert.ok(parseIdentityToken(tokenWith({ aud: ['other', 'sigstore'] }), expected));
    for (const aud of ['https://github.com/octo', ['a', 'b'], undefined, 7]) {
      assert.throws(() => parseIdentityToken(tokenWith({ aud }), expected), {
        code: 'IDENTITY_TOKEN_AUDIENCE',
        exitCode: 5,
      });
    }
    assert.throws(() => parseIdentityToken(tokenWith({ aud: 'for-npm' }), expected), {
      message: /is for for-npm, not for sigstore/,
    });
  });

  it('refuses a token that has expired, is about to, or is not valid yet', () => {
    for (const claims of [{ exp: SECONDS - 1 }, { exp: SECONDS + 3 }, { nbf: SECONDS + 120 }, { iat: SECONDS + 120 }]) {
      assert.throws(() => parseIdentityToken(tokenWith(claims), expected), { code: 'IDENTITY_TOKEN_EXPIRED' });
    }
    assert.ok(parseIdentityToken(tokenWith({ nbf: SECONDS + 30, exp: SECONDS + 60 }), expected));
  });

  it('wants the nonce of its own sign-in', () => {
    assert.ok(parseIdentityToken(tokenWith({ nonce: 'n' }), { ...expected, nonce: 'n' }));
    for (const nonce of ['m', undefined]) {
      assert.throws(() => parseIdentityToken(tokenWith({ nonce }), { ...expected, nonce: 'n' }), { message: /nonce/ });
    }
  });

  it('refuses what is no token (CVE-2025-66506: of dots without end), and says nothing of it', () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ';
    const bad = [
      '',
      secret,
      `${secret}.${secret}`,
      `${secret}.${secret}.${secret}`,
      tokenWith({}, { alg: 'none' }),
      tokenWith({}, {}),
      tokenWith({ iss: undefined }),
      tokenWith({ sub: undefined }),
      tokenWith({ exp: undefined }),
      `${tokenWith()}x y`,
      `eyJ${'x'.repeat(40_000)}.a.b`,
      `eyJ${'.'.repeat(10_000_000)}`,
      `eyJ${'.'.repeat(30_000)}`,
    ];
    for (const text of bad) {
      assert.throws(
        () => parseIdentityToken(text, expected),
        (error) => {
          assert.ok(isAppError(error) && error.code === 'IDENTITY_TOKEN_MALFORMED', inspect(error));
          assert.ok(!inspect(error, { depth: 9 }).includes(secret));
          return true;
        },
      );
    }
  });

  it('pitfall 24: never shows the token, however it is printed', () => {
    const raw = tokenWith();
    const token = parseIdentityToken(raw, expected);
    for (const text of [inspect(token, { depth: 9, showHidden: true }), JSON.stringify(token)])
      for (const part of tokenParts(raw)) assert.ok(!text.includes(part));
  });

  it('throws nothing but AppErrors', () => {
    const part = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    fc.assert(
      fc.property(part, part, (head, body) => {
        try {
          parseIdentityToken(`${head}.${body}.c2ln`, expected);
        } catch (error) {
          assert.ok(isAppError(error));
        }
      }),
    );
  });
});

describe('looksLikeToken', () => {
  it('tells tokens from file names', () => {
    assert.equal(looksLikeToken(tokenWith()), true);
    for (const text of ['/tmp/token.jwt', 'token', 'eyJ.txt', 'a.b.c']) assert.equal(looksLikeToken(text), false);
  });
});
