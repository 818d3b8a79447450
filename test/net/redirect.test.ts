import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveLocation } from '../../src/net/index.ts';
import { startServer } from '../support/registry/http-server.ts';
import { calm } from '../support/registry/opening.ts';
import { failsWith, testClient } from './client.ts';

const secret = { authorization: 'Bearer very-secret-token' };

describe('redirects (pitfall 24)', () => {
  test('keep Authorization on the same origin', async () => {
    await using server = await startServer((request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b?x=1' }).end();
      else response.end('there');
    });
    const { client } = testClient();
    const response = await client.request({ url: new URL(`${server.url}/a`), headers: secret, signal: calm });
    assert.equal(Buffer.from(await response.bytes(10)).toString(), 'there');
    assert.equal(response.url.href, `${server.url}/b?x=1`);
    assert.equal(server.requests[1]?.headers.authorization, secret.authorization);
  });

  test('drop Authorization on another port, and it stays dropped on the way back', async () => {
    await using other = await startServer(
      (_, response) => void response.writeHead(302, { location: `${first.url}/end` }).end(),
    );
    await using first = await startServer((request, response) => {
      if (request.url === '/start') response.writeHead(302, { location: `${other.url}/middle` }).end();
      else response.end();
    });
    const { client } = testClient();
    await client.request({ url: new URL(`${first.url}/start`), headers: { ...secret, cookie: 'a=b' }, signal: calm });
    assert.equal(first.requests[0]?.headers.authorization, secret.authorization);
    assert.equal(other.requests[0]?.headers.authorization, undefined);
    assert.equal(other.requests[0]?.headers.cookie, undefined);
    assert.equal(first.requests[1]?.headers.authorization, undefined);
  });

  test('drop Authorization on another host of the same port', async () => {
    await using server = await startServer((request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: `http://localhost:${server.port}/b` }).end();
      else response.end();
    });
    const { client } = testClient();
    await client.request({ url: new URL(`${server.url}/a`), headers: secret, signal: calm });
    assert.equal(server.requests[1]?.headers.authorization, undefined);
  });

  test('are followed five times, not six', async () => {
    await using server = await startServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end();
    });
    const { client } = testClient();
    assert.equal((await client.request({ url: new URL(`${server.url}/5`), signal: calm })).status, 200);
    await assert.rejects(
      client.request({ url: new URL(`${server.url}/6`), signal: calm }),
      failsWith('NET_REDIRECT_LIMIT'),
    );
  });

  test('send a body again on 307 and 308 only', async () => {
    let status = 308;
    await using server = await startServer((request, response) => {
      request.resume();
      if (request.url === '/a') response.writeHead(status, { location: '/b' }).end();
      else response.end(request.method);
    });
    const { client } = testClient();
    const body = { kind: 'bytes', bytes: Buffer.from('data') } as const;
    const request = { method: 'PUT', url: new URL(`${server.url}/a`), body, signal: calm } as const;
    assert.equal(Buffer.from(await (await client.request(request)).bytes(10)).toString(), 'PUT');
    status = 302;
    await assert.rejects(client.request(request), failsWith('NET_REDIRECT_REFUSED', /PUT with 302/));
  });

  test('are given as they are when asked for manual', async () => {
    await using server = await startServer((_, response) => void response.writeHead(303, { location: '/x' }).end());
    const { client } = testClient();
    const response = await client.request({ url: new URL(server.url), redirect: 'manual', signal: calm });
    assert.equal(response.status, 303);
    assert.equal(response.header('location'), '/x');
  });
});

describe('resolveLocation (pitfall 25, CVE-2026-24117)', () => {
  const from = new URL('https://registry.example.test/v2/a/blobs/x');

  test('resolves relative and absolute locations, query kept', () => {
    assert.equal(resolveLocation('/v2/up?_state=a%2Fb', from).href, 'https://registry.example.test/v2/up?_state=a%2Fb');
    assert.equal(resolveLocation('https://cdn.example.test/x?s=1#f', from).href, 'https://cdn.example.test/x?s=1');
    assert.equal(resolveLocation('https://a.test/', new URL('http://a.test/')).protocol, 'https:');
  });

  const refused = [
    undefined,
    '',
    'http://registry.example.test/plain',
    'ftp://registry.example.test/',
    'file:///etc/passwd',
    'https://user:pass@cdn.example.test/',
    'https://169.254.169.254/latest/meta-data',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://[fe80::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://metadata.google.internal/',
    'https://127.0.0.1/',
    'https://localhost:6443/',
    'https://[::1]/',
    'https://0.0.0.0/',
    'https://exa mple/',
    `https://a.test/${'x'.repeat(20_000)}`,
  ];
  for (const location of refused) {
    test(`refuses ${JSON.stringify(location)?.slice(0, 60)}`, () => {
      assert.throws(() => resolveLocation(location, from), failsWith('NET_REDIRECT_REFUSED'));
    });
  }

  test('lets loopback lead to loopback', () => {
    assert.equal(resolveLocation('http://127.0.0.1:2/', new URL('http://127.0.0.1:1/')).port, '2');
  });
});
