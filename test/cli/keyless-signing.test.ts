import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { signingConfigOf } from '../signing/support/signing-config.ts';
import { startSigstore, type Fault, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenParts, tokenWith } from '../signing/support/tokens.ts';
import { ended, failed, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { TufRepository } from '../support/tuf-repository.ts';
import { serveTuf } from '../support/tuf-server.ts';

const WHO = `--certificate-identity ${CLAIMS.sub} --certificate-oidc-issuer ${CLAIMS.iss} --trusted-root root.json`;
const TOKEN = tokenWith();

describe('signing with an identity', () => {
  let bench: Bench;
  let sigstore: FakeSigstore;
  let fault: Partial<Record<'fulcio' | 'rekor1', Fault>> = {};
  /** Flags that name the services of this test. */
  let services = '';

  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    sigstore = await startSigstore({
      fulcio: (request, index) => fault.fulcio?.(request, index),
      rekor1: (request, index) => fault.rekor1?.(request, index),
    });
    services = `--fulcio-url ${sigstore.fulcio.url} --rekor-url ${sigstore.rekor1.url} --trusted-root root.json`;
    writeFileSync(join(bench.path, 'root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    writeFileSync(join(bench.path, 'token'), `${TOKEN}\n`);
    writeFileSync(join(bench.path, 'file.txt'), 'a file');
    writeFileSync(join(bench.path, 'other.txt'), 'another file');
    writeFileSync(join(bench.path, 'predicate.json'), '{"answer": 42}\n');
    writeFileSync(join(bench.path, 'signing-config.json'), JSON.stringify(signingConfigOf(sigstore)));
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const run = async (command: string, env: Readonly<Record<string, string>> = {}): Promise<Finished> => {
    const finished = await bench.run(command, { env });
    for (const part of tokenParts(TOKEN)) {
      assert.ok(!`${finished.stdout}${finished.stderr}`.includes(part), 'a part of the token is shown');
    }
    return finished;
  };

  test('sign says who signed, by which provider, and where it is logged; verify accepts it', async () => {
    const { stdout } = ended(await run(`sign oci:images:base --identity-token token ${services} --json`), 0);
    const signed = parseResult('sign', stdout);
    assert.deepEqual(
      [signed['identity'], signed['issuer'], signed['provider']],
      [CLAIMS.sub, CLAIMS.iss, 'the file token'],
    );
    const [log] = signed['logs'] as { index: string; operator: string }[];
    assert.match(log?.index ?? '', /^\d+$/);
    assert.ok(log?.operator.startsWith(sigstore.rekor1.url));
    assert.equal((signed['times'] as { source: string }[])[0]?.source, 'log');
    const { stdout: verified } = ended(await run(`verify oci:images:base ${WHO} --json`), 0);
    const [accepted] = parseResult('verify', verified)['accepted'] as { bundle: string; logVerified: boolean }[];
    assert.deepEqual([accepted?.bundle, accepted?.logVerified], [signed['bundle'], true]);
  });

  test('the text names identity, issuer, provider and log; a token of the environment is found', async () => {
    const { stdout } = ended(await run(`sign oci:images:base ${services}`, { SIGSTORE_ID_TOKEN: TOKEN }), 0);
    assert.ok(stdout.includes(`signer    ${CLAIMS.sub}\nissuer    ${CLAIMS.iss}\nidentity  from the variable`));
    assert.match(stdout, /^log +index \d+ of http:\/\/127\.0\.0\.1/m);
  });

  test('--recursive signs every platform and the index with one identity', async () => {
    const before = sigstore.fulcio.requests.length;
    const command = `sign oci:images:multi -r --identity-token token ${services} --json`;
    const result = parseResult('sign', ended(await run(command), 0).stdout);
    const platforms = result['platforms'] as { platform: string; subject: string }[];
    assert.deepEqual(
      platforms.map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    );
    assert.equal(sigstore.fulcio.requests.length, before + 1);
    ended(await run(`verify oci:images:multi ${WHO}`), 0);
    for (const { platform } of platforms) ended(await run(`verify oci:images:multi --platform ${platform} ${WHO}`), 0);
    failed(await run(`sign oci:images:multi -r --bundle b.json --identity-token token ${services}`), 2, 'USAGE');
  });

  test('--no-upload with --bundle attaches nothing; without --bundle it is refused', async () => {
    const command = `sign oci:images:changed --no-upload --identity-token token ${services}`;
    const result = parseResult('sign', ended(await run(`${command} --bundle image.json --json`), 0).stdout);
    assert.equal(result['referrer'], undefined);
    assert.match(readFileSync(join(bench.path, 'image.json'), 'utf8'), /sigstore\.bundle\.v0\.3\+json/);
    const { stdout } = ended(await run(`verify oci:images:changed ${WHO} --json`), 1);
    assert.equal(parseResult('verify', stdout)['code'], 'UNSIGNED');
    ended(await run(`blob verify ${String(result['subject'])} --bundle image.json ${WHO}`), 0);
    failed(await run(command), 2, 'USAGE');
  });

  test('attest embeds a predicate, release skips what this identity attached', async () => {
    const type = 'https://example.com/answer';
    const command = `attest oci:images:app --type ${type} --predicate predicate.json --identity-token token ${services} --json`;
    assert.equal(parseResult('attest', ended(await run(command), 0).stdout)['identity'], CLAIMS.sub);
    ended(await run(`verify oci:images:app --type ${type} ${WHO}`), 0);
    const outcomes = async (): Promise<readonly string[]> => {
      const { stdout } = ended(await run(`release oci:images:app --identity-token token ${services} --json`), 0);
      const result = parseResult('release', stdout);
      assert.equal(result['identity'], CLAIMS.sub);
      return (result['steps'] as { outcome: string }[]).map(({ outcome }) => outcome);
    };
    // as a platform of another test's index it may be signed already
    assert.equal((await outcomes())[0], 'made');
    assert.deepEqual(await outcomes(), ['present', 'present']);
  });

  test('blob sign: several files share one identity; blob verify accepts each', async () => {
    const before = sigstore.fulcio.requests.length;
    const { stdout } = ended(await run(`blob sign file.txt other.txt --identity-token token ${services} --json`), 0);
    const files = parseResult('blob-sign', stdout)['files'] as { file: string; bundleFile: string }[];
    assert.equal(sigstore.fulcio.requests.length, before + 1);
    for (const { file, bundleFile } of files) ended(await run(`blob verify ${file} --bundle ${bundleFile} ${WHO}`), 0);
    ended(await run(`blob verify file.txt --bundle other.txt.sigstore.json ${WHO}`), 1);
    for (const bundle of ['all.json', 'file.txt', 'token'])
      failed(
        await run(`blob sign file.txt other.txt --bundle ${bundle} --identity-token token ${services}`),
        2,
        'USAGE',
      );
    assert.equal(readFileSync(join(bench.path, 'file.txt'), 'utf8'), 'a file');
  });

  test('blob attest: one statement about several files, or one that is ready', async () => {
    const command = `blob attest file.txt other.txt --type custom --predicate predicate.json --bundle both.json`;
    const { stdout } = ended(await run(`${command} --identity-token token ${services} --json`), 0);
    const { subjects } = parseResult('blob-attest', stdout) as { subjects: { name: string }[] };
    assert.deepEqual(
      subjects.map(({ name }) => name),
      ['file.txt', 'other.txt'],
    );
    for (const file of ['file.txt', 'other.txt'])
      ended(await run(`blob verify ${file} --bundle both.json --type custom ${WHO}`), 0);
    failed(await run(`blob attest file.txt --bundle x.json --key ours.key`), 2, 'USAGE');
    failed(await run(`blob attest file.txt --statement predicate.json --bundle x.json --key ours.key`), 2, 'USAGE');
  });

  test('a key is logged only where that is asked for', async () => {
    const before = sigstore.rekor1.requests.length;
    const quiet = ended(await run('blob sign file.txt --key ours.key --bundle key.json --json'), 0);
    assert.deepEqual((parseResult('blob-sign', quiet.stdout)['files'] as { logs: unknown[] }[])[0]?.logs, []);
    assert.equal(sigstore.rekor1.requests.length, before);
    ended(await run('blob verify file.txt --bundle key.json --key ours.pub --insecure-ignore-tlog'), 0);
    const log = `--rekor-url ${sigstore.rekor1.url} --trusted-root root.json`;
    ended(await run(`blob sign file.txt --key ours.key --bundle logged.json ${log}`), 0);
    ended(await run('blob verify file.txt --bundle logged.json --key ours.pub --trusted-root root.json'), 0);
    ended(
      await run(`sign oci:images:empty --key ours.key --signing-config signing-config.json --trusted-root root.json`),
      0,
    );
    ended(await run('verify oci:images:empty --key ours.pub --trusted-root root.json'), 0);
    failed(await run(`sign oci:images:empty --key ours.key --identity-token token`), 2, 'USAGE');
  });

  test('services of a signing configuration; one beside URLs is refused', async () => {
    const config = '--signing-config signing-config.json --trusted-root root.json';
    ended(await run(`blob sign file.txt --identity-token token --bundle config.json ${config}`), 0);
    ended(await run(`blob verify file.txt --bundle config.json ${WHO}`), 0);
    failed(await run(`blob sign file.txt --identity-token token --bundle x.json ${config} ${services}`), 2, 'USAGE');
  });

  test('without flags for services, the TUF repository names them and says whom to trust', async () => {
    const repository = new TufRepository({ now: new Date() });
    const json = (name: string): Buffer => readFileSync(join(bench.path, name));
    repository.targets.set('trusted_root.json', json('root.json'));
    repository.targets.set('signing_config.v0.2.json', json('signing-config.json'));
    repository.publish();
    await using server = await serveTuf(repository);
    writeFileSync(join(bench.path, 'tuf-root.json'), repository.firstRoot);
    const tuf = `--tuf-mirror ${server.url} --tuf-root tuf-root.json`;
    ended(await run(`blob sign file.txt --identity-token token --bundle tuf.json ${tuf}`), 0);
    ended(await run(`blob verify file.txt --bundle tuf.json ${WHO}`), 0);
    const log = `--rekor-url ${sigstore.rekor1.url} ${tuf}`;
    ended(await run(`blob sign file.txt --key ours.key --bundle tuf-key.json ${log}`), 0);
    // a version that this log does not speak, and flags that are nothing without others
    ended(await run(`blob sign file.txt --key ours.key --bundle w.json --rekor-version 2 ${log}`), 4);
    for (const flags of [
      '--rekor-version 2',
      '--certificate-chain x',
      '--oidc-flow device',
      '--fulcio-url https://x.test',
    ])
      failed(await run(`blob sign file.txt --key ours.key ${flags}`), 2, 'USAGE');
  });

  test('tokens that cannot be used: exit 5, nothing is sent; no identity and no terminal: exit 5, at once', async () => {
    const before = sigstore.fulcio.requests.length;
    const sign = (token: string) => run(`blob sign file.txt --bundle x.json ${services} --identity-token ${token}`);
    failed(await sign(tokenWith({ exp: 1000 })), 5, 'IDENTITY_TOKEN_EXPIRED');
    failed(await sign(tokenWith({ aud: 'somebody' })), 5, 'IDENTITY_TOKEN_AUDIENCE');
    failed(await sign('eyJnonsense'), 5, 'IDENTITY_TOKEN_MALFORMED');
    failed(await sign('no-such-file'), 6, 'FILE_NOT_FOUND');
    failed(await run(`blob sign file.txt --bundle x.json ${services}`), 5, 'IDENTITY_NOT_FOUND');
    failed(await run(`blob sign file.txt ${services} --identity-provider interactive`), 2, 'USAGE');
    failed(await run(`blob sign file.txt ${services} --identity-provider nobody`), 2, 'IDENTITY_PROVIDER_UNKNOWN');
    assert.equal(sigstore.fulcio.requests.length, before);
    assert.ok(!existsSync(join(bench.path, 'x.json')));
  });

  test('a token comes over standard input, and is never taken for a file or an image', async () => {
    const pipe = (command: string): Promise<Finished> =>
      piped(bench, `${command} ${services} --identity-token -`, TOKEN);
    ended(await pipe('blob sign file.txt --bundle piped.json'), 0);
    ended(await run(`blob verify file.txt --bundle piped.json ${WHO}`), 0);
    for (const command of ['sign', 'blob sign', 'blob attest --bundle x.json']) {
      const { stdout, stderr } = ended(await pipe(command), 2);
      for (const part of tokenParts(TOKEN))
        assert.ok(!`${stdout}${stderr}`.includes(part), 'a part of the token is shown');
    }
  });

  test('a service that fails is exit 4, one that refuses the token 5; nothing is attached or written', async (context) => {
    context.after(() => {
      fault = {};
    });
    const command = `sign oci:images:changed --identity-token token ${services} --bundle y.json`;
    // what a service repeats of the token is not shown either: `run` looks
    fault = { fulcio: () => ({ status: 401, body: JSON.stringify({ message: `bad token ${TOKEN}` }) }) };
    failed(await run(command), 5, 'SERVICE_UNAUTHORIZED');
    fault = { rekor1: () => ({ status: 400, body: '{"message":"no"}' }) };
    failed(await run(command), 4, 'SERVICE_REFUSED');
    const down = `--fulcio-url http://127.0.0.1:1 --rekor-url ${sigstore.rekor1.url} --trusted-root root.json`;
    ended(await run(`sign oci:images:changed --identity-token token ${down}`), 4);
    const { stdout } = ended(await run(`verify oci:images:changed ${WHO} --json`), 1);
    assert.equal(parseResult('verify', stdout)['code'], 'UNSIGNED');
    assert.ok(!existsSync(join(bench.path, 'y.json')));
  });

  test('what does not verify with the trusted root is not attached', async () => {
    await using other = await startSigstore();
    writeFileSync(join(bench.path, 'foreign.json'), JSON.stringify(TrustedRoot.toJSON(other.trustedRoot)));
    const foreign = services.replace('root.json', 'foreign.json');
    const { stderr } = failed(
      await run(`sign oci:images:changed --identity-token token ${foreign} --bundle z.json`),
      4,
      'SELF_VERIFICATION_FAILED',
    );
    assert.match(stderr, /CERTIFICATE_UNTRUSTED/);
    assert.ok(!existsSync(join(bench.path, 'z.json')));
    ended(await run(`verify oci:images:changed ${WHO}`), 1);
  });
});

/** Runs a command with this on its standard input. */
async function piped({ argv, env, path }: Bench, command: string, input: string): Promise<Finished> {
  const child = spawn(process.execPath, [...argv, ...command.split(' ')], { cwd: path, env, timeout: 60_000 });
  child.stdin.end(input);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray());
  const status = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  return { status, stdout: ((await stdout) ?? []).join(''), stderr: ((await stderr) ?? []).join('') };
}
