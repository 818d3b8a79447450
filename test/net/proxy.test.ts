import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proxyFor } from '../../src/net/index.ts';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { startServer } from '../support/registry/http-server.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, quietRuntime } from '../support/registry/opening.ts';
import { startProxy } from '../support/registry/proxy.ts';
import { failsWith, testClient } from './client.ts';

const noOpenssl = hasOpenssl() ? false : 'openssl is not installed';

describe('proxyFor', () => {
  const env = { HTTPS_PROXY: 'http://secure.proxy:3128', http_proxy: 'plain.proxy:8080' };
  const proxyOf = (url: string, extra: Record<string, string> = {}): string | undefined =>
    proxyFor(new URL(url), { ...env, ...extra })?.host;

  test('goes by the scheme of the URL', () => {
    assert.equal(proxyOf('https://a.test/'), 'secure.proxy:3128');
    assert.equal(proxyOf('http://a.test/'), 'plain.proxy:8080');
    assert.equal(proxyFor(new URL('https://a.test/'), {}), undefined);
    assert.equal(proxyFor(new URL('https://a.test/'), { ALL_PROXY: 'http://all:1' })?.host, 'all:1');
  });

  test('lower case comes before upper case', () => {
    assert.equal(proxyOf('https://a.test/', { https_proxy: 'http://lower:1' }), 'lower:1');
  });

  test('loopback is never proxied', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'app.localhost', 'LOCALHOST', '0x7f.1']) {
      assert.equal(proxyOf(`http://${host}:5000/`), undefined, host);
    }
  });

  const exempt: readonly (readonly [string, string, boolean])[] = [
    ['*', 'https://a.test/', true],
    ['a.test', 'https://a.test/', true],
    ['a.test', 'https://b.a.test/', true],
    ['a.test', 'https://aa.test/', false],
    ['.a.test', 'https://b.a.test/', true],
    ['*.a.test', 'https://b.a.test/', true],
    ['a.test:443', 'https://a.test/', true],
    ['a.test:5000', 'https://a.test/', false],
    ['a.test:5000', 'https://a.test:5000/', true],
    ['10.0.0.0/8', 'https://10.1.2.3/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.0.0.0/99', 'https://10.1.2.3/', false],
    ['fd00::/8', 'https://[fd00::5]/', true],
    ['2.3', 'https://10.1.2.3/', false],
    ['[fd00::5]:443', 'https://[fd00::5]/', true],
    ['x, A.TEST ,y', 'https://a.test/', true],
    ['', 'https://a.test/', false],
    [',., ', 'https://a.test/', false],
  ];
  for (const [list, url, direct] of exempt) {
    test(`NO_PROXY=${JSON.stringify(list)} ${direct ? 'covers' : 'does not cover'} ${url}`, () => {
      assert.equal(proxyOf(url, { NO_PROXY: list }) === undefined, direct);
    });
  }

  test('a value that is no proxy is a usage error without its text', () => {
    for (const value of ['socks5://secret-host:1', 'http://', '::']) {
      assert.throws(
        () => proxyFor(new URL('https://a.test/'), { HTTPS_PROXY: value }),
        (error: Error) =>
          failsWith('NET_PROXY_INVALID', /HTTPS_PROXY/)(error) && !error.message.includes('secret-host'),
      );
    }
  });
});

describe('client through a proxy', () => {
  test('http requests go to the proxy in absolute form, with its credentials and not the server’s', async () => {
    await using server = await startServer(
      (request, response) => void response.end(`hello from ${request.headers.host}`),
    );
    await using proxy = await startProxy(server.port);
    const runtime = quietRuntime({ http_proxy: proxy.url.replace('//', '//user:p%40ss@') });
    const { client } = testClient({ runtime });
    const response = await client.request({ url: new URL('http://registry.example.test/v2/?a=b'), signal: calm });
    assert.equal(Buffer.from(await response.bytes(100)).toString(), 'hello from registry.example.test');
    assert.deepEqual(proxy.seen, ['GET http://registry.example.test/v2/?a=b']);
    assert.equal(proxy.headers[0]?.['proxy-authorization'], `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  test('https requests go through a tunnel, checked against the private authority', { skip: noOpenssl }, async () => {
    const { caFile, key, cert } = makeCertificates();
    await using registry = await startRegistry({ tls: { key, cert } });
    await using proxy = await startProxy(Number(new URL(registry.url).port));
    const runtime = quietRuntime({ HTTPS_PROXY: proxy.url });
    await using client = testClient({ runtime, caFile }).client;
    const response = await client.request({ url: new URL('https://registry.example.test/v2/'), signal: calm });
    assert.equal(response.status, 200);
    assert.deepEqual(proxy.seen, ['CONNECT registry.example.test:443']);
    await using untrusting = testClient({ runtime, retry: { attempts: 1 } }).client;
    await assert.rejects(
      untrusting.request({ url: new URL('https://registry.example.test/v2/'), signal: calm }),
      failsWith('NET_TLS_UNTRUSTED'),
    );
  });

  test('a refusing proxy is not taken for the registry', async () => {
    await using server = await startServer((_, response) => void response.end());
    await using proxy = await startProxy(server.port, 403);
    const runtime = quietRuntime({ HTTPS_PROXY: proxy.url });
    await using client = testClient({ runtime }).client;
    await assert.rejects(
      client.request({ url: new URL('https://registry.example.test/'), signal: calm }),
      failsWith('NET_PROXY_FAILED', /status 403/),
    );
  });

  test('a proxy that wants credentials is named, for http and https', async () => {
    await using server = await startServer((_, response) => void response.end());
    await using proxy = await startProxy(server.port, 407);
    await using client = testClient({
      runtime: quietRuntime({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url }),
    }).client;
    for (const scheme of ['http', 'https']) {
      await assert.rejects(
        client.request({ url: new URL(`${scheme}://registry.example.test/`), signal: calm }),
        failsWith('NET_PROXY_FAILED'),
      );
    }
  });

  test('a proxy that is down is named', async () => {
    const proxy = await startProxy(1);
    await proxy[Symbol.asyncDispose]();
    await using client = testClient({
      runtime: quietRuntime({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url }),
    }).client;
    for (const scheme of ['http', 'https']) {
      await assert.rejects(
        client.request({ url: new URL(`${scheme}://registry.example.test/`), signal: calm }),
        failsWith('NET_PROXY_FAILED', /cannot be reached/),
      );
    }
  });
});
