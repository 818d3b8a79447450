import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TemporaryDirectory, type ProgressEvent } from '../../../src/core/index.ts';
import { loadImage, openLocalStore, parseImageReference } from '../../../src/image/index.ts';
import { openEngineImage } from '../../../src/registry/index.ts';
import { engineAddress } from '../../../src/registry/engine/engine-address.ts';
import { dockerSaveMembers, writeArchive } from '../../support/image-archives.ts';
import { LINUX_AMD64, makeImage } from '../../support/images.ts';

const ID = `sha256:${'a'.repeat(64)}`;
const signal = new AbortController().signal;

/** An engine with one image, `shop/app:1`; other behaviour by listener. */
async function startEngine(socket: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return server;
}

function reference(text: string) {
  const parsed = parseImageReference(text);
  assert.ok(parsed.transport === 'docker-daemon');
  return parsed;
}

describe('openEngineImage', () => {
  let scratch: TemporaryDirectory;
  let archive: Buffer;
  let asked: string[] = [];
  const servers: Server[] = [];

  before(async () => {
    scratch = await TemporaryDirectory.create();
    const layout = join(scratch.path, 'layout');
    await makeImage(layout, { layers: [{ 'etc/motd': 'hello' }], tag: 'app' });
    await using store = await openLocalStore({ transport: 'oci', path: layout }, { signal });
    const image = await loadImage(store, { reference: 'app', hostPlatform: LINUX_AMD64, signal });
    assert.ok('path' in store);
    const path = join(scratch.path, 'saved.tar');
    await writeArchive(path, dockerSaveMembers(store, image, []));
    archive = await readFile(path);
  });

  after(async () => {
    for (const server of servers) server.close();
    await scratch[Symbol.asyncDispose]();
  });

  async function engine(name: string, listener: RequestListener): Promise<Record<string, string>> {
    const socket = join(scratch.path, `${name}.sock`);
    asked = [];
    servers.push(
      await startEngine(socket, (request, response) => {
        asked.push(request.url ?? '');
        listener(request, response);
      }),
    );
    return { DOCKER_HOST: `unix://${socket}` };
  }

  const open = (text: string, env: Record<string, string>, progress: (event: ProgressEvent) => void = () => {}) =>
    openEngineImage(reference(text), { runtime: { env, signal, progress } });

  const honest: RequestListener = (request, response) => {
    if (request.url === '/_ping') response.writeHead(404).end();
    else if (request.url === '/v1.41/images/shop/app%3A1/json') response.end(JSON.stringify({ Id: ID }));
    else if (request.url === `/v1.41/images/${encodeURIComponent(ID)}/get`) response.end(archive);
    else response.writeHead(404).end('{"message":"no such image"}');
  };

  test('saves the image by the id that its name stands for, and leaves nothing behind', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const events: ProgressEvent[] = [];
    {
      await using opened = await open('docker-daemon:shop/app:1', await engine('honest', honest), (event) =>
        events.push(event),
      );
      const image = await loadImage(opened.store, { reference: '', hostPlatform: LINUX_AMD64, signal });
      assert.equal(image.layers.length, 1);
    }
    assert.deepEqual(asked, [
      '/_ping',
      '/v1.41/images/shop/app%3A1/json',
      `/v1.41/images/${encodeURIComponent(ID)}/get`,
    ]);
    assert.ok(events.some((event) => event.kind === 'transfer' && event.doneBytes === archive.length));
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith('waybill-engine-') && !before.has(name));
    assert.deepEqual(left, []);
  });

  test('speaks the version of the API that the engine has: newer ones refuse older versions', async () => {
    const strict: RequestListener = (request, response) => {
      const { url = '' } = request;
      if (url === '/_ping') response.setHeader('Api-Version', '1.52').end('OK');
      else if (url === '/v1.52/images/shop/app%3A1/json') response.end(JSON.stringify({ Id: ID }));
      else if (url === `/v1.52/images/${encodeURIComponent(ID)}/get`) response.end(archive);
      else
        response.writeHead(400).end('{"message":"client version is too old. Minimum supported API version is 1.44"}');
    };
    await using opened = await open('docker-daemon:shop/app:1', await engine('strict', strict));
    assert.ok(opened.store);
    // what is no version is not put into a path
    for (const [index, version] of ['../x', '1.4/../..', '', '99999.1'].entries()) {
      const odd = await engine(`version${index}`, (request, response) => {
        if (request.url === '/_ping') response.setHeader('Api-Version', version).end();
        else honest(request, response);
      });
      await using other = await open('docker-daemon:shop/app:1', odd);
      assert.equal(asked[1], '/v1.41/images/shop/app%3A1/json', version);
      assert.ok(other.store);
    }
  });

  test('takes the beginning of an image id, as the engines list them, when no image has that name', async () => {
    const listener: RequestListener = (request, response) => {
      if (request.url === `/v1.41/images/${'a'.repeat(12)}/json`) response.end(JSON.stringify({ Id: ID }));
      else if (request.url === '/v1.41/images/bbbbbbbbbbbb/json') response.end(JSON.stringify({ Id: ID }));
      else honest(request, response);
    };
    {
      await using opened = await open(`docker-daemon:${'a'.repeat(12)}`, await engine('short', listener));
      assert.ok(opened.store);
    }
    assert.deepEqual(asked.slice(1, 3), [
      '/v1.41/images/aaaaaaaaaaaa%3Alatest/json',
      '/v1.41/images/aaaaaaaaaaaa/json',
    ]);
    // an id that begins otherwise is of something else; a name with a tag is no id
    for (const name of ['bbbbbbbbbbbb', 'aaaaaaaaaaaa:latest', 'shop/aaaaaaaaaaaa'])
      await assert.rejects(open(`docker-daemon:${name}`, await engine(`no-${name.replaceAll(/\W/g, '')}`, listener)), {
        code: 'ENGINE_IMAGE_NOT_FOUND',
      });
  });

  test('names the image as the user did, not the temporary file', async () => {
    await using opened = await open('docker-daemon:shop/app:1', await engine('named', honest));
    assert.equal(opened.store.name, 'docker-daemon:shop/app:1');
  });

  test('says so when there is no such image, no engine, or an engine that talks nonsense', async () => {
    const env = await engine('other', honest);
    await assert.rejects(open('docker-daemon:nope', env), { code: 'ENGINE_IMAGE_NOT_FOUND', exitCode: 6 });
    assert.deepEqual(asked, ['/_ping', '/v1.41/images/nope%3Alatest/json']);
    await assert.rejects(open('docker-daemon:x', { DOCKER_HOST: `unix://${scratch.path}/none.sock` }), {
      code: 'ENGINE_UNREACHABLE',
      exitCode: 4,
    });
    for (const [index, body] of ['not json', '{}', '{"Id":"../../x"}', '[]'].entries()) {
      const odd = await engine(`odd${index}`, (_, response) => response.end(body));
      await assert.rejects(open('docker-daemon:x', odd), { code: 'ENGINE_UNEXPECTED_ANSWER', exitCode: 4 });
    }
    const failing = await engine('failing', (_, response) =>
      response.writeHead(500).end('{"message":"\\u001b[31mboom"}'),
    );
    await assert.rejects(open('docker-daemon:x', failing), (error: Error) => {
      assert.match(error.message, /answered 500: .*boom/);
      assert.ok(!error.message.includes('\u001b'));
      return true;
    });
  });

  test('a transfer that breaks off, an archive that is none, and one beyond the limit are errors', async () => {
    const cut = await engine('cut', (request, response) => {
      if (request.url?.endsWith('/json')) response.end(JSON.stringify({ Id: ID }));
      else {
        response.writeHead(200, { 'content-length': archive.length });
        response.write(archive.subarray(0, 100), () => response.destroy());
      }
    });
    await assert.rejects(open('docker-daemon:x', cut), { code: 'ENGINE_UNREACHABLE' });
    const junk = await engine('junk', (request, response) => {
      response.end(request.url?.endsWith('/json') ? JSON.stringify({ Id: ID }) : 'x'.repeat(2000));
    });
    await assert.rejects(open('docker-daemon:x', junk), { exitCode: 6 });
    const env = await engine('large', honest);
    const runtime = { env, signal, progress: () => {} };
    await assert.rejects(openEngineImage(reference('docker-daemon:shop/app:1'), { runtime, maxBytes: 1000 }), {
      code: 'LIMIT_EXCEEDED',
    });
  });
});

