import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { localLookalike } from '../../src/app/store/local-lookalike.ts';

describe('localLookalike', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-lookalike-'));
    await mkdir(join(folder, 'images'));
    await writeFile(join(folder, 'images/oci-layout'), '{}');
    await mkdir(join(folder, 'node'));
    await writeFile(join(folder, 'app.tar'), '');
    await writeFile(join(folder, 'app'), '');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [name, meant] of [
    ['images', 'oci:'],
    ['images:app', 'oci:'],
    [`images@sha256:${'a'.repeat(64)}`, 'oci:'],
    ['app.tar', 'docker-archive:'],
  ] as const) {
    it(`of ${name.slice(0, 20)} is ${meant}`, async () => {
      const text = join(folder, name);
      assert.ok((await localLookalike(text))?.startsWith(`${meant}${text}`));
    });
  }

  for (const name of ['node', 'node:26', 'app', 'none.tar', 'images/more']) {
    it(`of ${name} is nothing`, async () => {
      assert.equal(await localLookalike(join(folder, name)), undefined);
    });
  }
});
