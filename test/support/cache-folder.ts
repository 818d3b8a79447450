import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where built peers and images are kept, outside the checkout: the folder that `.ci/run` uses too. */
export function cacheFolder(): string {
  const { WAYBILL_CI_CACHE: chosen, XDG_CACHE_HOME: cache } = process.env;
  return chosen || join(cache || join(homedir(), '.cache'), 'waybill-ci');
}
