import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { attachBundle, signStatement, SIGN_PREDICATE_TYPE } from '../../src/attestation/index.ts';
import { ended, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeImage } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';
import { bytesOf, ISSUER, newWorld, rootJson, SAN, signKeyless } from '../verification/support/world.ts';

const FIXTURES = join(import.meta.dirname, '../verification/fixtures');
/** Node refuses every socket and every look-up of a name: it is not that nobody answered. */
const WITHOUT_NETWORK = { NODE_OPTIONS: '--permission --allow-fs-read=* --allow-fs-write=*' };

describe('sockets that verifying opens', () => {
  let bench: Bench;
  let registry: TestRegistry;
  let proxy: Server;
  let asked = 0;
  const world = newWorld();
  const who = `--certificate-identity ${SAN} --certificate-oidc-issuer ${ISSUER}`;

  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    // whoever is not on loopback would be asked by way of it
    proxy = createServer((socket) => {
      asked += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    const { image, store } = await makeImage(join(bench.path, 'images'), { layers: [{ a: 'a' }], tag: 'app' });
    const { digest, manifest } = image;
    const bundle = bytesOf(signKeyless(world, { payload: signStatement(digest), tsas: [world.tsa] }));
    await attachBundle(store, { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.byteLength }, bundle, {
      predicateType: SIGN_PREDICATE_TYPE,
      created: new Date(0),
      signal: new AbortController().signal,
    });
    writeFileSync(join(bench.path, 'root.json'), JSON.stringify(rootJson(world)));
    writeFileSync(join(bench.path, 'image.json'), bundle);
    ended(await bench.run(`copy oci:images:app ${registry.host}/app:1`), 0);
  });
  after(async () => {
    await new Promise((resolve) => void proxy.close(resolve));
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const shut = (command: string): Promise<Finished> => bench.run(command, { env: WITHOUT_NETWORK });

  test('none with --offline, be it by a file, by what ships, or by what is wrong', async () => {
    const trusted = `${who} --trusted-root root.json --offline`;
    ended(await shut(`verify oci:images:app ${trusted}`), 0);
    ended(await shut(`verify oci:images:app ${trusted} --recursive`), 0);
    ended(await shut(`verify oci:images:app ${who} --offline`), 1);
    ended(await shut(`bundle verify image.json --subject sha256:${'0'.repeat(64)} ${trusted}`), 1);
    const digest = 'sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4';
    const cody = '--certificate-identity cody@soyland.com --certificate-oidc-issuer https://github.com/login/oauth';
    ended(
      await shut(`blob verify ${digest} --bundle ${FIXTURES}/image-attestation.sigstore.json ${cody} --offline`),
      0,
    );
    ended(await shut('trust show --offline'), 0);
    ended(await shut('bundle inspect image.json'), 0);
  });

  test('none with --trusted-root where there is no registry', async () => {
    ended(await shut(`verify oci:images:app ${who} --trusted-root root.json`), 0);
  });

  test('only the registry’s with --trusted-root', async () => {
    const proxied = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    registry.requests.length = 0;
    ended(await bench.run(`verify ${registry.host}/app:1 ${who} --trusted-root root.json`, { env: proxied }), 0);
    assert.equal(asked, 0);
    assert.ok(registry.requests.length > 0);
    // without it, somebody else is asked whom to trust
    ended(await bench.run(`verify ${registry.host}/app:1 ${who}`, { env: proxied }), 4);
    assert.ok(asked > 0);
  });

  test('what would open one is stopped here', async () => {
    const { stderr } = ended(await shut('trust update'), 4);
    assert.match(stderr, /ERR_ACCESS_DENIED/);
    ended(await shut(`verify ${registry.host}/app:1 ${who} --trusted-root root.json`), 4);
  });
});
