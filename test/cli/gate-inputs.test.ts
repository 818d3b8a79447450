import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

interface Decided {
  readonly verdict: string;
  readonly exitCode: number;
  readonly images: readonly {
    readonly reference: string;
    readonly digest: string | null;
    readonly verdict: string;
    readonly places?: readonly { readonly file: string; readonly line: number; readonly path: string }[];
    readonly checks: readonly { readonly check: string; readonly code: string; readonly outcome: string }[];
  }[];
}

describe('waybill gate check: inputs', () => {
  let bench: Bench;
  let registry: TestRegistry;
  let digest = '';
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('sign oci:images:app --key ours.key'), 0);
    for (const tag of ['app', 'changed'])
      ended(await bench.run(`copy oci:images:${tag} ${registry.host}/shop/${tag}:1`), 0);
    digest = String(
      parseResult('copy', ended(await bench.run(`copy oci:images:app ${registry.host}/shop/app:1 --json`), 0).stdout)[
        'digest'
      ],
    );
    write(
      'policy.yaml',
      `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: ours.pub } }
rules: [{ name: shop, images: ["${registry.host}/shop/**"], signatures: { by: [release] } }]
`,
    );
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const write = (name: string, text: string): void => writeFileSync(join(bench.path, name), text);
  const read = (name: string): string => readFileSync(join(bench.path, name), 'utf8');
  const decide = async (options: string, status: number): Promise<Decided> =>
    decisionOf(ended(await bench.run(`gate check ${options} --policy policy.yaml --json`), status));
  const decisionOf = ({ stdout }: Finished): Decided => parseResult('gate-check', stdout)['decision'] as Decided;
  const image = (name: string, suffix = ':1'): string => `${registry.host}/shop/${name}${suffix}`;
  const deployment = (...images: readonly string[]): string => `# what runs
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
${images.map((name) => `        - image: ${name} # ${name.length} characters`).join('\n')}
`;

  test('several images, and the same one only once', async () => {
    const requests = registry.requests.length;
    const { verdict, images } = await decide(`${image('app')} ${image('changed')} ${image('app')}`, 1);
    assert.equal(verdict, 'deny');
    assert.deepEqual(
      images.map(({ reference, verdict: each }) => [reference, each]),
      [
        [image('app'), 'allow'],
        [image('changed'), 'deny'],
      ],
    );
    const manifests = registry.requests.slice(requests).filter(({ path }) => path.endsWith('/shop/app/manifests/1'));
    assert.equal(manifests.length, 1);
  });

  test('--from-file: one per line, with comments and blanks; from stdin too', async () => {
    const list = `# images\r\n\r\n  ${image('app')}   # signed\n#${image('changed')}\n${image('app')}\n`;
    write('images.txt', list);
    assert.equal((await decide('--from-file images.txt', 0)).images.length, 1);
    const piped = await run(['--from-file', '-'], list);
    assert.equal(decisionOf(ended(piped, 0)).images.length, 1);
    write('empty.txt', '# nothing\n');
    failed(await bench.run('gate check --from-file empty.txt --policy policy.yaml'), 2, 'NO_IMAGES');
    failed(await bench.run('gate check --policy policy.yaml'), 2, 'NO_IMAGES');
    failed(await bench.run('gate check --from-file nope.txt --policy policy.yaml'), 6, 'FILE_NOT_FOUND');
    failed(await bench.run('gate check --from-file - -f - --policy policy.yaml'), 2, 'STDIN_TWICE');
  });

  test('-f finds the images of manifests and says where they stand; a tag alone is a failed check', async () => {
    write('deploy.yaml', deployment(image('app'), image('changed')));
    const { images } = await decide('-f deploy.yaml', 1);
    assert.deepEqual(
      images.map(({ reference, places }) => [
        reference,
        places?.map(({ file, line, path }) => `${file}:${line} ${path}`),
      ]),
      [
        [image('app'), ['deploy.yaml:8 spec.template.spec.containers[0].image']],
        [image('changed'), ['deploy.yaml:9 spec.template.spec.containers[1].image']],
      ],
    );
    assert.deepEqual(
      images[0]?.checks.map(({ code, outcome }) => `${outcome} ${code}`),
      ['fail IMAGE_NOT_PINNED'],
    );
    write('signed.yaml', deployment(image('app')));
    const allowed = await decide('-f signed.yaml --allow-unpinned', 0);
    assert.deepEqual([allowed.verdict, allowed.images[0]?.checks[0]?.outcome], ['warn', 'warn']);
    write('pinned.yaml', deployment(image('app', `:1@${digest}`)));
    const pinned = await decide('-f pinned.yaml', 0);
    assert.equal(pinned.verdict, 'allow');
    assert.ok(pinned.images[0]?.checks.some(({ code }) => code === 'IMAGE_PINNED'));
    const text = ended(await bench.run('gate check -f deploy.yaml --policy policy.yaml'), 1).stdout;
    assert.match(text, /^ {2}at deploy\.yaml:9:18 spec\.template\.spec\.containers\[1\]\.image$/m);
  });

  test('-f takes folders, stdin, compose files; one image in several places is collected once', async () => {
    mkdirSync(join(bench.path, 'k8s/below'), { recursive: true });
    write('k8s/a.yaml', deployment(image('app')));
    write(
      'k8s/b.json',
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ image: image('app') }] } }),
    );
    write('k8s/readme.md', 'no manifest');
    write('k8s/below/c.yaml', 'not read');
    const folder = await decide('-f k8s --allow-unpinned', 0);
    assert.deepEqual(
      folder.images.map(({ places }) => places?.map(({ file }) => file)),
      [['k8s/a.yaml', 'k8s/b.json']],
    );
    write('compose.yaml', `services:\n  web: { image: "${image('app')}" }\n`);
    assert.equal(
      (await decide('-f compose.yaml --allow-unpinned', 0)).images[0]?.places?.[0]?.path,
      'services.web.image',
    );
    const piped = await run(['-f', '-', '--allow-unpinned'], deployment(image('app')));
    assert.equal(decisionOf(ended(piped, 0)).images[0]?.places?.[0]?.file, '-');
    mkdirSync(join(bench.path, 'nothing'));
    failed(await bench.run('gate check -f nothing --policy policy.yaml'), 2, 'NO_IMAGES');
    write('map.yaml', 'apiVersion: v1\nkind: ConfigMap\n');
    failed(await bench.run('gate check -f map.yaml --policy policy.yaml'), 2, 'NO_IMAGES');
  });

  test('kinds that are not known and whatever hides images are refused with their places', async () => {
    write('crd.yaml', `${deployment(image('app'))}---\napiVersion: example.com/v1\nkind: Widget\n`);
    const { stderr } = failed(
      await bench.run('gate check -f crd.yaml --policy policy.yaml'),
      6,
      'DEPLOYMENT_KIND_UNKNOWN',
    );
    assert.match(stderr, /^error: crd\.yaml:11:7: the kind example\.com\/Widget is not known/);
    assert.match(stderr, /--allow-kind example\.com\/Widget/);
    await decide('-f crd.yaml --allow-kind example.com/Widget --allow-unpinned', 0);
    failed(
      await bench.run('gate check -f crd.yaml --allow-kind apps/Deployment --policy policy.yaml'),
      2,
      'DEPLOYMENT_KIND_INVALID',
    );
    write('two.yaml', 'services:\n  a: { build: . }\n  b: { image: "x:$TAG" }\n');
    const { stdout } = ended(await bench.run('gate check -f two.yaml --policy policy.yaml --json'), 6);
    const { error } = parseResult('error', stdout) as {
      error: { code: string; details: { problems: { code: string; line: number }[] } };
    };
    assert.deepEqual(
      error.details.problems.map(({ code, line }) => [code, line]),
      [
        ['DEPLOYMENT_BUILD_ONLY', 2],
        ['DEPLOYMENT_VARIABLE', 3],
      ],
    );
  });

  test('what looks like a file of this machine in a manifest is a name in a registry', async () => {
    write('local.yaml', deployment('oci:images'));
    // nobody is asked: the proxy refuses
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const { images } = decisionOf(
      ended(await bench.run('gate check -f local.yaml --policy policy.yaml --json', { env }), 1),
    );
    assert.equal(images[0]?.reference, 'docker://oci:images');
    assert.equal(images[0]?.digest, null);
  });

  test('--write-pins writes the digests of allowed images, keeps everything else, and nothing for denied ones', async () => {
    const before = deployment(image('app'), `"${image('app')}"`, image('changed'));
    write('write.yaml', before);
    chmodSync(join(bench.path, 'write.yaml'), 0o640);
    const { stdout } = ended(await bench.run('gate check -f write.yaml --write-pins --policy policy.yaml --json'), 1);
    const { pins } = parseResult('gate-check', stdout) as {
      pins: { written: { line: number; digest: string }[]; missing: { line: number; reason: string }[] };
    };
    assert.deepEqual(
      pins.written.map(({ line, digest: to }) => [line, to]),
      [
        [8, digest],
        [9, digest],
      ],
    );
    assert.deepEqual(
      pins.missing.map(({ line, reason }) => [line, reason]),
      [[10, 'it is denied']],
    );
    assert.equal(
      read('write.yaml'),
      before.replaceAll('/app:1 #', `/app:1@${digest} #`).replace('/app:1"', `/app:1@${digest}"`),
    );
    assert.equal(statSync(join(bench.path, 'write.yaml')).mode & 0o777, 0o640);
    write('write.yaml', deployment(image('app')));
    const text = ended(await bench.run('gate check -f write.yaml --write-pins --policy policy.yaml'), 0);
    assert.match(text.stderr, /^pinned write\.yaml:8 127[^ ]* to sha256:/m);
    assert.equal((await decide('-f write.yaml', 0)).verdict, 'allow');
    assert.ok(!readdirSync(bench.path).some((name) => name.includes('.tmp')));
    failed(await run(['-f', '-', '--write-pins'], deployment(image('app')), false), 2, 'PINS_NEED_FILES');
    failed(await bench.run(`gate check ${image('app')} --write-pins --policy policy.yaml`), 2, 'USAGE');
  });

  test('a replay of a run on manifests is the same decision, byte for byte', async () => {
    write('replay.yaml', deployment(image('app'), image('changed')));
    ended(
      await bench.run(
        'gate check -f replay.yaml --policy policy.yaml --evidence-out e.json --decision-out d.json -o json=o.json',
      ),
      1,
    );
    ended(await bench.run('gate replay e.json --policy policy.yaml -o json=r.json'), 1);
    assert.equal(read('r.json'), read('d.json'));
    assert.equal(read('o.json'), read('d.json'));
  });

  /** With something on standard input. */
  async function run(options: readonly string[], input: string, json = true): Promise<Finished> {
    const words = ['gate', 'check', '--policy', 'policy.yaml', ...options, ...(json ? ['--json'] : [])];
    const child = spawn(process.execPath, [...bench.argv, ...words], {
      cwd: bench.path,
      env: bench.env,
    });
    child.stdin.end(input);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { status, stdout, stderr };
  }
});

