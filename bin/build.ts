// Builds what ships into dist/: one entry per command so that only the command that runs is loaded, the worker threads, and the manifest
// that lets oclif find commands without loading any.
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');
const output = resolve(root, 'dist');
const pjson = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };

/** Entry names (paths below dist without extension) to source files. */
function entries(): Record<string, string> {
  const found: Record<string, string> = { main: resolve(source, 'cli/main.ts') };
  for (const file of globSync('commands/**/*.ts', { cwd: source }))
    found[file.slice(0, -'.ts'.length)] = resolve(source, file);
  for (const file of globSync('**/*-worker.ts', { cwd: source })) {
    found[`workers/${basename(file, '.ts')}`] = resolve(source, file);
  }
  return found;
}

async function bundle(): Promise<void> {
  const build = await rolldown({
    input: entries(),
    cwd: root,
    platform: 'node',
    // the oldest Node of package.json's engines
    transform: { target: 'node22', define: { __WAYBILL_VERSION__: JSON.stringify(pjson.version) } },
    external: [/^node:/],
  });
  rmSync(output, { recursive: true, force: true });
  await build.write({
    dir: output,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    minify: { compress: true, mangle: false },
  });
  await build.close();
}

/** Writes oclif.manifest.json the way oclif's own packaging does: from the built commands. */
async function writeManifest(): Promise<void> {
  const manifestPath = resolve(root, 'oclif.manifest.json');
  rmSync(manifestPath, { force: true });
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync(manifestPath, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
}

await bundle();
await writeManifest();
