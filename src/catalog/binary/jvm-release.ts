import type { CapturedFile } from '../../filesystem/index.ts';
import { decodeText } from '../language/json-fields.ts';

const MAX_LINES = 200;
const VERSION = /^[0-9][A-Za-z0-9._+-]{0,127}$/;

/**
 * Reads the `release` file of a Java runtime: lines of `KEY="value"`. Hostile input.
 * @returns undefined when it names no Java version: other software calls files so too
 */
export function parseJvmRelease(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const line of decodeText(bytes).split(/\r?\n/, MAX_LINES)) {
    const match = /^([A-Z][A-Z0-9_]{0,63})=(.*)$/.exec(line);
    if (match === null) continue;
    const value = match[2]!.trim().replace(/^"(.*)"$/, '$1');
    if (value !== '' && !fields.has(match[1]!)) fields.set(match[1]!, value);
  }
  return jvmVersion(fields) === undefined ? undefined : fields;
}

/** The most exact version that names the build (`17.0.9+9`, `1.8.0_392-b08`), as Java itself writes it. */
export function jvmVersion(fields: ReadonlyMap<string, string>): string | undefined {
  const java = known(fields.get('JAVA_VERSION'));
  const runtime = known(fields.get('JAVA_RUNTIME_VERSION'));
  if (java === undefined && runtime === undefined) return undefined;
  const full = known(fields.get('FULL_VERSION'));
  // some vendors put a version of their own there
  const isJavas = java !== undefined && full?.startsWith(java.split('_', 1)[0]!) === true;
  return runtime ?? (isJavas ? full : java);
}

/** Folders (without leading slash) of the Java runtimes among captured `release` files. */
export function findJvmRoots(files: readonly CapturedFile[]): ReadonlySet<string> {
  const roots = new Set<string>();
  for (const { entry, bytes } of files) {
    const folder = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')));
    if (folder !== '' && parseJvmRelease(bytes) !== undefined) roots.add(folder);
  }
  return roots;
}

/** The nearest of these folders that a file lies below. */
export function jvmRootOf(roots: ReadonlySet<string>, path: string): string | undefined {
  if (roots.size === 0) return undefined;
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const folder = path.slice(0, at);
    if (roots.has(folder)) return folder;
  }
  return undefined;
}

function known(text: string | undefined): string | undefined {
  return text !== undefined && VERSION.test(text) ? text : undefined;
}
