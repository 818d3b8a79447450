import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { mustPass, outputOf, runCommand } from './run-command.ts';

const prepared = await prepareDebianImages(['base']);
const noPodman = spawnSync('podman', ['--version']).status === 0 ? false : 'podman is not installed';
const skip = 'skip' in prepared ? prepared.skip : noPodman;
const images = prepared as DebianImages;
const CLI = join(import.meta.dirname, '../../bin/dev.ts');

describe('docker-daemon: over the API of a real engine', { skip }, () => {
  let folder: string;
  let service: ChildProcess;
  let host: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-podman-'));
    const storage = join(folder, 'storage.conf');
    const roots = `runroot = "${folder}/run"\ngraphroot = "${folder}/root"\n`;
    await writeFile(storage, `[storage]\ndriver = "vfs"\n${roots}`);
    const socket = join(folder, 'engine.sock');
    host = `unix://${socket}`;
    service = spawn('podman', ['system', 'service', '--time=600', host], {
      env: { ...process.env, CONTAINERS_STORAGE_CONF: storage },
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 100 && !existsSync(socket); tries += 1) await sleep(100);
    await outputOf('skopeo', [
      'copy',
      '--quiet',
      images.reference('base'),
      'docker-daemon:shop/base:1',
      `--dest-daemon-host=${host}`,
    ]);
  });

  after(async () => {
    service.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test('finds what the same image in a layout holds', async () => {
    const create = async (reference: string): Promise<string> => {
      const args = [CLI, 'sbom', 'create', reference, '--quiet', '--no-cache'];
      return (await mustPass(runCommand(process.execPath, args, { env: { DOCKER_HOST: host } }))).stdout;
    };
    const purls = (text: string): readonly string[] =>
      (JSON.parse(text) as { readonly components: readonly { readonly purl?: string }[] }).components.flatMap(
        ({ purl }) => purl ?? [],
      );
    const fromEngine = purls(await create('docker-daemon:shop/base:1'));
    assert.ok(fromEngine.length > 50);
    assert.deepEqual(fromEngine, purls(await create(images.reference('base'))));
  });
});
