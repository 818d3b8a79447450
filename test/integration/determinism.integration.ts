import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { judgeJson, judgeXml } from '../support/schema-judges.ts';
import { startRegistry } from '../support/registry/index.ts';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { mustPass, outputOf, waybillIn } from './run-command.ts';

const prepared = await prepareDebianImages(['base', 'app']);
const skip = 'skip' in prepared ? prepared.skip : false;
const images = prepared as DebianImages;

describe('the SBOM of one image', { skip }, () => {
  let folder: string;
  let first: Buffer;

  const make = async (reference: string, flags: readonly string[] = []): Promise<Buffer> => {
    const file = join(folder, 'bom.json');
    await mustPass(waybillIn(folder)(['sbom', 'create', reference, '-o', `cyclonedx-json=${file}`, ...flags]));
    return readFile(file);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-same-'));
    first = await make(images.reference('app'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('is the same with a warm cache, and without any', async () => {
    assert.deepEqual(await make(images.reference('app')), first);
    assert.deepEqual(await make(images.reference('app'), ['--no-cache']), first);
  });

  test('is the same from an archive', async () => {
    const archive = join(folder, 'app.tar');
    await outputOf('skopeo', ['copy', '--quiet', images.reference('app'), `oci-archive:${archive}:app`]);
    assert.deepEqual(await make(`oci-archive:${archive}:app`, ['--no-cache']), first);
  });

  test('is the same from a registry but for the name', async () => {
    await using registry = await startRegistry();
    const target = `${registry.host}/shop/app:1.0`;
    await outputOf('skopeo', [
      'copy',
      '--quiet',
      '--preserve-digests',
      '--dest-tls-verify=false',
      images.reference('app'),
      `docker://${target}`,
    ]);
    const pulled = await make(target, ['--no-cache']);
    assert.deepEqual(await make(target), pulled);
    const [there, here] = [pulled, first].map((bytes) => JSON.parse(bytes.toString()) as Bom);
    assert.ok(there !== undefined && here !== undefined);
    assert.deepEqual(there.components, here.components);
    assert.ok(there.metadata.component.purl?.startsWith('pkg:oci/app@sha256%3A'), there.metadata.component.purl ?? '');
    const refs = (bom: Bom): unknown => bom.dependencies.filter(({ ref }) => ref !== bom.metadata.component['bom-ref']);
    assert.deepEqual(refs(there), refs(here));
  });

  test('is valid in every version and format', async () => {
    for (const version of ['1.5', '1.6', '1.7'] as const) {
      const json = join(folder, `${version}.json`);
      const xml = join(folder, `${version}.xml`);
      const outputs = ['-o', `cyclonedx-json@${version}=${json}`, '-o', `cyclonedx-xml@${version}=${xml}`];
      await mustPass(waybillIn(folder)(['sbom', 'create', images.reference('app'), ...outputs]));
      assert.equal(await judgeJson(await readFile(json), version), null);
      assert.deepEqual(await judgeXml(await readFile(xml), version), []);
    }
  });
});

interface Bom {
  readonly metadata: { readonly component: { readonly purl?: string; readonly 'bom-ref': string } };
  readonly components: readonly unknown[];
  readonly dependencies: readonly { readonly ref: string }[];
}
