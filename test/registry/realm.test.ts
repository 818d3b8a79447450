import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkRealm } from '../../src/registry/authentication/realm.ts';
import { failsWith } from '../net/client.ts';

interface Case {
  readonly registry: string;
  readonly origin?: string;
  readonly realm: string | undefined;
  readonly allowed?: readonly string[];
}

const check = ({ registry, origin, realm, allowed }: Case): URL =>
  checkRealm(realm, { registry, origin: new URL(origin ?? `https://${registry}/`) }, allowed ?? []);

const hub = { registry: 'docker.io', origin: 'https://registry-1.docker.io/' };
const local = { registry: '127.0.0.1:5000', origin: 'http://127.0.0.1:5000/' };
const insecure = { registry: 'reg.test:5000', origin: 'http://reg.test:5000/' };

describe('checkRealm (pitfalls 24 and 25)', () => {
  const good: readonly Case[] = [
    { registry: 'reg.test', realm: 'https://reg.test/token' },
    { registry: 'reg.test:5000', realm: 'https://reg.test/auth' },
    { registry: 'reg.test', realm: 'https://REG.test:8443/auth?x=1' },
    { ...hub, realm: 'https://auth.docker.io/token' },
    { registry: 'registry.gitlab.com', realm: 'https://gitlab.com/jwt/auth' },
    { ...local, realm: 'http://127.0.0.1:5001/token' },
    { ...local, realm: 'http://localhost:5001/token' },
    { ...insecure, realm: 'http://reg.test:5000/token' },
    { registry: 'reg.test', realm: 'https://auth.test/token', allowed: ['auth.test'] },
    { registry: 'reg.test', realm: 'https://auth.test/a/b', allowed: ['https://auth.test/a'] },
    { registry: 'reg.test', realm: 'http://auth.test/a', allowed: ['http://auth.test'] },
  ];
  for (const each of good) {
    test(`${each.registry} may name ${each.realm}`, () => {
      assert.equal(check(each).origin, new URL(each.realm ?? '').origin);
    });
  }

  const refused: readonly Case[] = [
    { registry: 'reg.test', realm: 'https://evil.test/token' },
    { registry: 'reg.test', realm: 'http://reg.test/token' },
    { registry: 'reg.test', realm: 'https://reg.test.evil.test/token' },
    { registry: 'reg.test', realm: 'https://sub.reg.test/token' },
    { registry: 'sub.reg.test', realm: 'https://reg.test/token' },
    { registry: 'reg.test', realm: 'http://127.0.0.1:8080/admin' },
    { registry: 'reg.test', realm: 'http://169.254.169.254/latest' },
    { registry: 'reg.test', realm: 'https://auth.docker.io/token' },
    { ...hub, realm: 'http://auth.docker.io/token' },
    { ...hub, realm: 'https://gitlab.com/jwt/auth' },
    { ...local, realm: 'http://reg.test/token' },
    { ...insecure, realm: 'http://reg.test:5001/token' },
    { registry: 'reg.test', realm: 'https://auth.test.evil.test/', allowed: ['auth.test'] },
    { registry: 'reg.test', realm: 'http://auth.test/', allowed: ['auth.test'] },
    { registry: 'reg.test', realm: 'https://auth.test/ab', allowed: ['https://auth.test/a'] },
  ];
  for (const each of refused) {
    test(`${each.registry} may not name ${each.realm}${each.allowed ? ` (allowed: ${each.allowed.join()})` : ''}`, () => {
      assert.throws(() => check(each), failsWith('REGISTRY_REALM_REFUSED'));
    });
  }

  for (const realm of [
    undefined,
    '',
    'token',
    'ftp://reg.test/',
    'https://u:p@reg.test/',
    `https://reg.test/${'x'.repeat(5000)}`,
  ]) {
    test(`${realm?.slice(0, 30)} is no realm at all`, () => {
      assert.throws(() => check({ registry: 'reg.test', realm }), failsWith('REGISTRY_AUTH_MALFORMED'));
    });
  }
});
