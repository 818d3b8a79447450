import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { attestImage, createSboms, releaseImage, writeCycloneDx } from '../../src/app/index.ts';
import { openGateBench, type GateBench } from '../support/gate-bench.ts';
import { BASE_LAYER, npmLayer } from '../support/cli/sample-images.ts';

const password = (): Promise<string> => Promise.resolve('');

describe('releaseImage', () => {
  let bench: GateBench;
  before(async () => {
    bench = await openGateBench();
    const base = await bench.image('base', [BASE_LAYER]);
    await bench.image('app', [npmLayer('left-pad')], base);
  });
  after(() => bench[Symbol.asyncDispose]());

  const release = async (): Promise<readonly string[]> => {
    const image = `oci:${bench.file('images')}:app`;
    const options = { image, access: {}, keyFile: bench.file('ours.key'), password, allowEmpty: false };
    return (await releaseImage(options, bench.runtime)).steps.map((step) => `${step.what} ${step.outcome}`);
  };

  test('an SBOM with our serial number and other contents is not taken for ours', async () => {
    const image = `oci:${bench.file('images')}:app`;
    const {
      platforms: [sbom],
    } = await createSboms({ image, access: {}, allPlatforms: false, allowEmpty: false, strict: false }, bench.runtime);
    const document = JSON.parse(
      Buffer.from(await writeCycloneDx(sbom!.document, { format: 'json', specVersion: '1.6' })).toString(),
    ) as { components: object[] };
    document.components.pop();
    writeFileSync(bench.file('short.json'), JSON.stringify(document));
    await attestImage(
      {
        image,
        access: {},
        keyFile: bench.file('ours.key'),
        password,
        type: 'cyclonedx',
        predicateFile: bench.file('short.json'),
      },
      bench.runtime,
    );
    assert.deepEqual(await release(), ['sbom made', 'signature made']);
    assert.deepEqual(await release(), ['sbom present', 'signature present']);
  });
});
