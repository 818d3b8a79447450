import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyImage } from '../../src/app/index.ts';
import { TemporaryDirectory, type ProgressEvent } from '../../src/core/index.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { quietRuntime } from '../support/registry/opening.ts';

test('verifyImage, recursive: the trusted root is read once for the index and its platforms', async () => {
  await using folder = await TemporaryDirectory.create('waybill-test-');
  await makeSampleImages(folder.path);
  const events: ProgressEvent[] = [];
  const result = await verifyImage(
    {
      image: `oci:${folder.path}/images:multi`,
      access: {},
      signers: {
        keyFiles: [],
        identities: [{ identity: 'alice@example.com', issuer: 'https://accounts.example.com' }],
        trustedRootFiles: [],
        tuf: {},
        offline: true,
        insecureIgnoreTlog: false,
        insecureIgnoreSct: false,
        thresholds: {},
      },
      recursive: true,
    },
    { ...quietRuntime(), progress: (event) => void events.push(event) },
  );
  assert.deepEqual([result.code, result.platforms?.map(({ code }) => code)], ['UNSIGNED', ['UNSIGNED', 'UNSIGNED']]);
  const loaded = events.filter((event) => event.kind === 'phase' && event.label === 'checking signatures');
  assert.equal(loaded.length, 1);
});
