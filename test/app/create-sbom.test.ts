import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createSboms, type CreateSbomOptions } from '../../src/app/index.ts';
import type { ProgressEvent } from '../../src/core/index.ts';
import { openGateBench } from '../support/gate-bench.ts';
import { BASE_LAYER, npmLayer } from '../support/cli/sample-images.ts';

const OPTIONS = { access: {}, allowEmpty: false, strict: false } as const;
const STATUS = BASE_LAYER['var/lib/dpkg/status' as keyof typeof BASE_LAYER] as unknown as string;

describe('createSboms', () => {
  test('says of each component whether the locked base has it', async () => {
    await using bench = await openGateBench();
    const base = await bench.image('base', [BASE_LAYER]);
    await bench.lock();
    const upgraded = STATUS.replace('2.41-1', '2.41-2').replace(/\nPackage: tiny-shell[^]*/, '');
    await bench.image('app', [npmLayer('left-pad'), { 'var/lib/dpkg/status': upgraded }], base);
    const image = `oci:${bench.file('images')}:app`;
    const {
      platforms: [sbom],
    } = await createSboms({ ...OPTIONS, image, lockFile: bench.file('bases.lock.jsonl') }, bench.runtime);
    const base1 = (properties: readonly { readonly name: string; readonly value: string }[]) =>
      properties.filter(({ name }) => name.startsWith('waybill:base')).map(({ name, value }) => `${name}=${value}`);
    assert.deepEqual(
      sbom?.document.components.map(({ name, properties }) => [name, ...base1(properties)]),
      [
        ['debian'],
        ['tiny-libc', 'waybill:base=changed', 'waybill:base:from=2.41-1'],
        ['left-pad', 'waybill:base=added'],
      ],
    );
    const own = base1(sbom?.document.properties ?? []);
    assert.ok(own.includes(`waybill:base:digest=${base.image.digest}`) && own.includes('waybill:base:layers=1'));
    assert.ok(own.some((line) => line.startsWith('waybill:base:removed=pkg:deb/debian/tiny-shell@')));
    const warnings: string[] = [];
    const progress = (event: ProgressEvent): void => {
      if (event.kind === 'warning') warnings.push(event.message);
    };
    await bench.image('other', [npmLayer('left-pad')]);
    for (const tag of ['app', 'other']) {
      const options = {
        ...OPTIONS,
        image: `oci:${bench.file('images')}:${tag}`,
        lockFile: bench.file('bases.lock.jsonl'),
      };
      await createSboms(options, { ...bench.runtime, progress });
    }
    assert.equal(warnings.filter((text) => text.includes('no base of the lock')).length, 1);
    const plain = await createSboms({ ...OPTIONS, image }, bench.runtime);
    assert.notEqual(plain.platforms[0]?.document.serialNumber, sbom?.document.serialNumber);
  });

  test('all-layers adds what lower layers hold and upper ones hide, secrets that were deleted too', async () => {
    await using bench = await openGateBench();
    await bench.image('app', [
      { ...BASE_LAYER, ...npmLayer('left-pad'), 'root/.npmrc': 'token', 'root/kept.key': 'key' },
      { 'root/.wh..npmrc': '', 'app/node_modules/.wh.left-pad': '', 'var/lib/dpkg/.wh.status': '' },
      npmLayer('right-pad'),
    ]);
    const options: CreateSbomOptions = { ...OPTIONS, image: `oci:${bench.file('images')}:app` };
    const all = (await createSboms({ ...options, scope: 'all-layers' }, bench.runtime)).platforms[0];
    const facts = all?.document.components.map(({ name, scope, properties }) => [
      name,
      scope,
      properties.find((property) => property.name === 'waybill:hidden:after-layer')?.value,
    ]);
    assert.deepEqual(facts, [
      ['debian', undefined, undefined],
      ['tiny-libc', 'excluded', '0'],
      ['tiny-shell', 'excluded', '0'],
      ['left-pad', 'excluded', '0'],
      ['right-pad', undefined, undefined],
    ]);
    assert.deepEqual(
      all?.notes.map(({ kind, code, path, facts: known }) => [kind, code, path, known]),
      [
        ['hidden', 'database-removed', '/var/lib/dpkg/status', { layer: '0', removedInLayer: '1' }],
        ['hidden', 'deleted-secret', '/root/.npmrc', { layer: '0' }],
      ],
    );
    assert.equal(all?.packages, 1);
    const squashed = (await createSboms(options, bench.runtime)).platforms[0];
    assert.equal(squashed?.document.components.length, 2);
    assert.notEqual(squashed?.document.serialNumber, all?.document.serialNumber);
  });

  test('all-layers tells of keys that packages were trusted by, and that a later layer deleted', async () => {
    await using bench = await openGateBench();
    const keys = { 'etc/apt/trusted.gpg.d/gone.asc': 'key', 'etc/apt/trusted.gpg.d/kept.asc': 'key' };
    await bench.image('app', [{ ...BASE_LAYER, ...keys }, { 'etc/apt/trusted.gpg.d/.wh.gone.asc': '' }]);
    const options = { ...OPTIONS, image: `oci:${bench.file('images')}:app`, scope: 'all-layers' } as const;
    const [sbom] = (await createSboms(options, bench.runtime)).platforms;
    assert.deepEqual(
      sbom?.notes.map(({ kind, code, path, facts }) => [kind, code, path, facts?.['layer']]),
      [
        ['trust', 'apt-keyring', '/etc/apt/trusted.gpg.d/kept.asc', undefined],
        ['hidden', 'deleted-key', '/etc/apt/trusted.gpg.d/gone.asc', '0'],
      ],
    );
  });

  test('names the package files that a later layer changed, and warns of them and of a stripped inventory', async () => {
    await using bench = await openGateBench();
    const md5 = createHash('md5').update('true').digest('hex');
    const files = {
      ...BASE_LAYER,
      'usr/bin/true': 'true',
      'var/lib/dpkg/info/tiny-shell.list': '/usr/bin/true\n',
      'var/lib/dpkg/info/tiny-shell.md5sums': `${md5}  usr/bin/true\n`,
    };
    await bench.image('app', [files, { 'usr/bin/true': 'evil' }]);
    const warnings: string[] = [];
    const runtime = {
      ...bench.runtime,
      progress: (event: ProgressEvent) => {
        if (event.kind === 'warning') warnings.push(event.message);
      },
    };
    const options: CreateSbomOptions = { ...OPTIONS, image: `oci:${bench.file('images')}:app` };
    const [sbom] = (await createSboms({ ...options, integrity: true }, runtime)).platforms;
    const evil = createHash('md5').update('evil').digest('hex');
    const notes = sbom?.notes.filter(({ kind }) => kind === 'integrity');
    assert.deepEqual(
      notes?.map(({ code, path }) => [code, path]),
      [['modified-file', '/usr/bin/true']],
    );
    assert.match(notes?.[0]?.message ?? '', new RegExp(`tiny-shell@.*md5 ${md5} recorded, ${evil} found, layer 1`));
    assert.ok(
      sbom?.document.properties.some(({ name, value }) => name === 'waybill:integrity' && value.includes(evil)),
    );
    assert.equal(warnings.filter((text) => text.includes('/usr/bin/true')).length, 1);
    assert.deepEqual((await createSboms(options, bench.runtime)).platforms[0]?.notes, []);

    await bench.image('stripped', [files, { 'var/lib/dpkg/.wh.status': '' }, npmLayer('right-pad')]);
    await createSboms({ ...options, image: `oci:${bench.file('images')}:stripped` }, runtime);
    assert.equal(warnings.filter((text) => text.includes('/var/lib/dpkg/status')).length, 1);
  });
});
