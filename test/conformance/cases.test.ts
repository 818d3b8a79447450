import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { builtPackage } from '../support/cli/built-package.ts';
import { ISSUER, SAN } from '../verification/support/world.ts';
import { conformanceCases, type Case } from './cases.ts';

const CLIENT = join(import.meta.dirname, 'client');
const CASES = conformanceCases();

describe('the conformance client on cases of our own', { concurrency: 2 }, () => {
  let folder: TemporaryDirectory;
  let entry = '';
  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    entry = join(await builtPackage(), 'bin/run.js');
  });
  after(() => folder[Symbol.asyncDispose]());

  for (const [index, one] of CASES.entries()) {
    test(`${one.kind}: ${one.about}: ${one.name}`, async () => {
      const files = writeCase(one, (name) => join(folder.path, `${index}.${name}`));
      const env = { PATH: process.env['PATH'], HOME: folder.path, WAYBILL_CACHE_DIR: join(folder.path, 'cache') };
      const status = await run(files, { ...env, WAYBILL_ENTRY: entry });
      assert.equal(status, one.kind === 'accepted' ? 0 : (one.exit ?? 1));
    });
  }

  test('they are many, each once', () => {
    const count = (kind: Case['kind']): number => CASES.filter((one) => one.kind === kind).length;
    assert.ok(count('accepted') >= 24 && count('refused') >= 86, `${count('accepted')} and ${count('refused')}`);
    assert.equal(new Set(CASES.map(({ kind, about, name }) => `${kind} ${about} ${name}`)).size, CASES.length);
  });
});

/** The client's arguments, in the order of the protocol. */
function writeCase(one: Case, path: (name: string) => string): readonly string[] {
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(path(name), content);
    return path(name);
  };
  const { identity = SAN, issuer = ISSUER } = one;
  const who =
    one.key === undefined
      ? ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer]
      : ['--key', write('pub', one.key)];
  const artifact = typeof one.artifact === 'string' ? one.artifact : write('file', one.artifact);
  return [
    'verify-bundle',
    '--bundle',
    write('json', one.bundle),
    ...who,
    '--trusted-root',
    write('root', one.root),
    artifact,
  ];
}

function run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number | null> {
  const child = spawn(CLIENT, args, { env, stdio: 'ignore', timeout: 60_000 });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}
