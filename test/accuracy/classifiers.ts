/**
 * Classifiers against Debian: downloads the packages of `classifier-packages.json`, unpacks them without installing, and compares every version that is
 * found with the upstream part of the package's. Needs apt-get and dpkg-deb. `node test/accuracy/classifiers.ts [FOLDER]` keeps the packages in a folder.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { classifyFiles, isCandidate } from '../support/classify-files.ts';
import expectations from './classifier-packages.json' with { type: 'json' };

interface Finding {
  readonly package: string;
  readonly packaged: string;
  readonly classifier: string;
  readonly version: string;
  readonly path: string;
  readonly agrees: boolean;
}

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'waybill-classifiers-'));
try {
  process.exitCode = report(Object.entries(expectations).flatMap(([name, ids]) => check(name, ids)));
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}

/** What is found in one package, and what was expected but not found, with an empty version. */
function check(name: string, ids: readonly string[]): readonly Finding[] {
  const archive = download(name);
  const packaged = upstream(run('dpkg-deb', ['-f', archive, 'Version']).trim());
  const root = join(folder, 'root', name);
  mkdirSync(root, { recursive: true });
  run('dpkg-deb', ['-x', archive, root]);
  const files = new Map(
    globSync('**/*', { cwd: root, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(root, path), path] as const)
      .filter(([path]) => isCandidate(path)),
  );
  const found = classifyFiles(files).packages.map((item): Finding => {
    const version = (item.version ?? '').replace(/^v/, '');
    const unsure = item.properties?.['generic:otherVersions'] !== undefined;
    return {
      package: name,
      packaged,
      classifier: item.properties?.['generic:classifier'] ?? '',
      version,
      path: item.locations[0]?.path ?? '',
      agrees: !unsure && begins(packaged, version),
    };
  });
  const missing = ids
    .filter((id) => !found.some(({ classifier }) => classifier === id))
    .map((classifier) => ({ package: name, packaged, classifier, version: '', path: '', agrees: false }));
  return [...found, ...missing];
}

function download(name: string): string {
  const cache = join(folder, 'debs');
  mkdirSync(cache, { recursive: true });
  const archive = (): string | undefined => readdirSync(cache).find((file) => file.startsWith(`${name}_`));
  if (archive() === undefined) run('apt-get', ['download', '-q', name], cache);
  return join(cache, archive() ?? name);
}

/** Without epoch, revision and what Debian adds; `1.20.5+really1.20.2` is 1.20.2. */
function upstream(version: string): string {
  return version
    .replace(/^\d+:/, '')
    .replace(/^.*really/, '')
    .replace(/-[^-]*$/, '')
    .replaceAll('~', '-');
}

/** Whether one version is the other's but for what Debian adds; in either spelling of patch levels (`6.9.11-60`, `6.9.11.60`). */
function begins(packaged: string, version: string): boolean {
  const [long, short] = [packaged, version].map((text) => text.replaceAll('-', '.'));
  return version !== '' && long!.startsWith(short!) && !/^(?:\d|\.\d{1,7}(?!\d))/.test(long!.slice(short!.length));
}

function run(command: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function report(findings: readonly Finding[]): number {
  for (const finding of findings.filter(({ agrees }) => !agrees)) console.log(JSON.stringify(finding));
  const good = findings.filter(({ agrees }) => agrees);
  const found = findings.filter(({ version }) => version !== '');
  console.log(`programs: ${new Set(good.map(({ classifier }) => classifier)).size}`);
  console.log(`precision: ${good.length} of ${found.length}`);
  console.log(`recall: ${found.length} of ${findings.length}`);
  return good.length === findings.length ? 0 : 1;
}