describe('waybill gate check: outputs', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    writeFileSync(
      join(bench.path, 'policy.yaml'),
      'apiVersion: waybill.dev/v1\nkind: Policy\nidentities: { release: { key: ours.pub } }\nrules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }]\n',
    );
  });
  after(() => bench[Symbol.asyncDispose]());
  const CHECK = 'gate check oci:images:app --as registry.example.com/app --policy policy.yaml';
  const read = (name: string): string => readFileSync(join(bench.path, name), 'utf8');

  test('files of every format beside the text on stdout', async () => {
    const outputs = ['text', 'json', 'sarif', 'junit', 'markdown', 'github'].map(
      (format) => `-o ${format}=out.${format}`,
    );
    const { stdout } = ended(await bench.run(`${CHECK} ${outputs.join(' ')}`), 1);
    assert.match(stdout, /^DENIED: 1 failed/);
    assert.match(read('out.text'), /^DENIED: 1 failed/);
    assert.equal((JSON.parse(read('out.json')) as { verdict: string }).verdict, 'deny');
    assert.equal((JSON.parse(read('out.sarif')) as { version: string }).version, '2.1.0');
    assert.match(read('out.junit'), /^<\?xml/);
    assert.match(read('out.markdown'), /^## ❌ DENIED/);
    assert.match(read('out.github'), /^::error title=signatures \[UNSIGNED\]::/);
    const report = parseResult('gate-check', ended(await bench.run(`${CHECK} --json -o sarif=out.sarif`), 1).stdout);
    assert.deepEqual(report['files'], ['out.sarif']);
  });

  test('one format takes the place of the text on stdout', async () => {
    for (const [format, start] of [
      ['sarif', /^\{\n {2}"\$schema"/],
      ['github', /^::error /],
      ['json', /^\{"apiVersion"/],
      ['json=-', /^\{"apiVersion"/],
    ] as const) {
      const { stdout } = ended(await bench.run(`${CHECK} -o ${format}`), 1);
      assert.match(stdout, start);
      assert.ok(!stdout.includes('DENIED: 1 failed\n\n'));
    }
  });

  test('outputs in conflict, of unknown formats or over inputs are exit 2 before anything is read', async () => {
    for (const [options, code] of [
      ['-o nope', 'OUTPUT_FORMAT_UNKNOWN'],
      ['-o sarif=', 'OUTPUT_FORMAT_UNKNOWN'],
      ['-o sarif -o junit', 'OUTPUT_CONFLICT'],
      ['-o sarif=- -o junit', 'OUTPUT_CONFLICT'],
      ['-o sarif=x -o junit=x', 'OUTPUT_CONFLICT'],
      ['-o sarif=policy.yaml', 'OUTPUT_CONFLICT'],
      ['-o sarif=ours.pub', 'OUTPUT_CONFLICT'],
    ] as const)
      failed(await bench.run(`${CHECK} ${options}`), 2, code);
    writeFileSync(join(bench.path, 'list.txt'), 'oci:images:app\n');
    failed(
      await bench.run('gate check --from-file list.txt --policy policy.yaml -o sarif=list.txt'),
      2,
      'OUTPUT_CONFLICT',
    );
    const { stdout } = ended(await bench.run(`${CHECK} --json -o sarif`), 2);
    assert.equal((parseResult('error', stdout) as { error: { code: string } }).error.code, 'OUTPUT_CONFLICT');
    ended(await bench.run(`${CHECK} --evidence-out e.json`), 1);
    failed(await bench.run('gate replay e.json --policy policy.yaml -o text=e.json'), 2, 'OUTPUT_CONFLICT');
  });

  test('a replay has the same outputs and says in each that it is one', async () => {
    ended(await bench.run(`${CHECK} --evidence-out e.json`), 1);
    const { stdout } = ended(
      await bench.run('gate replay e.json --policy policy.yaml -o markdown -o sarif=r.sarif'),
      1,
    );
    assert.match(stdout, /\*\*This is a replay of saved evidence/);
    assert.match(read('r.sarif'), /"replay": "This is a replay/);
  });
});