describe('engineAddress', () => {
  test('is what DOCKER_HOST says, with TLS as the environment asks for', async () => {
    assert.deepEqual(engineAddress({ DOCKER_HOST: 'unix:///run/x.sock' }), { kind: 'socket', path: '/run/x.sock' });
    assert.deepEqual(engineAddress({ DOCKER_HOST: 'tcp://127.0.0.1' }), { kind: 'tcp', host: '127.0.0.1', port: 2375 });
    assert.deepEqual(engineAddress({ DOCKER_HOST: 'tcp://[::1]:99' }), { kind: 'tcp', host: '::1', port: 99 });
    await using folder = await TemporaryDirectory.create();
    await writeFile(join(folder.path, 'ca.pem'), 'CA');
    const env = { DOCKER_HOST: 'tcp://engine.example.com', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder.path };
    assert.deepEqual(engineAddress(env), {
      kind: 'tcp',
      host: 'engine.example.com',
      port: 2376,
      tls: { verify: true, ca: Buffer.from('CA') },
    });
  });

  test('without DOCKER_HOST is the first socket that exists, and refuses what it cannot speak', () => {
    const found = engineAddress({});
    assert.ok(found.kind === 'socket' && (existsSync(found.path) || found.path === '/var/run/docker.sock'));
    for (const host of ['ssh://host', 'unix://', 'tcp://', 'npipe:////./pipe/x', 'tcp://user@host', 'x']) {
      assert.throws(() => engineAddress({ DOCKER_HOST: host }), { code: 'ENGINE_ADDRESS_INVALID', exitCode: 2 });
    }
  });
});
