import { readFileSync } from 'node:fs';

declare const __WAYBILL_VERSION__: string | undefined;
declare const __WAYBILL_SOURCES__: string | undefined;

export const TOOL_NAME = 'waybill';

/** The version in package.json; written into the code when it is bundled. */
export const TOOL_VERSION: string =
  typeof __WAYBILL_VERSION__ === 'string'
    ? __WAYBILL_VERSION__
    : (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/**
 * Digest of the sources that were bundled: what was computed by other code is told by it, whatever the version says. Sources that run as they are have none, and are
 * all the same.
 */
export const TOOL_SOURCES: string = typeof __WAYBILL_SOURCES__ === 'string' ? __WAYBILL_SOURCES__ : 'sources';
