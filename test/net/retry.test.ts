import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseRetryAfter } from '../../src/net/index.ts';
import { startServer } from '../support/registry/http-server.ts';
import { calm } from '../support/registry/opening.ts';
import { failsWith, testClient } from './client.ts';

describe('retry', () => {
  for (const status of [429, 502, 503, 504]) {
    test(`tries again on ${status} until the answer is good`, async () => {
      let left = 2;
      await using server = await startServer((_, response) => {
        response.writeHead(left > 0 ? status : 200).end('body');
        left -= 1;
      });
      const { client, waits } = testClient();
      const response = await client.request({ url: new URL(server.url), signal: calm });
      assert.equal(response.status, 200);
      assert.equal(Buffer.from(await response.bytes(10)).toString(), 'body');
      assert.equal(server.requests.length, 3);
      assert.equal(waits.length, 2);
      assert.ok(waits[1]! > waits[0]!, 'the delay grows');
    });
  }

  for (const status of [400, 401, 403, 404, 500]) {
    test(`takes ${status} as the answer`, async () => {
      await using server = await startServer((_, response) => void response.writeHead(status).end());
      const { client } = testClient();
      assert.equal((await client.request({ url: new URL(server.url), signal: calm })).status, status);
      assert.equal(server.requests.length, 1);
    });
  }

  test('gives the last answer when all tries are used up', async () => {
    await using server = await startServer((_, response) => void response.writeHead(503).end('busy'));
    const { client } = testClient({ retry: { attempts: 3 } });
    const response = await client.request({ url: new URL(server.url), signal: calm });
    assert.equal(response.status, 503);
    assert.equal(Buffer.from(await response.bytes(10)).toString(), 'busy');
    assert.equal(server.requests.length, 3);
  });

  test('tries again when the connection breaks before the answer', async () => {
    let left = 2;
    await using server = await startServer((request, response) => {
      if (left > 0) request.socket.destroy();
      else response.end('ok');
      left -= 1;
    });
    const { client } = testClient();
    assert.equal((await client.request({ url: new URL(server.url), signal: calm })).status, 200);
    assert.equal(server.requests.length, 3);
  });

  test('does not send a POST twice unless told that it does no harm', async () => {
    await using server = await startServer((request) => void request.socket.destroy());
    const { client } = testClient();
    const request = { method: 'POST', url: new URL(server.url), signal: calm } as const;
    await assert.rejects(client.request(request), failsWith('NET_CONNECTION_LOST'));
    assert.equal(server.requests.length, 1);
    await assert.rejects(client.request({ ...request, idempotent: true }), failsWith('NET_CONNECTION_LOST'));
    assert.equal(server.requests.length, 5);
  });

  test('sends bytes again, but not a stream that is used up', async () => {
    const bodies: string[] = [];
    await using server = await startServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks).toString());
        response.writeHead(503).end();
      });
    });
    const { client } = testClient({ retry: { attempts: 2 } });
    const url = new URL(server.url);
    await client.request({ method: 'PUT', url, signal: calm, body: { kind: 'bytes', bytes: Buffer.from('abc') } });
    assert.deepEqual(bodies, ['abc', 'abc']);
    const stream = (async function* () {
      yield Buffer.from('x');
    })();
    await client.request({ method: 'PUT', url, signal: calm, body: { kind: 'stream', stream, sizeBytes: 1 } });
    assert.deepEqual(bodies, ['abc', 'abc', 'x']);
  });

  test('waits as long as Retry-After asks, and gives up when that is too long', async () => {
    let header = '7';
    await using server = await startServer(
      (_, response) => void response.writeHead(429, { 'retry-after': header }).end(),
    );
    const { client, waits } = testClient({ retry: { attempts: 2, retryAfterMs: 60_000 } });
    await client.request({ url: new URL(server.url), signal: calm });
    assert.deepEqual(waits, [7000]);
    header = 'Thu, 01 Jan 2026 00:00:30 GMT';
    await client.request({ url: new URL(server.url), signal: calm });
    assert.deepEqual(waits, [7000, 30_000]);
    header = '3600';
    assert.equal((await client.request({ url: new URL(server.url), signal: calm })).status, 429);
    assert.deepEqual(waits, [7000, 30_000]);
  });

  test('an abort ends the waiting between tries', async () => {
    await using server = await startServer(
      (_, response) => void response.writeHead(503, { 'retry-after': '50' }).end(),
    );
    const controller = new AbortController();
    const { client } = testClient({ sleep: (await import('../../src/net/retry.ts')).sleepFor });
    setTimeout(() => controller.abort(), 30);
    await assert.rejects(
      client.request({ url: new URL(server.url), signal: controller.signal }),
      failsWith('INTERRUPTED'),
    );
  });
});

describe('parseRetryAfter', () => {
  const now = new Date('2026-01-01T00:00:00Z');

  test('reads seconds and dates; a date in the past is now', () => {
    assert.equal(parseRetryAfter('120', now), 120_000);
    assert.equal(parseRetryAfter(' 0 ', now), 0);
    assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
    assert.equal(parseRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', now), 0);
  });

  test('ignores what is neither', () => {
    for (const value of [undefined, '', '-1', '1.5', 'soon', '2026-01-01', '1e9', '9'.repeat(100)]) {
      assert.equal(parseRetryAfter(value, now), undefined, String(value));
    }
  });

  test('never throws and never gives a negative or infinite delay', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const delay = parseRetryAfter(text, now);
        return delay === undefined || (Number.isFinite(delay) && delay >= 0);
      }),
    );
  });
});
