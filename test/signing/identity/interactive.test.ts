import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { resolveIdentity, type InteractiveOptions, type SignInPrompt } from '../../../src/signing/index.ts';
import { quickClient, testRuntime } from '../support/context.ts';
import { json, startService, type ServiceReply, type ServiceRequest, type TestService } from '../support/service.ts';
import { tokenWith } from '../support/tokens.ts';

interface Issuer extends TestService {
  /** What the authorization page was asked for. */
  asked: URLSearchParams | undefined;
}

/** An issuer that checks PKCE as a real one does. `device` answers polls of the device flow. */
async function startIssuer(
  options: { device?: (poll: number) => ServiceReply; claims?: object; discovery?: object } = {},
): Promise<Issuer> {
  let polls = 0;
  const challenges = new Set<string>();
  const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
  const token = (): ServiceReply =>
    json({ id_token: tokenWith({ nonce: issuer.asked?.get('nonce') ?? undefined, ...options.claims }) });
  const answer = (request: ServiceRequest): ServiceReply => {
    if (request.path === '/auth/.well-known/openid-configuration') {
      const issuerUrl = `${issuer.url}/auth`;
      return json({
        issuer: issuerUrl,
        authorization_endpoint: `${issuerUrl}/login`,
        token_endpoint: `${issuerUrl}/token`,
        device_authorization_endpoint: `${issuerUrl}/device`,
        ...options.discovery,
      });
    }
    const form = new URLSearchParams(request.body.toString());
    if (request.path === '/auth/device') {
      challenges.add(form.get('code_challenge') ?? '');
      return json({
        device_code: 'device-code-of-this-sign-in',
        user_code: 'ABCD-EFGH',
        verification_uri: `${issuer.url}/activate`,
        interval: 2,
        expires_in: 300,
      });
    }
    const challenge = issuer.asked?.get('code_challenge') ?? [...challenges][0];
    if (s256(form.get('code_verifier') ?? '') !== challenge) return json({ error: 'invalid_grant' }, 400);
    if (form.get('grant_type') === 'authorization_code')
      return form.get('code') === 'the-code' ? token() : json({ error: 'invalid_grant' }, 400);
    polls += 1;
    return options.device?.(polls) ?? token();
  };
  const service = await startService(answer);
  const issuer: Issuer = Object.assign(service, { asked: undefined as URLSearchParams | undefined });
  return issuer;
}

/** A person with a browser: goes where asked, comes back with a code. */
function person(
  issuer: Issuer,
  answer: (back: URL, state: string) => Promise<unknown> = comesBack,
): (prompt: SignInPrompt) => Promise<void> {
  return async ({ url }) => {
    issuer.asked = url.searchParams;
    const back = new URL(url.searchParams.get('redirect_uri') ?? '');
    back.hostname = '127.0.0.1';
    await answer(back, url.searchParams.get('state') ?? '');
  };
}

async function comesBack(back: URL, state: string): Promise<Response> {
  return fetch(`${back.href}?code=the-code&state=${state}`);
}

function options(
  issuer: TestService,
  ask: InteractiveOptions['ask'],
  flow: 'browser' | 'device' = 'browser',
): { readonly interactive: InteractiveOptions } {
  return { interactive: { flow, issuer: `${issuer.url}/auth`, clientId: 'sigstore', timeLimitMs: 30_000, ask } };
}

function context(): { readonly waits: number[]; readonly context: Parameters<typeof resolveIdentity>[1] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return { waits, context: { runtime: testRuntime(), client: quickClient(), readFile: async () => undefined, sleep } };
}

