import { loadLibrary, type CycloneDxVersion } from './library.ts';
import { loadValidator } from './validate.ts';

/**
 * Loads the code that `writeCycloneDx` needs, for callers that have a moment to spare before: 40 ms. Writing loads by itself what is not there, so a failure
 * here is for it to report.
 */
export async function loadCycloneDxWriter(versions: readonly CycloneDxVersion[]): Promise<void> {
  if (versions.length === 0) return;
  await Promise.allSettled([loadLibrary(), ...versions.map(loadValidator)]);
}
