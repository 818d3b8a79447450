import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findCredentials } from '../../src/registry/credentials/find-credentials.ts';
import type { Credentials } from '../../src/registry/credentials/types.ts';
import { calm } from '../support/registry/opening.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { failsWith } from '../net/client.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const password = (username: string, secret: string): Credentials => ({ kind: 'password', username, password: secret });

function newFolder(): string {
  return scratchFolder('waybill-test-auth-');
}

function configFile(content: object | string, folder = newFolder()): string {
  const path = join(folder, 'config.json');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

interface Looking {
  readonly repository?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly authFile?: string;
}

const find = (
  registry: string,
  { repository = 'team/app', env = {}, authFile }: Looking,
): Promise<Credentials | undefined> => findCredentials({ registry, repository, env, authFile, signal: calm });

/** A `docker-credential-NAME` that notes what it was given. */
function helper(script: string): { readonly path: string; readonly log: string; readonly env: Record<string, string> } {
  const path = newFolder();
  const log = join(path, 'log');
  const file = join(path, 'docker-credential-fake');
  writeFileSync(
    file,
    `#!/bin/sh\nread -r server\n{ echo "args=$*"; echo "server=$server"; env; } > '${log}'\n${script}\n`,
  );
  chmodSync(file, 0o755);
  return { path, log, env: { PATH: `${path}:/usr/bin:/bin`, HOME: path } };
}

describe('credentials in files', () => {
  const auths = (entries: Record<string, object>): string => configFile({ auths: entries });

  test('auth is base64 of user:password, where passwords may hold colons', async () => {
    const authFile = auths({ 'reg.test': { auth: base64('user:pa:ss') } });
    assert.deepEqual(await find('reg.test', { authFile }), password('user', 'pa:ss'));
  });

  test('identitytoken and registrytoken come before auth', async () => {
    const auth = base64('00000000-0000-0000-0000-000000000000:');
    const identity = auths({ 'reg.test': { auth, identitytoken: 'refresh' } });
    assert.deepEqual(await find('reg.test', { authFile: identity }), { kind: 'identity', token: 'refresh' });
    const token = auths({ 'reg.test': { auth, registrytoken: 'bearer' } });
    assert.deepEqual(await find('reg.test', { authFile: token }), { kind: 'registry-token', token: 'bearer' });
  });

  test('hosts are compared whole: no prefix, suffix, substring or other port', async () => {
    const authFile = auths({ 'reg.test:5000': { auth: base64('u:p') } });
    assert.deepEqual(await find('reg.test:5000', { authFile }), password('u', 'p'));
    for (const host of [
      'reg.test',
      'reg.test:50',
      'reg.test:50001',
      'xreg.test:5000',
      'reg.test:5000.evil.test',
      'test:5000',
    ]) {
      assert.equal(await find(host, { authFile }), undefined, host);
    }
  });

  test('keys may be URLs; schemes and /v1/ do not matter', async () => {
    for (const key of ['https://reg.test', 'http://reg.test/', 'https://reg.test/v1/', 'https://REG.test/v2/']) {
      const authFile = auths({ [key]: { auth: base64('u:p') } });
      assert.deepEqual(await find('reg.test', { authFile }), password('u', 'p'), key);
    }
  });

  test('the longest path that is a whole part of the repository wins', async () => {
    const authFile = auths({
      'reg.test': { auth: base64('host:1') },
      'reg.test/team': { auth: base64('team:2') },
      'reg.test/team/app': { auth: base64('app:3') },
    });
    assert.deepEqual(await find('reg.test', { authFile }), password('app', '3'));
    assert.deepEqual(await find('reg.test', { authFile, repository: 'team/other' }), password('team', '2'));
    assert.deepEqual(await find('reg.test', { authFile, repository: 'teams/app' }), password('host', '1'));
  });

  test('Docker Hub is found under its old key and its names', async () => {
    for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']) {
      const authFile = auths({ [key]: { auth: base64('hub:p') } });
      assert.deepEqual(await find('docker.io', { authFile, repository: 'library/debian' }), password('hub', 'p'), key);
    }
    const authFile = auths({ 'https://index.docker.io/v1/': { auth: base64('hub:p') } });
    assert.equal(await find('evil-docker.io', { authFile }), undefined);
  });

  test('files are looked for in order; a named one stands alone', async () => {
    const home = newFolder();
    const session = newFolder();
    const docker = newFolder();
    const named = auths({ 'reg.test': { auth: base64('named:p') } });
    configFile(
      { auths: { 'reg.test': { auth: base64('home:p') }, 'home.test': { auth: base64('h:p') } } },
      join(home, '.docker'),
    );
    configFile({ auths: { 'reg.test': { auth: base64('docker:p') } } }, docker);
    mkdirSync(join(session, 'containers'));
    writeFileSync(
      join(session, 'containers', 'auth.json'),
      JSON.stringify({ auths: { 'reg.test': { auth: base64('session:p') }, 'session.test': { auth: base64('s:p') } } }),
    );
    const env = { HOME: home, XDG_RUNTIME_DIR: session };
    assert.deepEqual(await find('reg.test', { env }), password('home', 'p'));
    assert.deepEqual(await find('session.test', { env }), password('s', 'p'));
    assert.deepEqual(await find('reg.test', { env: { ...env, DOCKER_CONFIG: docker } }), password('docker', 'p'));
    assert.deepEqual(await find('reg.test', { env: { ...env, REGISTRY_AUTH_FILE: named } }), password('named', 'p'));
    assert.equal(await find('home.test', { env: { ...env, REGISTRY_AUTH_FILE: named } }), undefined);
    assert.deepEqual(
      await find('reg.test', { env: { REGISTRY_AUTH_FILE: '/nowhere' }, authFile: named }),
      password('named', 'p'),
    );
  });

  test('no file is no credentials, but a file named by flag must be there', async () => {
    assert.equal(await find('reg.test', {}), undefined);
    assert.equal(await find('reg.test', { env: { HOME: newFolder() } }), undefined);
    await assert.rejects(find('reg.test', { authFile: join(newFolder(), 'none.json') }), failsWith('FILE_NOT_FOUND'));
  });

  const broken: readonly (object | string)[] = [
    '',
    '[]',
    '{"auths":',
    '{"auths":[1]}',
    { auths: 3 },
    { credHelpers: [] },
    { auths: { 'reg.test': { auth: 'no-colon-topsecret' } } },
    { auths: { 'reg.test': { registrytoken: 'topsecret\r\nx: y' } } },
    '{"auths":{"reg.test":{"auth":topsecret}}}',
  ];
  for (const content of broken) {
    test(`a broken file is named, its contents are not: ${JSON.stringify(content).slice(0, 50)}`, async () => {
      const authFile = configFile(content);
      await assert.rejects(
        find('reg.test', { authFile }),
        (error: Error) =>
          failsWith('REGISTRY_CREDENTIALS_INVALID', /config\.json/)(error) &&
          !String(error.stack).includes('topsecret'),
      );
    });
  }
});

