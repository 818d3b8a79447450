import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { ExitCode, isAppError } from '../../src/core/index.ts';
import { isLinkLocalHost, isLoopbackHost, type FetchFunction } from '../../src/net/index.ts';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { startServer } from '../support/registry/http-server.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm } from '../support/registry/opening.ts';
import { failsWith, testClient } from './client.ts';

const noOpenssl = hasOpenssl() ? false : 'openssl is not installed';
const short = { connectMs: 400, headersMs: 400, idleMs: 400 };

describe('client', () => {
  test('offline refuses every request before any connection', async () => {
    await using server = await startServer((_, response) => void response.end());
    const { client } = testClient({ offline: true });
    await assert.rejects(client.request({ url: new URL(server.url), signal: calm }), failsWith('NET_OFFLINE'));
    assert.equal(server.requests.length, 0);
  });

  test('uses the fetch that it is given', async () => {
    const asked: string[] = [];
    const fetch: FetchFunction = async (url, init) => {
      asked.push(`${init.method} ${url} ${init.redirect}`);
      return { status: 204, headers: { get: () => null }, body: null };
    };
    const { client } = testClient({ fetch });
    const response = await client.request({ url: new URL('https://sigstore.example.test/x'), signal: calm });
    assert.equal((await response.bytes(1)).byteLength, 0);
    assert.deepEqual(asked, ['GET https://sigstore.example.test/x manual']);
  });

  test('keeps connections alive', async () => {
    const ports = new Set<number | undefined>();
    await using server = await startServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('x');
    });
    await using client = testClient().client;
    for (let count = 0; count < 3; count += 1) {
      await (await client.request({ url: new URL(server.url), signal: calm })).bytes(10);
    }
    await (await client.request({ url: new URL(server.url), signal: calm })).discard();
    await (await client.request({ url: new URL(server.url), signal: calm })).discard();
    assert.equal(ports.size, 1);
  });

  test('caps what is read of a body and stops reading', async () => {
    await using server = await startServer((_, response) => {
      const more = (): void => {
        if (!response.destroyed && response.write(Buffer.alloc(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const { client } = testClient();
    const response = await client.request({ url: new URL(server.url), signal: calm });
    await assert.rejects(response.bytes(1_000_000), failsWith('NET_RESPONSE_TOO_LARGE'));
  });

  test('a body shorter than Content-Length is a broken connection', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('only this', () => response.socket?.destroy());
    });
    const { client } = testClient();
    const response = await client.request({ url: new URL(server.url), signal: calm });
    await assert.rejects(response.bytes(1000), failsWith('NET_CONNECTION_LOST'));
  });

  test('messages carry no query, and URLs with userinfo are refused', async () => {
    await using server = await startServer((request) => void request.socket.destroy());
    const { client } = testClient();
    await assert.rejects(
      client.request({ url: new URL(`${server.url}/path?X-Amz-Signature=topsecret`), signal: calm }),
      (error: Error) => failsWith('NET_CONNECTION_LOST', /\/path:/)(error) && !error.message.includes('topsecret'),
    );
    await assert.rejects(
      client.request({ url: new URL('http://user:topsecret@127.0.0.1/'), signal: calm }),
      (error: Error) => failsWith('NET_URL_INVALID')(error) && !error.message.includes('topsecret'),
    );
  });

  test('an abort ends a request that waits, and a body that comes', async () => {
    await using server = await startServer((request, response) => {
      if (request.url === '/body') response.write('start');
    });
    for (const path of ['/headers', '/body']) {
      const controller = new AbortController();
      const { client } = testClient();
      setTimeout(() => controller.abort(), 40);
      const reading = client
        .request({ url: new URL(server.url + path), signal: controller.signal })
        .then((response) => response.bytes(100));
      await assert.rejects(reading, failsWith('INTERRUPTED'));
    }
  });

  test('an already aborted signal sends nothing', async () => {
    await using server = await startServer((_, response) => void response.end());
    const { client } = testClient();
    await assert.rejects(
      client.request({ url: new URL(server.url), signal: AbortSignal.abort() }),
      failsWith('INTERRUPTED'),
    );
    assert.equal(server.requests.length, 0);
  });
});

describe('deadlines', () => {
  const phaseOf = async (promise: Promise<unknown>): Promise<unknown> => {
    try {
      await promise;
    } catch (error) {
      if (isAppError(error) && error.code === 'NET_TIMEOUT') {
        assert.equal(error.exitCode, ExitCode.Remote);
        return error.details?.['phase'];
      }
      throw error;
    }
    return 'none';
  };

  test('no headers', async () => {
    await using server = await startServer(() => undefined);
    const { client } = testClient({ timeouts: short });
    assert.equal(await phaseOf(client.request({ url: new URL(server.url), signal: calm })), 'headers');
    assert.equal(server.requests.length, 2, 'tried twice, as the deadline is long already');
  });

  test('a body that stalls, but not one that is read slowly', async () => {
    await using server = await startServer((request, response) => {
      response.write('part');
      if (request.url === '/slow-reader') response.end(Buffer.alloc(300_000));
    });
    const { client } = testClient({ timeouts: short });
    const stalled = await client.request({ url: new URL(server.url), signal: calm });
    assert.equal(await phaseOf(stalled.bytes(100)), 'body');
    const slow = await client.request({ url: new URL(`${server.url}/slow-reader`), signal: calm });
    let size = 0;
    for await (const chunk of slow.body) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 900));
      size += chunk.byteLength;
    }
    assert.equal(size, 300_004);
  });

  test('a body that trickles, a byte now and then', async () => {
    await using server = await startServer((_, response) => {
      const timer = setInterval(() => response.write('x'), 30);
      response.on('close', () => clearInterval(timer));
    });
    const { client } = testClient({ timeouts: short });
    const trickling = await client.request({ url: new URL(server.url), signal: calm });
    assert.equal(await phaseOf(trickling.bytes(1_000_000)), 'slow');
  });

  test('an upload that nobody takes', async () => {
    await using server = await startServer((request) => void request.pause());
    const { client } = testClient({ timeouts: short });
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(1024 * 1024);
    };
    const body = { kind: 'factory', open, sizeBytes: 2 ** 40 } as const;
    const sending = client.request({ method: 'PUT', url: new URL(server.url), body, signal: calm });
    assert.equal(await phaseOf(sending), 'upload');
  });

  test('a TLS handshake that never ends', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { client } = testClient({ timeouts: { ...short, headersMs: 5000 } });
    const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await assert.rejects(client.request({ url, signal: calm }), failsWith('NET_TIMEOUT', /no connection/));
    server.close();
  });
});

