// Builds what ships into dist/: one entry per command so that only the command that runs is loaded, the library, the worker threads, type
// declarations, and the manifest that lets oclif find commands without loading any. `--into DIR` makes a whole package elsewhere, for tests.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { rolldown, type Plugin } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');
const { into } = parseArgs({ options: { into: { type: 'string' } } }).values;
const target = into === undefined ? root : resolve(into);
const output = resolve(target, 'dist');
const pjson = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };

/** Entry names (paths below dist without extension) to source files. */
function entries(): Record<string, string> {
  const found: Record<string, string> = {
    main: resolve(source, 'cli/main.ts'),
    index: resolve(source, 'index.ts'),
  };
  for (const file of globSync('commands/**/*.ts', { cwd: source }))
    found[file.slice(0, -'.ts'.length)] = resolve(source, file);
  for (const file of globSync('**/*-worker.ts', { cwd: source })) {
    found[`workers/${basename(file, '.ts')}`] = resolve(source, file);
  }
  return found;
}

/**
 * `node:http` as modules import it, without what importing it costs: Node then evaluates all of its exports, WebSocket and with it all of undici among them,
 * which takes ten times as long as HTTP itself. Other names than these are missing, which shows at build time.
 */
const lightHttp: Plugin = {
  name: 'light-http',
  resolveId: (source, _importer, { kind }) =>
    source === 'node:http' && kind !== 'require-call' ? '\0light-http' : undefined,
  load: (id) =>
    id === '\0light-http'
      ? `const http = process.getBuiltinModule('node:http');
         export default http;
         export const { Agent, createServer, request } = http;`
      : undefined,
};

/** SHA-256 over names and contents of everything in the source folder, and what it is built with. */
function digestOfSources(): string {
  const digest = createHash('sha256');
  const files = globSync('**/*.ts', { cwd: source }).map((file) => file.replaceAll('\\', '/'));
  for (const file of files.toSorted())
    digest
      .update(`${file}\n`)
      .update(readFileSync(join(source, file)))
      .update('\n');
  return digest.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

async function bundle(): Promise<void> {
  const build = await rolldown({
    input: entries(),
    cwd: root,
    platform: 'node',
    // the oldest Node of package.json's engines
    transform: {
      target: 'node22',
      define: {
        __WAYBILL_VERSION__: JSON.stringify(pjson.version),
        __WAYBILL_SOURCES__: JSON.stringify(digestOfSources()),
      },
    },
    // an optional plug-in of the CycloneDX library, whose XML serialiser is not used; what stands in for the web streams that every supported Node has
    external: [/^node:(?!http$)/, 'xmlbuilder2', /^web-streams-polyfill\b/],
    plugins: [lightHttp],
  });
  await build.write({
    dir: output,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    minify: { compress: true, mangle: false },
  });
  await build.close();
}

/** Runs the compiler for declarations of everything that the library's entry leads to. */
async function emitDeclarations(directory: string): Promise<void> {
  const project = join(directory, 'tsconfig.json');
  const settings = {
    extends: resolve(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: source,
      outDir: join(directory, 'types'),
      typeRoots: [resolve(root, 'node_modules/@types')],
    },
    include: [resolve(source, 'index.ts'), resolve(source, '**/*.d.ts')],
  };
  writeFileSync(project, JSON.stringify(settings));
  await promisify(execFile)(process.execPath, [resolve(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
}

const RELATIVE_IMPORT = /(from '|import\(")(\.[^'"]+)\.[jt]s(?=['"])/g;

/** Copies the declarations that the entry reaches, with the file names that ship in their imports. */
function collectDeclarations(types: string): void {
  const pending = ['index.d.ts'];
  const seen = new Set(pending);
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    // declarations of generated code are sources: the compiler writes none
    const written = join(types, file);
    const text = readFileSync(existsSync(written) ? written : join(source, file), 'utf8').replaceAll(
      RELATIVE_IMPORT,
      (_all, before: string, path: string) => {
        const imported = join(dirname(file), `${path}.d.ts`);
        if (!seen.has(imported)) pending.push(imported);
        seen.add(imported);
        return `${before}${path}.js`;
      },
    );
    const destination = join(output, 'types', file);
    mkdirSync(dirname(destination), { recursive: true });
    writeFileSync(destination, text);
  }
  writeFileSync(join(output, 'index.d.ts'), "export * from './types/index.js';\n");
}

/** Writes oclif.manifest.json the way oclif's own packaging does: from the built commands. */
async function writeManifest(): Promise<void> {
  const manifestPath = resolve(target, 'oclif.manifest.json');
  rmSync(manifestPath, { force: true });
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root: target, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  writeFileSync(manifestPath, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`);
}

const scratch = mkdtempSync(join(tmpdir(), 'waybill-build-'));
try {
  rmSync(output, { recursive: true, force: true });
  if (target !== root) {
    for (const file of ['package.json', 'bin/run.js', 'schemas'])
      cpSync(join(root, file), join(target, file), { recursive: true });
  }
  await Promise.all([bundle(), emitDeclarations(scratch)]);
  collectDeclarations(join(scratch, 'types'));
  // example policies, as sources and compiled
  cpSync(resolve(source, 'policy/rego/examples'), resolve(output, 'rego'), { recursive: true });
  await writeManifest();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
