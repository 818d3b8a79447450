import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../../..');
const CACHE = join(ROOT, 'node_modules/.cache/waybill-test');
const HOUR_MS = 3_600_000;

/** Folder of a package built from the sources as they are now, by the real build. Made once for every state of the sources, whatever test file asks first. */
export async function builtPackage(): Promise<string> {
  const folder = join(CACHE, sourcesDigest());
  if (existsSync(folder)) return folder;
  removeOld();
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  await promisify(execFile)(process.execPath, [join(ROOT, 'bin/build.ts'), '--into', scratch], { cwd: ROOT });
  try {
    renameSync(scratch, folder);
  } catch (error) {
    // another test file was quicker
    rmSync(scratch, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const file of globSync(['src/**/*.{ts,js,json}', 'bin/*', 'schemas/*.json', 'package.json'], {
    cwd: ROOT,
  }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 32);
}

function removeOld(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > HOUR_MS) rmSync(path, { recursive: true, force: true });
  }
}
