import { isAppError } from '../core/index.ts';
import {
  canonicalRepository,
  formatPlatform,
  normalizePlatform,
  parseConfig,
  parseImageReference,
  type Platform,
} from '../image/index.ts';
import { readBaseClaims, type BaseClaim } from '../provenance/index.ts';

/**
 * The canonical registry and repository of an image name that somebody wrote: `debian:12` is `docker.io/library/debian`.
 * @param text hostile
 * @returns undefined when it is no registry reference
 */
export function canonicalName(text: string): string | undefined {
  try {
    const reference = parseImageReference(text);
    return reference.transport === 'registry' ? canonicalRepository(reference) : undefined;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** What an image configuration says about its base; nothing for bytes that are no configuration. */
export function readConfigClaims(config: Uint8Array): readonly BaseClaim[] {
  try {
    const { labels, history, diffIds } = parseConfig(config);
    return readBaseClaims({ annotations: {}, labels, history, diffIds });
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}

/** One name for what is one platform: `linux/amd64`, `linux/arm/v7`. */
export function platformName(platform: Platform): string {
  return formatPlatform(normalizePlatform(platform));
}
