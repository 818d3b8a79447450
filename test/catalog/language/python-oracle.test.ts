import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pythonCataloger } from '../../../src/catalog/language/python.ts';
import { directoryFiles } from '../../support/directory-files.ts';
import { memoryView } from '../../support/memory-view.ts';

interface PipReport {
  readonly installed: readonly {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly requested?: boolean;
    readonly installer?: string;
    readonly direct_url?: unknown;
  }[];
}

const python = process.platform === 'win32' ? 'python' : 'python3';
const folder = mkdtempSync(join(tmpdir(), 'waybill-python-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const venv = join(folder, 'venv');
const run = (command: string, args: readonly string[]) => spawnSync(command, args, { encoding: 'utf8', cwd: folder });
// `pip inspect` came with pip 22.2
const made =
  run(python, ['-m', 'venv', venv]).status === 0 &&
  run(join(venv, 'bin', 'python'), ['-m', 'pip', 'inspect', '--local']).status === 0;

/** Records as other installers leave them; pip reads them all. */
function addRecords(site: string): void {
  const files: Readonly<Record<string, string>> = {
    'Old_Style-2.0.egg-info': 'Metadata-Version: 1.1\nName: Old-Style\nVersion: 2.0\n',
    'folder-3.0.egg-info/PKG-INFO': 'Metadata-Version: 1.1\nName: folder\nVersion: 3.0\n',
    'Upper.Case-4.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: Upper.Case\nVersion: 4.0\n\nName: not-me\n',
    'from_git-5.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: from-git\nVersion: 5.0\n',
    'from_git-5.0.dist-info/direct_url.json':
      '{"url":"https://example.com/x.git","vcs_info":{"vcs":"git","commit_id":"0123456789abcdef0123456789abcdef01234567"}}',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(site, path)), { recursive: true });
    writeFileSync(join(site, path), text);
  }
}

describe(
  'pythonCataloger equals pip inspect',
  { skip: !made && 'python3 with venv and pip inspect is not installed' },
  () => {
    it('on a virtual environment with records of every kind', () => {
      const tool = join(venv, 'bin', 'python');
      const site = run(tool, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).stdout.trim();
      addRecords(site);
      const report = JSON.parse(run(tool, ['-m', 'pip', 'inspect', '--local']).stdout) as PipReport;
      assert.ok(report.installed.length >= 5);
      const wanted = (path: string): boolean => /(?:\.(?:dist|egg)-info(?:\/[^/]*)?|pyvenv\.cfg)$/.test(path);
      const view = memoryView(directoryFiles(venv, wanted), { captures: pythonCataloger.captures });
      const { packages, diagnostics } = pythonCataloger.catalog({ view, distribution: undefined });
      assert.deepEqual(diagnostics, []);
      const own = packages.filter(({ properties }) => properties?.['pypi:vendored-by'] === undefined);
      assert.deepEqual(
        own
          .map(({ name, version, properties, qualifiers }) => ({
            name,
            version,
            installer: properties?.['pypi:installer'] ?? '',
            requested: properties?.['pypi:requested'] === 'true',
            direct: qualifiers !== undefined,
          }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        report.installed
          .map((item) => ({
            name: item.metadata.name,
            version: item.metadata.version,
            installer: item.installer ?? '',
            requested: item.requested ?? false,
            direct: item.direct_url !== undefined,
          }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      );
      const pip = own.find(({ name }) => name === 'pip');
      assert.ok((pip?.files?.length ?? 0) > 100);
      assert.ok(pip?.files?.includes('/bin/pip'));
    });
  },
);
