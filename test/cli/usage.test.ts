import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { commandNames } from '../support/cli/command-surface.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';

describe('wrong use of a command', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench[Symbol.asyncDispose]());

  test('an unknown flag of every command is exit 2 and names the command', async () => {
    for (const name of await commandNames()) {
      const { stderr } = failed(await bench.run(`${name} --no-such-flag`), 2, 'USAGE');
      assert.match(stderr, new RegExp(`^error: waybill ${name} has no flag --no-such-flag `));
      assert.match(stderr, new RegExp(`hint: see waybill ${name} --help$`, 'm'));
    }
  });

  test('help of every command is exit 0 and shows an example', async () => {
    for (const name of await commandNames())
      assert.match(ended(await bench.run(`${name} --help`), 0).stdout, new RegExp(`EXAMPLES\n {2}\\$ waybill ${name}`));
  });

  test('a mistyped flag gets a suggestion', async () => {
    for (const [command, meant] of [
      ['sbom create x --platfrom linux/amd64', 'platform'],
      ['sbom create x --outptu table', 'output'],
      ['sbom create x --no-cahce', 'no-cache'],
      ['verify x --insecure-ignore-tlgo', 'insecure-ignore-tlog'],
      ['gate check x --polcy p', 'policy'],
    ] as const)
      assert.match(failed(await bench.run(command), 2, 'USAGE').stderr, new RegExp(`hint: did you mean --${meant}\\?`));
  });

  test('missing, surplus and malformed words are named on one line', async () => {
    for (const [command, message] of [
      ['sbom create', 'IMAGE is missing'],
      ['sign --key k', 'IMAGE is missing'],
      ['gate replay --policy p', 'EVIDENCE is missing'],
      ['policy lint', 'no policy file is given'],
      ['sbom create a b', 'Unexpected argument: b'],
      ['sbom catalogers surplus', 'Unexpected argument: surplus'],
      ['key generate surplus words', 'Unexpected argument: surplus'],
      ['verify x', 'who must have signed is missing'],
      ['gate check x', '--policy is missing'],
      ['attest x --key k', '--predicate is missing; --type is missing'],
      ['sbom create x --output', 'Flag --output expects a value'],
      ['gate check x --policy p --timeout abc', '--timeout: Expected an integer but received: abc'],
      ['verify x --key k --threshold 0', '--threshold: Expected an integer greater than or equal to 1 but received: 0'],
      ['sign x --key k -a novalue', '--annotation "novalue" is not KEY=VALUE'],
      ['sign x --key k -a a=1 -a a=2', '--annotation gives "a" twice'],
    ] as const) {
      const { stderr } = failed(await bench.run(command), 2, 'USAGE');
      assert.ok(stderr.startsWith(`error: ${message}`), stderr);
      assert.ok(stderr.trimEnd().split('\n').length <= 2, stderr);
    }
  });

  test('under --json every error is JSON of its schema on stdout, with the same exit code and nothing on stderr', async () => {
    for (const [command, exitCode, code] of [
      ['sbom create --json', 2, 'USAGE'],
      ['sbom create x --json --nope', 2, 'USAGE'],
      ['nonsense --json', 2, 'USAGE'],
      ['sbom crate --json', 2, 'USAGE'],
      ['policy lint nope.yaml --json', 6, 'FILE_NOT_FOUND'],
      ['sbom create oci:nowhere --json', 6, 'STORE_NOT_FOUND'],
      ['tree 127.0.0.1:1/x:1 --json', 4, 'REGISTRY_UNREACHABLE'],
    ] as const) {
      const { stdout, stderr } = ended(await bench.run(command), exitCode);
      const { error } = parseResult('error', stdout) as { error: { code: string; exitCode: number } };
      assert.deepEqual([error.code, error.exitCode, stderr], [code, exitCode, ''], command);
    }
  });

  test('hostile arguments come back without escape sequences', async () => {
    const hostile = 'oci:\u001b[31mred\u001b]0;title\u0007\u202edir\u009b2J';
    for (const args of [
      ['sbom', 'create', hostile],
      ['sbom', 'create', hostile, '--json'],
      [hostile],
      ['sbom', 'create', 'x', `--${hostile}`],
      ['policy', 'lint', hostile],
    ]) {
      const { stdout, stderr, status } = await bench.run(args);
      assert.ok(status === 2 || status === 6, String(status));
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });
});