describe('connection errors', () => {
  test('nothing listens, unknown name, not TLS, not HTTP: each by its own code', async () => {
    const { client } = testClient({ retry: { attempts: 1 } });
    const closed = await startServer(() => undefined);
    await closed[Symbol.asyncDispose]();
    await assert.rejects(
      client.request({ url: new URL(closed.url), signal: calm }),
      failsWith('NET_CONNECTION_REFUSED'),
    );
    await using plain = await startServer((_, response) => void response.end());
    const secure = new URL(plain.url.replace('http:', 'https:'));
    await assert.rejects(client.request({ url: secure, signal: calm }), failsWith('NET_PROTOCOL'));
    const odd = createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    await new Promise<void>((resolve) => void odd.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(odd.address() as AddressInfo).port}/`);
    await assert.rejects(client.request({ url, signal: calm }), failsWith('NET_PROTOCOL'));
    odd.close();
  });

  test('a private authority is trusted when its file is given, and only then', { skip: noOpenssl }, async () => {
    const { caFile, key, cert } = makeCertificates();
    await using registry = await startRegistry({ tls: { key, cert } });
    const url = new URL(`${registry.url}/v2/`);
    await using trusting = testClient({ caFile }).client;
    assert.equal((await trusting.request({ url, signal: calm })).status, 200);
    await using other = testClient().client;
    await assert.rejects(other.request({ url, signal: calm }), failsWith('NET_TLS_UNTRUSTED'));
    await using told = testClient({ caFlag: '--their-ca' }).client;
    await assert.rejects(told.request({ url, signal: calm }), {
      hint: /name that authority in a CA file: --their-ca FILE$/,
    });
    await using broken = testClient({ caFile: import.meta.filename }).client;
    await assert.rejects(broken.request({ url, signal: calm }), failsWith('NET_CA_INVALID'));
  });
});

describe('addresses', () => {
  test('loopback and link-local are told from others', () => {
    for (const host of [
      'localhost',
      'LOCALHOST.',
      'x.localhost',
      '127.0.0.1',
      '127.255.1.1',
      '[::1]',
      '::ffff:127.0.0.1',
    ]) {
      assert.ok(isLoopbackHost(host), host);
    }
    for (const host of ['localhost.example.test', '128.0.0.1', 'mylocalhost', '::2', ''])
      assert.ok(!isLoopbackHost(host), host);
    for (const host of ['169.254.1.1', 'fe80::1', '[fe80::1%eth0]', '::ffff:a9fe:a9fe', 'fd00:ec2::254', '0.0.0.0']) {
      assert.ok(isLinkLocalHost(host), host);
    }
    for (const host of ['169.253.1.1', 'registry.example.test', '10.0.0.1']) assert.ok(!isLinkLocalHost(host), host);
  });
});
