import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { json, startService, type ServiceReply, type TestService } from '../signing/support/service.ts';
import { startSigstore, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenParts, tokenWith } from '../signing/support/tokens.ts';
import { ended, failed, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';

const WHO = `--certificate-identity ${CLAIMS.sub} --certificate-oidc-issuer ${CLAIMS.iss} --trusted-root root.json`;
const REQUEST_TOKEN = 'the-token-that-asks-for-tokens';
const AUDIENCE = 'sigstore';

type Variables = Readonly<Record<string, string>>;

/** A service that offers identities, as a machine of it looks. */
interface Place {
  readonly title: string;
  /** With this token. */
  readonly env: (token: string) => Variables;
}

describe('identities that the environment offers', () => {
  let bench: Bench;
  let sigstore: FakeSigstore;
  let github: TestService;
  let google: TestService;
  /** What the two services give out. */
  let answer = '';
  let services = '';
  const path = (name: string): string => join(bench.path, name);

  before(async () => {
    bench = await openBench();
    sigstore = await startSigstore();
    services = `--fulcio-url ${sigstore.fulcio.url} --rekor-url ${sigstore.rekor1.url} --trusted-root root.json`;
    writeFileSync(path('root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    writeFileSync(path('file.txt'), 'a file');
    github = await startService(({ path: asked, headers }): ServiceReply => {
      const isAllowed = headers.authorization === `bearer ${REQUEST_TOKEN}` && asked.endsWith(`audience=${AUDIENCE}`);
      return isAllowed ? json({ value: answer }) : { status: 403, body: `{"message":"no ${answer}"}` };
    });
    google = await startService(({ path: asked, headers }): ServiceReply => {
      const isRight = asked.includes(`audience=${AUDIENCE}`) && headers['metadata-flavor'] === 'Google';
      return isRight ? { headers: { 'metadata-flavor': 'Google' }, body: answer } : { status: 404, body: answer };
    });
    mkdirSync(path('bin'));
    // these give the token away in their complaints, as programs do
    const script = (name: string, wanted: string): void => {
      const lines = [
        '#!/bin/sh',
        `if [ "$*" = '${wanted}' ] && [ -z "$JOB_SECRET" ]; then cat "${path('token')}"; exit 0; fi`,
        `echo "$*"; cat "${path('token')}" >&2; exit 1`,
      ];
      writeFileSync(path(`bin/${name}`), `${lines.join('\n')}\n`, { mode: 0o755 });
    };
    script('buildkite-agent', `oidc request-token --audience ${AUDIENCE}`);
    script('circleci', `run oidc get --claims {"aud":"${AUDIENCE}"}`);
  });
  after(async () => {
    for (const service of [github, google, sigstore]) await service[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const programs = (): string => `${path('bin')}:${process.env['PATH'] ?? ''}`;
  const places: readonly Place[] = [
    {
      title: 'GitHub Actions',
      env: () => ({
        GITHUB_ACTIONS: 'true',
        ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
      }),
    },
    { title: 'GitLab CI', env: (token) => ({ GITLAB_CI: 'true', SIGSTORE_ID_TOKEN: token }) },
    {
      title: 'Buildkite',
      env: () => ({ PATH: programs(), BUILDKITE: 'true', BUILDKITE_AGENT_ACCESS_TOKEN: 'x', JOB_SECRET: 'y' }),
    },
    {
      title: 'CircleCI',
      env: () => ({ PATH: programs(), CIRCLECI: 'true', CIRCLE_OIDC_TOKEN_V2: 'x', JOB_SECRET: 'y' }),
    },
    { title: 'Google Cloud', env: () => ({ GCE_METADATA_HOST: new URL(google.url).host }) },
    { title: 'SPIFFE', env: () => ({ SPIFFE_JWT_SVID_FILE: path('token') }) },
    { title: 'the variable SIGSTORE_ID_TOKEN', env: (token) => ({ SIGSTORE_ID_TOKEN: token }) },
  ];

  /** Signs at this place with this token; nothing that is printed or left behind may hold any of it. */
  async function sign(place: Place, token: string, flags = '--json'): Promise<Finished> {
    answer = token;
    writeFileSync(path('token'), `${token}\n`);
    const command = `blob sign file.txt --bundle signed.json ${services} ${flags}`;
    const finished = await bench.run(command, { env: place.env(token) });
    writeFileSync(path('token'), '');
    const shown = `${finished.stdout}${finished.stderr}${existsSync(path('signed.json')) ? readFileSync(path('signed.json'), 'utf8') : ''}`;
    for (const secret of [...tokenParts(token), REQUEST_TOKEN])
      assert.ok(!shown.includes(secret), `${place.title} shows a secret`);
    return finished;
  }

  for (const place of places) {
    test(`${place.title}: signs, and says that the identity is from there`, async () => {
      const { stdout } = ended(await sign(place, tokenWith()), 0);
      const result = parseResult('blob-sign', stdout);
      assert.deepEqual([result['identity'], result['provider']], [CLAIMS.sub, place.title]);
      ended(await bench.run(`blob verify file.txt --bundle signed.json ${WHO}`), 0);
      const { stdout: text, stderr } = ended(await sign(place, tokenWith(), ''), 0);
      assert.equal(stderr, `signing as ${CLAIMS.sub} (${place.title})\n`);
      assert.equal(ended(await sign(place, tokenWith(), '--quiet'), 0).stderr, '');
      assert.ok(text.includes(`identity  from ${place.title}`), text);
    });

    test(`${place.title}: tokens for others, old ones and rubbish are used for nothing`, async () => {
      const before = sigstore.fulcio.requests.length;
      failed(await sign(place, tokenWith({ aud: 'somebody' }), ''), 5, 'IDENTITY_TOKEN_AUDIENCE');
      failed(await sign(place, tokenWith({ exp: 1000 }), ''), 5, 'IDENTITY_TOKEN_EXPIRED');
      failed(await sign(place, tokenWith().replace('.', '!'), ''), 5, 'IDENTITY_TOKEN_MALFORMED');
      assert.equal(sigstore.fulcio.requests.length, before);
    });
  }

  test('who signs is said before anybody is asked: also when that fails', async () => {
    const [actions] = places;
    assert.ok(actions !== undefined);
    services = services.replace(sigstore.fulcio.url, 'http://127.0.0.1:1');
    const { stderr } = failed(await sign(actions, tokenWith(), ''), 4, 'NET_CONNECTION_REFUSED');
    services = services.replace('http://127.0.0.1:1', sigstore.fulcio.url);
    assert.ok(stderr.startsWith(`signing as ${CLAIMS.sub} (GitHub Actions)\nerror: `), stderr);
  });

  test('a place that refuses ends it: no other is asked, and nobody at a browser', async () => {
    const [actions] = places;
    assert.ok(actions !== undefined);
    const refused = {
      ...actions,
      env: (token: string) => ({ ...actions.env(token), ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'z' }),
    };
    failed(await sign(refused, tokenWith(), ''), 5, 'SERVICE_UNAUTHORIZED');
    const buildkite = places.find(({ title }) => title === 'Buildkite');
    const broken: Place = {
      title: 'Buildkite',
      env: (token) => ({ ...buildkite?.env(token), PATH: process.env['PATH'] ?? '' }),
    };
    failed(await sign(broken, tokenWith(), ''), 2, 'HELPER_NOT_FOUND');
  });

  test('a token of the environment is in no file that is kept', async () => {
    const token = tokenWith();
    const [actions] = places;
    assert.ok(actions !== undefined);
    ended(await sign(actions, token), 0);
    const kept = join(bench.path, '..');
    for (const entry of readdirSync(kept, { recursive: true, encoding: 'utf8' })) {
      const file = join(kept, entry);
      if (!statSync(file).isFile()) continue;
      const content = readFileSync(file, 'latin1');
      for (const part of tokenParts(token)) assert.ok(!content.includes(part), `${entry} holds a part of the token`);
    }
  });
});
