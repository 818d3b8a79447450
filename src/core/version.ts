import { readFileSync } from 'node:fs';

declare const __WAYBILL_VERSION__: string | undefined;

export const TOOL_NAME = 'waybill';

/** The version in package.json; written into the code when it is bundled. */
export const TOOL_VERSION: string =
  typeof __WAYBILL_VERSION__ === 'string'
    ? __WAYBILL_VERSION__
    : (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