describe('credential helpers', () => {
  const answer = (username: string, secret: string): string =>
    `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`;

  test('credHelpers of the host come before auths, credsStore after', async () => {
    const { env } = helper(answer('from-helper', 's'));
    const entry = { auth: base64('from-file:p') };
    const own = configFile({ auths: { 'reg.test': entry }, credHelpers: { 'reg.test': 'fake' } });
    assert.deepEqual(await find('reg.test', { authFile: own, env }), password('from-helper', 's'));
    const store = configFile({ auths: { 'reg.test': entry, 'empty.test': {} }, credsStore: 'fake' });
    assert.deepEqual(await find('reg.test', { authFile: store, env }), password('from-file', 'p'));
    assert.deepEqual(await find('empty.test', { authFile: store, env }), password('from-helper', 's'));
    const other = configFile({ credHelpers: { 'other.test': 'fake' } });
    assert.equal(await find('reg.test', { authFile: other, env }), undefined);
  });

  test('is asked for the host, or Docker Hub’s old key, by `get`', async () => {
    const { env, log } = helper(answer('u', 's'));
    const authFile = configFile({ credsStore: 'fake' });
    await find('reg.test:5000', { authFile, env });
    assert.match(readFileSync(log, 'utf8'), /^args=get\nserver=reg\.test:5000\n/);
    await find('docker.io', { authFile, env });
    assert.match(readFileSync(log, 'utf8'), /^server=https:\/\/index\.docker\.io\/v1\/$/m);
  });

  test('sees what it needs of the environment and nothing else', async () => {
    const { env, log } = helper(answer('u', 's'));
    const secrets = { COSIGN_PASSWORD: 'topsecret', WAYBILL_X: 'topsecret', LD_PRELOAD: '/x.so', NODE_OPTIONS: '-r x' };
    await find('reg.test', {
      authFile: configFile({ credsStore: 'fake' }),
      env: { ...env, ...secrets, AWS_PROFILE: 'ci' },
    });
    const seen = readFileSync(log, 'utf8');
    assert.match(seen, /^AWS_PROFILE=ci$/m);
    assert.match(seen, /^HOME=/m);
    assert.doesNotMatch(seen, /topsecret|LD_PRELOAD|NODE_OPTIONS/);
  });

  test('<token> is an identity token', async () => {
    const { env } = helper(answer('<token>', 'refresh'));
    const found = await find('reg.test', { authFile: configFile({ credsStore: 'fake' }), env });
    assert.deepEqual(found, { kind: 'identity', token: 'refresh' });
  });

  test('"credentials not found" is none; any other failure is an error', async () => {
    const authFile = configFile({ credsStore: 'fake' });
    const none = helper('echo "credentials not found in native keychain"; exit 1');
    assert.equal(await find('reg.test', { authFile, env: none.env }), undefined);
    const locked = helper('echo "keychain is locked" >&2; exit 1');
    await assert.rejects(
      find('reg.test', { authFile, env: locked.env }),
      failsWith('REGISTRY_CREDENTIAL_HELPER', /locked/),
    );
    for (const script of ['echo topsecret', 'echo "[]"', 'echo "{}"', 'true', 'yes topsecret']) {
      await assert.rejects(
        find('reg.test', { authFile, env: helper(script).env }),
        (error: Error) => failsWith('REGISTRY_CREDENTIAL_HELPER')(error) && !error.message.includes('topsecret'),
      );
    }
  });

  test('a helper that is not installed, or has a name that is none, is said so', async () => {
    const env = { PATH: newFolder() };
    await assert.rejects(
      find('reg.test', { authFile: configFile({ credsStore: 'gone' }), env }),
      failsWith('HELPER_NOT_FOUND'),
    );
    for (const name of ['../../bin/sh', 'a b', '-x', '/bin/sh']) {
      const authFile = configFile({ credsStore: name });
      await assert.rejects(find('reg.test', { authFile, env }), failsWith('REGISTRY_CREDENTIALS_INVALID'));
    }
  });
});
