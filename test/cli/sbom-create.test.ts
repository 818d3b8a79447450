import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildIndex } from '../../src/image/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages, npmLayer } from '../support/cli/sample-images.ts';
import { makeImage } from '../support/images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { judgeJson, judgeXml } from '../support/schema-judges.ts';

interface Component {
  readonly name: string;
  readonly purl?: string;
}

describe('waybill sbom create', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    await makeBrokenIndex(join(bench.path, 'images'));
  });
  after(() => bench[Symbol.asyncDispose]());

  test('CycloneDX 1.6 to stdout, nothing on stderr, the same bytes twice and without a cache', async () => {
    const first = ended(await bench.run('sbom create oci:images:app'), 0);
    assert.equal(first.stderr, '');
    assert.equal(await judgeJson(Buffer.from(first.stdout), '1.6'), null);
    const { components } = JSON.parse(first.stdout) as { readonly components: readonly Component[] };
    for (const purl of [
      'pkg:deb/debian/tiny-libc@2.41-1',
      'pkg:deb/debian/tiny-shell@0.5.12-1',
      'pkg:npm/left-pad@1.3.0',
    ])
      assert.ok(
        components.some((component) => component.purl?.startsWith(purl)),
        purl,
      );
    assert.equal((await bench.run('sbom create oci:images:app')).stdout, first.stdout);
    assert.equal((await bench.run('sbom create oci:images:app --no-cache')).stdout, first.stdout);
  });

  test('-o many times: table to stdout, files in every format and version', async () => {
    const { stdout, stderr } = ended(
      await bench.run(
        'sbom create oci:images:app -o table -o cyclonedx-json=bom.json -o cyclonedx-json@1.7=bom17.json -o cyclonedx-xml@1.5=bom.xml',
      ),
      0,
    );
    assert.equal(stderr, '');
    assert.match(stdout, /^NAME +VERSION +TYPE +LICENCE +LAYER +PATH$/m);
    assert.match(stdout, /^left-pad +1\.3\.0 +npm +MIT +1 +/m);
    assert.match(stdout, /^3 packages \(2 deb, 1 npm\) on debian 13$/m);
    const bytes = (name: string): Buffer => readFileSync(join(bench.path, name));
    assert.equal(await judgeJson(bytes('bom.json'), '1.6'), null);
    assert.equal(await judgeJson(bytes('bom17.json'), '1.7'), null);
    assert.deepEqual(await judgeXml(bytes('bom.xml'), '1.5'), []);
    assert.deepEqual(
      readdirSync(bench.path).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  test('an output file that is there is replaced as a whole; one that cannot be written is exit 2 and leaves nothing', async () => {
    writeFileSync(join(bench.path, 'old.json'), 'x'.repeat(1_000_000));
    ended(await bench.run('sbom create oci:images:app -o cyclonedx-json=old.json'), 0);
    assert.equal(await judgeJson(readFileSync(join(bench.path, 'old.json')), '1.6'), null);
    failed(await bench.run('sbom create oci:images:app -o cyclonedx-json=no/such/folder.json'), 2, 'FILE_UNWRITABLE');
    assert.equal(existsSync(join(bench.path, 'no')), false);
  });

  test('a device or a pipe is written to, a link stays a link', async () => {
    writeFileSync(join(bench.path, 'real.json'), 'old');
    symlinkSync('real.json', join(bench.path, 'link.json'));
    ended(await bench.run('sbom create oci:images:app -o cyclonedx-json=link.json -o table=/dev/null'), 0);
    assert.ok(lstatSync(join(bench.path, 'link.json')).isSymbolicLink());
    assert.equal(await judgeJson(readFileSync(join(bench.path, 'real.json')), '1.6'), null);
    assert.ok(lstatSync('/dev/null').isCharacterDevice());
    execFileSync('mkfifo', [join(bench.path, 'pipe')]);
    const reading = readFile(join(bench.path, 'pipe'), 'utf8');
    ended(await bench.run('sbom create oci:images:app -o table=pipe'), 0);
    assert.match(await reading, /^3 packages /m);
  });

  test('a cache folder that cannot be made is no failure', async () => {
    writeFileSync(join(bench.path, 'file'), '');
    for (const folder of ['/proc/waybill/cache', join(bench.path, 'file/cache'), ''])
      ended(await bench.run('sbom create oci:images:app -o table', { env: { WAYBILL_CACHE_DIR: folder } }), 0);
  });

  test('--json is one report of its schema, with the document unless it went to a file', async () => {
    const whole = parseResult('sbom-create', ended(await bench.run('sbom create oci:images:app --json'), 0).stdout);
    assert.equal((whole['document'] as { readonly bomFormat: string }).bomFormat, 'CycloneDX');
    const { stdout } = ended(await bench.run('sbom create oci:images:app --json -o table=table.txt'), 0);
    const report = parseResult('sbom-create', stdout);
    assert.deepEqual(report['files'], ['table.txt']);
    assert.equal('document' in report, false);
    assert.match(readFileSync(join(bench.path, 'table.txt'), 'utf8'), /^NAME .*\n[^]*\n3 packages .*\n$/);
  });

  test('a report says how large an attestation would be', async () => {
    const { stdout } = ended(await bench.run('sbom create oci:images:app --json -o cyclonedx-json=size.json'), 0);
    const { sboms } = parseResult('sbom-create', stdout) as { sboms: { bundleBytes: number }[] };
    const size = readFileSync(join(bench.path, 'size.json')).length;
    assert.ok(sboms[0]!.bundleBytes > (size * 4) / 3 && sboms[0]!.bundleBytes < (size * 4) / 3 + 50_000);
  });

  test('a standard output that takes nothing is no bug of the program', { skip: !existsSync('/dev/full') }, () => {
    for (const options of [[], ['--json']]) {
      const full = openSync('/dev/full', 'w');
      const words = [...bench.argv, 'sbom', 'create', 'oci:images:app', ...options];
      const { status, stderr } = spawnSync(process.execPath, words, {
        cwd: bench.path,
        env: bench.env,
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      closeSync(full);
      assert.equal(status, 2, stderr);
      assert.equal(stderr, 'error: cannot write the standard output: ENOSPC [FILE_UNWRITABLE]\n');
    }
  });

  test('outputs in conflict are exit 2 and nothing is written', async () => {
    for (const options of [
      '-o table -o cyclonedx-json',
      '-o cyclonedx-json=twice -o cyclonedx-xml=twice',
      '-o cyclonedx-json=twice --ledger twice',
      '--json -o table',
      '--json -o cyclonedx-xml',
    ]) {
      const { status, stdout, stderr } = await bench.run(`sbom create oci:images:app ${options}`);
      assert.equal(status, 2, options);
      assert.match(stdout + stderr, /OUTPUT_CONFLICT/, options);
      assert.match(stdout + stderr, /hint/, options);
    }
    for (const options of ['', '-o table=one.txt', '-o cyclonedx-json=one.json'])
      failed(await bench.run(`sbom create oci:images:multi --all-platforms ${options}`), 2, 'OUTPUT_CONFLICT');
    // before any layer is read, ledgers included
    for (const options of ['-o cyclonedx-json=one.json', '-o cyclonedx-json=one-{platform}.json --ledger one.jsonl']) {
      const run = await bench.run(`sbom create oci:images:broken --all-platforms ${options}`);
      failed(run, 2, 'OUTPUT_CONFLICT');
    }
    for (const name of ['twice', 'one.txt', 'one.json', 'one.jsonl', 'one-linux-amd64.json'])
      assert.equal(existsSync(join(bench.path, name)), false);
  });

  test('--all-platforms tells platforms apart that differ in the version of the system only', async () => {
    const path = join(bench.path, 'windows');
    const made = await Promise.all(
      ['10.0.17763.1', '10.0.20348.1'].map((osVersion) =>
        makeImage(path, {
          layers: [npmLayer('left-pad', osVersion === '10.0.17763.1' ? '1.2.0' : '1.3.0')],
          config: { platform: { os: 'windows', architecture: 'amd64', osVersion } },
          tag: osVersion,
        }),
      ),
    );
    const manifests = made.map(({ image: { manifest, platform } }) => {
      const { mediaType, digest, bytes } = manifest;
      return { mediaType, digest, sizeBytes: bytes.byteLength, platform };
    });
    await buildIndex(made[0]!.store, { manifests, tag: 'both', signal: new AbortController().signal });
    const { stdout } = ended(
      await bench.run('sbom create oci:windows:both --all-platforms --json -o cyclonedx-json=win-{platform}.json'),
      0,
    );
    const { files, sboms, skew } = parseResult('sbom-create', stdout) as {
      files: string[];
      sboms: { platform: string }[];
      skew: { versions: Record<string, string[]> }[];
    };
    const names = ['windows/amd64:10.0.17763.1', 'windows/amd64:10.0.20348.1'];
    assert.deepEqual(files, [
      'win-windows-amd64-10.0.17763.1.json',
      'win-windows-amd64-10.0.20348.1.json',
      'win-index.json',
    ]);
    assert.deepEqual(
      sboms.map(({ platform }) => platform),
      names,
    );
    assert.deepEqual(skew[0]?.versions, { [names[0]!]: ['1.2.0'], [names[1]!]: ['1.3.0'] });
  });

  test('--all-platforms names files by {platform}; --platform picks one; an unknown one is exit 6', async () => {
    const { stdout } = ended(
      await bench.run('sbom create oci:images:multi --all-platforms --json -o cyclonedx-json=bom-{platform}.json'),
      0,
    );
    const { files, sboms, skew } = parseResult('sbom-create', stdout) as {
      files: string[];
      sboms: { platform: string; serialNumber: string }[];
      skew: { name: string }[];
    };
    assert.deepEqual(files, ['bom-linux-amd64.json', 'bom-linux-arm64.json', 'bom-index.json']);
    assert.ok(skew.some(({ name }) => name === 'npm:right-pad'));
    const index = readFileSync(join(bench.path, 'bom-index.json'));
    assert.equal(await judgeJson(index, '1.6'), null);
    for (const { serialNumber } of sboms) assert.ok(index.includes(`urn:cdx:${serialNumber.slice(9)}/1`));
    assert.deepEqual(
      sboms.map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    );
    const arm = ended(await bench.run('sbom create oci:images:multi --platform linux/arm64'), 0).stdout;
    assert.equal(arm, readFileSync(join(bench.path, 'bom-linux-arm64.json'), 'utf8').trimEnd() + '\n');
    assert.match(arm, /right-pad/);
    failed(await bench.run('sbom create oci:images:multi --platform linux/s390x'), 6, 'PLATFORM_NOT_FOUND');
    failed(await bench.run('sbom create oci:images:multi --platform nonsense'), 2, 'PLATFORM_INVALID');
    failed(await bench.run('sbom create oci:images:multi --platform linux/arm64 --all-platforms'), 2, 'USAGE');
  });

  test('nothing catalogued is exit 7, unless --allow-empty says that it is fine', async () => {
    const { stderr } = failed(await bench.run('sbom create oci:images:empty'), 7, 'NOTHING_CATALOGUED');
    assert.match(stderr, /hint: .*--allow-empty/);
    const report = JSON.parse(ended(await bench.run('sbom create oci:images:empty --json'), 7).stdout) as unknown;
    assert.deepEqual(Object.keys(report as object), ['error']);
    const { stdout } = ended(await bench.run('sbom create oci:images:empty --allow-empty'), 0);
    assert.equal(await judgeJson(Buffer.from(stdout), '1.6'), null);
  });

  test('SOURCE_DATE_EPOCH is the timestamp; what is no number is exit 2', async () => {
    const env = { SOURCE_DATE_EPOCH: '1700000000' };
    const { stdout } = ended(await bench.run('sbom create oci:images:app', { env }), 0);
    const { metadata } = JSON.parse(stdout) as { readonly metadata: { readonly timestamp: string } };
    assert.match(metadata.timestamp, /^2023-11-14T22:13:20(\.000)?Z$/);
    failed(
      await bench.run('sbom create oci:images:app', { env: { SOURCE_DATE_EPOCH: 'now' } }),
      2,
      'SOURCE_DATE_EPOCH_INVALID',
    );
    // the year 10000, for which no document has a form
    failed(
      await bench.run('sbom create oci:images:app', { env: { SOURCE_DATE_EPOCH: '253402300800' } }),
      2,
      'SOURCE_DATE_EPOCH_INVALID',
    );
  });

  test('a layer over --max-layer-bytes is exit 6, a size that is none exit 2', async () => {
    failed(await bench.run('sbom create oci:images:app --max-layer-bytes 512 --no-cache'), 6, 'LAYER_TOO_LARGE');
    failed(await bench.run('sbom create oci:images:app --max-layer-bytes much'), 2, 'USAGE');
    failed(await bench.run('sbom create oci:images:app -o spdx'), 2, 'SBOM_FORMAT_UNKNOWN');
  });

  test('sbom catalogers lists them, for people and as JSON', async () => {
    const { stdout } = ended(await bench.run('sbom catalogers'), 0);
    for (const id of ['dpkg', 'apk', 'npm', 'python', 'go']) assert.match(stdout, new RegExp(`^${id}\\b`, 'm'));
    const { catalogers } = parseResult('sbom-catalogers', ended(await bench.run('sbom catalogers --json'), 0).stdout);
    assert.ok((catalogers as readonly unknown[]).length >= 5);
  });
});

/** An index of two platforms, `broken`, whose layers are not there. */
async function makeBrokenIndex(path: string): Promise<void> {
  const made = await Promise.all(
    ['amd64', 'arm64'].map((architecture) =>
      makeImage(path, {
        layers: [npmLayer(`gone-${architecture}`)],
        config: { platform: { os: 'linux', architecture } },
        tag: `gone-${architecture}`,
      }),
    ),
  );
  const manifests = made.map(({ image: { manifest, platform } }) => {
    const { mediaType, digest, bytes } = manifest;
    return { mediaType, digest, sizeBytes: bytes.byteLength, platform };
  });
  await buildIndex(made[0]!.store, { manifests, tag: 'broken', signal: new AbortController().signal });
  for (const { image } of made)
    for (const { descriptor } of image.layers) rmSync(join(path, 'blobs', descriptor.digest.replace(':', '/')));
}
