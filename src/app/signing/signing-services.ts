import { coreError, readInputFile, type Runtime } from '../../core/index.ts';
import { parseSigningConfig, servicesFromConfig, servicesFromUrls, type SigningServices } from '../../signing/index.ts';
import type { ServiceChoice, SigningAccess } from './signing-access.ts';
import { readSigningConfig } from '../verification/trust.ts';

const MAX_CONFIG_BYTES = 256 * 1024;

/**
 * The services that were asked for. A key asks for none by itself; an identity asks the repository which ones there are.
 * @throws AppError USAGE, SIGNING_CONFIG_*, SIGNING_URL_INVALID, those of files and trust repositories
 */
export async function chooseServices(access: SigningAccess, runtime: Runtime): Promise<SigningServices | undefined> {
  const { signingConfigFile, fulcioUrl, logUrls = [], timestampUrls = [] } = access;
  const hasUrls = fulcioUrl !== undefined || logUrls.length + timestampUrls.length > 0;
  if (signingConfigFile !== undefined) {
    if (hasUrls)
      throw coreError('USAGE', 'services are named by a signing configuration or by their URLs, not by both');
    return fromConfig(await readInputFile(signingConfigFile, MAX_CONFIG_BYTES), runtime);
  }
  if (hasUrls) return servicesFromUrls(urlsOf(access));
  if (access.keyFile !== undefined) return undefined;
  return fromConfig(await readSigningConfig(access.tuf ?? {}, runtime), runtime);
}

function fromConfig(bytes: Uint8Array, runtime: Runtime): SigningServices {
  return servicesFromConfig(parseSigningConfig(bytes), runtime.now());
}

function urlsOf({
  fulcioUrl,
  logUrls = [],
  timestampUrls = [],
}: ServiceChoice): Parameters<typeof servicesFromUrls>[0] {
  return {
    logs: logUrls,
    timestampAuthorities: timestampUrls,
    ...(fulcioUrl === undefined ? {} : { certificateAuthority: fulcioUrl }),
  };
}
