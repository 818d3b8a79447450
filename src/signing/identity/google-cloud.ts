import { proxyFor } from '../../net/index.ts';
import { signingError } from '../errors.ts';
import { callService } from '../service/call-service.ts';
import { readSmallFile } from './context.ts';
import type { IdentityContext, IdentityProvider } from './contract.ts';

/** The metadata service by address: a name would have to be believed. */
const METADATA_ADDRESS = '169.254.169.254';
const PRODUCT_NAME_FILE = '/sys/class/dmi/id/product_name';
/** What Cloud Run and Cloud Build set in their environments. */
const MARKERS = ['K_SERVICE', 'CLOUD_RUN_JOB', 'GCE_METADATA_HOST'];
const HOST = /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/;

/** Google Cloud: the metadata service gives an identity token of the machine's service account. */
export const googleCloud = {
  id: 'google-cloud',
  title: 'Google Cloud',
  specifications: ['https://cloud.google.com/compute/docs/instances/verifying-instance-identity'],
  async detect(context) {
    if (MARKERS.some((name) => (context.runtime.env[name] ?? '') !== '')) return true;
    const product = await readSmallFile(context, PRODUCT_NAME_FILE).catch(() => undefined);
    return product === 'Google Compute Engine' || product === 'Google';
  },
  async fetchToken(context, audience) {
    const { client, runtime } = context;
    const url = metadataUrl(context);
    url.searchParams.set('audience', audience);
    url.searchParams.set('format', 'full');
    if (proxyFor(url, runtime.env) !== undefined) {
      throw signingError('IDENTITY_PROVIDER_FAILED', 'the metadata service would be asked by way of a proxy', {
        hint: `add ${url.hostname} to no_proxy`,
      });
    }
    const answer = await callService(client, {
      what: "Google's metadata service",
      url,
      method: 'GET',
      headers: { 'metadata-flavor': 'Google' },
      timeLimitMs: 10_000,
      maxAnswerBytes: 64 * 1024,
      signal: runtime.signal,
    });
    if (answer.header('metadata-flavor') !== 'Google') {
      throw signingError('IDENTITY_PROVIDER_FAILED', `${url.host} is not Google's metadata service`);
    }
    return Buffer.from(answer.bytes).toString('utf8').trim();
  },
} as const satisfies IdentityProvider;

function metadataUrl({ runtime: { env } }: IdentityContext): URL {
  const host = env['GCE_METADATA_HOST'] || METADATA_ADDRESS;
  if (!HOST.test(host)) throw signingError('IDENTITY_PROVIDER_FAILED', 'GCE_METADATA_HOST is not a host name');
  return new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/identity`);
}
