import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { builtPackage } from '../support/cli/built-package.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

const PROGRAM = `import { AppError, createRuntime, createSboms, ExitCode, signImage, verifyImage, writeCycloneDx } from 'waybill';
import type { VerifyImageResult } from 'waybill';

const controller = new AbortController();
const runtime = createRuntime({ signal: controller.signal });
const { platforms: [sbom] } = await createSboms({ image: 'oci:images:app', access: {}, allowEmpty: false, strict: false }, runtime);
if (sbom === undefined) throw new Error('no SBOM');
const bytes: Uint8Array = await writeCycloneDx(sbom.document, { format: 'json', specVersion: '1.6' });
const names: readonly string[] = sbom.document.components.map((component) => component.name);
let code = '';
try {
  await createSboms({ image: 'oci:nowhere', access: {}, allowEmpty: false, strict: false }, runtime);
} catch (error) {
  if (error instanceof AppError && error.exitCode === ExitCode.Input) code = error.code;
}
const verify = (result: VerifyImageResult): string => result.code;
console.log(JSON.stringify({ packages: sbom.packages, bytes: bytes.byteLength, names, code, functions: [typeof signImage, typeof verifyImage, typeof verify] }));
`;

describe('the built library', () => {
  let folder: TemporaryDirectory;
  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    const modules = join(folder.path, 'node_modules');
    mkdirSync(modules);
    symlinkSync(await builtPackage(), join(modules, 'waybill'));
    await makeSampleImages(folder.path);
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "module", "private": true }\n');
    writeFileSync(join(folder.path, 'main.ts'), PROGRAM);
  });
  after(() => folder[Symbol.asyncDispose]());

  test('a project imports it by name and creates an SBOM', async () => {
    const { stdout, stderr } = await run(process.execPath, ['main.ts'], { cwd: folder.path });
    assert.equal(stderr, '');
    const result = JSON.parse(stdout) as {
      packages: number;
      bytes: number;
      names: string[];
      code: string;
      functions: string[];
    };
    assert.equal(result.packages, 3);
    assert.ok(result.names.includes('left-pad'));
    assert.ok(result.bytes > 1000);
    assert.equal(result.code, 'STORE_NOT_FOUND');
    assert.deepEqual(result.functions, ['function', 'function', 'function']);
  });

  test('its declarations type-check in that project, and catch a mistake', async () => {
    const settings = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2024', 'esnext.disposable'],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: ['main.ts', 'mistake.ts'],
    };
    writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify(settings));
    writeFileSync(
      join(folder.path, 'mistake.ts'),
      "import { createRuntime, verifyImage } from 'waybill';\n// @ts-expect-error no key files\nawait verifyImage({ image: 'x' }, createRuntime());\n",
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', folder.path]).catch((error: { stdout?: string }) =>
      assert.fail(error.stdout),
    );
  });

  test('the package holds what package.json says it holds', async () => {
    const root = await builtPackage();
    for (const file of ['bin/run.js', 'dist/index.js', 'dist/index.d.ts', 'oclif.manifest.json', 'schemas'])
      assert.ok(existsSync(join(root, file)), file);
  });
});
