import { checkRawManifest, createOciLayout, MEDIA_TYPES } from '../../src/image/index.ts';
import { withLock } from '../../src/image/local/layout-lock.ts';
import { sha256Digest } from '../../src/core/index.ts';

/**
 * A process that writes to a layout, for tests that kill it. Says on stdout what it has done.
 * - `hold LOCK`: takes the lock and keeps it
 * - `add LAYOUT PREFIX COUNT`: tags COUNT manifests PREFIX0, PREFIX1, ...
 */
const [job, path = '', argument = '', count = '1'] = process.argv.slice(2);
const signal = new AbortController().signal;

if (job === 'hold') {
  setInterval(() => undefined, 1000);
  await withLock(path, signal, async () => {
    process.stdout.write('held\n');
    await new Promise(() => undefined);
  });
} else if (job === 'add') {
  const store = await createOciLayout(path);
  const config = { mediaType: MEDIA_TYPES.ociEmpty, digest: sha256Digest('{}'), size: 2 };
  await store.writeBlob(Buffer.from('{}'), config.digest, signal);
  for (let index = 0; index < Number(count); index += 1) {
    const annotations = { text: `${argument}${index}` };
    const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [], annotations };
    const manifest = checkRawManifest(Buffer.from(JSON.stringify(document)), {});
    await store.writeManifest(manifest, { tag: `${argument}${index}` }, signal);
    process.stdout.write(`${argument}${index}\n`);
  }
} else {
  throw new Error(`unknown job ${job}`);
}