describe('the browser flow', () => {
  it('signs in with PKCE, state and nonce', async () => {
    await using issuer = await startIssuer();
    const { token, provider } = await resolveIdentity(options(issuer, person(issuer)), context().context);
    assert.equal(provider.id, 'interactive-browser');
    assert.equal(token.issuer, 'https://issuer.example');
    assert.equal(issuer.asked?.get('code_challenge_method'), 'S256');
    assert.match(issuer.asked?.get('redirect_uri') ?? '', /^http:\/\/localhost:\d+\/auth\/callback$/);
    assert.equal(issuer.asked?.get('scope'), 'openid email');
  });

  it('turns strangers away and goes on waiting', async () => {
    await using issuer = await startIssuer();
    const statuses: number[] = [];
    const ask = person(issuer, async (back, state) => {
      for (const url of [`${back.origin}/`, back.href, `${back.href}?code=stolen&state=other`])
        statuses.push((await fetch(url)).status);
      const page = await comesBack(back, state);
      statuses.push(page.status);
      assert.equal(page.headers.get('content-security-policy'), "default-src 'none'");
    });
    assert.ok(await resolveIdentity(options(issuer, ask), context().context));
    assert.deepEqual(statuses, [404, 400, 400, 200]);
  });

  it('reports a refusal, a missing token, and nobody coming', async () => {
    await using issuer = await startIssuer();
    const denied = person(issuer, (back, state) => fetch(`${back.href}?error=access_denied&state=${state}`));
    await assert.rejects(resolveIdentity(options(issuer, denied), context().context), {
      code: 'IDENTITY_PROVIDER_FAILED',
      message: /access_denied/,
    });
    const wrong = person(issuer, (back, state) => fetch(`${back.href}?code=other&state=${state}`));
    await assert.rejects(resolveIdentity(options(issuer, wrong), context().context), { message: /invalid_grant/ });
    const { interactive } = options(issuer, async () => undefined);
    await assert.rejects(resolveIdentity({ interactive: { ...interactive, timeLimitMs: 20 } }, context().context), {
      message: /nobody signed in/,
    });
  });

  it('refuses a token of another sign-in', async () => {
    await using issuer = await startIssuer({ claims: { nonce: 'replayed' } });
    await assert.rejects(resolveIdentity(options(issuer, person(issuer)), context().context), {
      code: 'IDENTITY_TOKEN_MALFORMED',
      message: /nonce/,
    });
  });

  it('refuses the configuration of another issuer, and endpoints in the clear', async () => {
    await using other = await startIssuer({ discovery: { issuer: 'https://issuer.example' } });
    await assert.rejects(resolveIdentity(options(other, person(other)), context().context), {
      message: /another issuer/,
    });
    await using clear = await startIssuer({ discovery: { token_endpoint: 'http://issuer.example/token' } });
    await assert.rejects(resolveIdentity(options(clear, person(clear)), context().context), {
      code: 'SIGNING_URL_INVALID',
    });
  });
});

describe('the device flow', () => {
  it('shows a code and polls as slowly as it is told', async () => {
    const answers = [json({ error: 'authorization_pending' }, 400), json({ error: 'slow_down' }, 400)];
    await using issuer = await startIssuer({ device: (poll) => answers[poll - 1] ?? json({ id_token: tokenWith() }) });
    const prompts: SignInPrompt[] = [];
    const { waits, context: parts } = context();
    const { provider } = await resolveIdentity(
      options(issuer, async (prompt) => void prompts.push(prompt), 'device'),
      parts,
    );
    assert.equal(provider.id, 'interactive-device');
    assert.deepEqual(waits, [2000, 2000, 7000]);
    assert.deepEqual(prompts, [{ kind: 'device', url: new URL(`${issuer.url}/activate`), userCode: 'ABCD-EFGH' }]);
  });

  it('ends when the person refuses, or never comes', async () => {
    await using denied = await startIssuer({ device: () => json({ error: 'access_denied' }, 400) });
    await assert.rejects(
      resolveIdentity(
        options(denied, async () => undefined, 'device'),
        context().context,
      ),
      { message: /access_denied/ },
    );
    await using pending = await startIssuer({ device: () => json({ error: 'authorization_pending' }, 400) });
    await assert.rejects(
      resolveIdentity(
        options(pending, async () => undefined, 'device'),
        context().context,
      ),
      { message: /in time/ },
    );
  });

  it('says so when the issuer does not know devices', async () => {
    await using issuer = await startIssuer({ discovery: { device_authorization_endpoint: undefined } });
    await assert.rejects(
      resolveIdentity(
        options(issuer, async () => undefined, 'device'),
        context().context,
      ),
      { message: /device flow/ },
    );
  });
});
