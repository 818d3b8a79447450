import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { readDeployment, withPins, type DeployedImage } from '../../src/deployments/index.ts';

const OPTIONS = { file: 'deploy.yaml', allowedKinds: new Set<string>() };
const DIGEST = sha256Digest('image');

async function pinnedText(text: string, which: (image: DeployedImage) => boolean = () => true): Promise<string> {
  const { images, problems } = await readDeployment(Buffer.from(text), OPTIONS);
  assert.deepEqual(problems, []);
  const pins = images.filter(which).map((image) => ({ image, digest: DIGEST }));
  return Buffer.from(await withPins(Buffer.from(text), pins, OPTIONS)).toString('utf8');
}

describe('withPins', () => {
  test('puts the digest behind the tag and leaves every other byte: comments, quotes, spacing, line ends, byte-order mark', async () => {
    const text = [
      '\ufeff# shop: the web application',
      'apiVersion: apps/v1',
      'kind:   Deployment   # two',
      'spec: { template: { spec: {',
      '  containers: [',
      '    {image: "registry.example.com/web:1" , name: a}, # flow',
      "    {image: 'nginx:1.29', name: b},",
      '    {image: plain:2},',
      '  ]}}}',
      '---',
      'apiVersion: v1',
      'kind: Pod',
      'spec:',
      '  containers:',
      '  - image:   busybox   # no tag',
      '',
      '',
    ].join('\r\n');
    const expected = text
      .replace('web:1"', `web:1@${DIGEST}"`)
      .replace("1.29'", `1.29@${DIGEST}'`)
      .replace('plain:2', `plain:2@${DIGEST}`)
      .replace('busybox ', `busybox@${DIGEST} `);
    assert.equal(await pinnedText(text), expected);
  });

  test('pins only what it is told to, and an anchor once for all its aliases', async () => {
    const text = 'services:\n  a: { image: &app app:1 }\n  b: { image: *app }\n  c: { image: other:1 }\n';
    assert.equal(
      await pinnedText(text, ({ written }) => written === 'app:1'),
      text.replace('app:1', `app:1@${DIGEST}`),
    );
    assert.equal(await pinnedText(text, () => false), text);
  });

  test('refuses block scalars and escapes, and a file that is another by now', async () => {
    for (const image of ['>-\n      app:1', '"app\\u003a1"']) {
      await assert.rejects(pinnedText(`services:\n  a:\n    image: ${image}\n`), { code: 'PIN_NOT_POSSIBLE' });
    }
    const text = 'services: { a: { image: app:1 } }';
    const { images } = await readDeployment(Buffer.from(text), OPTIONS);
    for (const other of ['services: { longer: { image: app:1 } }', 'services: { a: { image: app:2 } }', 'x', ''])
      await assert.rejects(
        withPins(Buffer.from(other), [{ image: images[0]!, digest: DIGEST }], OPTIONS).then((bytes) =>
          assert.fail(Buffer.from(bytes).toString()),
        ),
        (error: { code?: string }) => error.code === 'PIN_FILE_CHANGED' || error.code === 'PIN_NOT_POSSIBLE',
        other,
      );
  });
});
