import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import { buildImage, evidenceView, fakeDigest, policyOf, type ImageFacts } from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const image = buildImage({ diffIds: [fakeDigest('layer')] });

interface Setup {
  readonly rules: string;
  readonly facts?: Partial<ImageFacts>;
}

async function judge({ rules, facts }: Setup): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
rules:
  ${rules}
`;
  return decide(evidenceView({ images: [image], ...facts }), await policyOf(yaml), { now: NOW });
}

function results(decision: Decision): readonly CheckResult[] {
  return decision.images.flatMap(allResults);
}

function codes(decision: Decision): readonly string[] {
  return results(decision).map((result) => `${result.outcome} ${result.code}`);
}

describe('components', () => {
  const component = (purl: string, licenses: readonly string[] = []) => ({
    key: purl,
    type: 'library',
    name: purl,
    purl,
    licenses,
    locations: ['0 /srv/app/package.json'],
    dependsOn: [],
  });
  const scan = (purls: readonly string[], licenses: readonly string[] = []): Partial<ImageFacts> => ({
    facts: { scan: { catalogers: {}, components: purls.map((purl) => component(purl, licenses)) } },
  });
  const rule = (components: string): string =>
    `- { name: c, images: ["registry.example.com/**"], components: ${components} }`;

  test('the epoch of an rpm package counts, which its purl has beside the version', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:rpm/**", versions: "<1:3.0.7-27.el9" }] }');
    const purl = (version: string, epoch: string): string =>
      `pkg:rpm/redhat/openssl-libs@${version}?arch=x86_64${epoch}&upstream=x.src.rpm`;
    const told = async (version: string, epoch: string): Promise<readonly string[]> =>
      codes(await judge({ rules, facts: scan([purl(version, epoch)]) }));
    assert.deepEqual(await told('3.0.7-5.el9', '&epoch=1'), ['fail COMPONENT_DENIED']);
    assert.deepEqual(await told('3.0.7-27.el9', '&epoch=1'), ['pass COMPONENTS_ALLOWED']);
    assert.deepEqual(await told('9.0-1', ''), ['fail COMPONENT_DENIED']);
    assert.deepEqual(await told('1.0-1', '&epoch=2'), ['pass COMPONENTS_ALLOWED']);
  });

  test('a denied component is COMPONENT_DENIED with the path it was found at', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:npm/event-stream", versions: "3.3.6", reason: malicious }] }');
    const decision = await judge({ rules, facts: scan(['pkg:npm/event-stream@3.3.6']) });
    assert.deepEqual(codes(decision), ['fail COMPONENT_DENIED']);
    assert.deepEqual(results(decision)[0]?.basis.paths, ['/srv/app/package.json']);
    assert.equal(
      (await judge({ rules, facts: scan(['pkg:npm/event-stream@4.0.0', 'pkg:npm/%40evil/event-stream@3.3.6']) }))
        .verdict,
      'allow',
    );
  });

  test('names are compared as their type writes them', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:pypi/Evil_Package" }] }');
    assert.deepEqual(codes(await judge({ rules, facts: scan(['pkg:pypi/evil-package@1.0']) })), [
      'fail COMPONENT_DENIED',
    ]);
    const glob = rule('{ deny: [{ purl: "pkg:npm/@evil/*" }] }');
    assert.deepEqual(codes(await judge({ rules: glob, facts: scan(['pkg:npm/%40evil/x@1.0.0']) })), [
      'fail COMPONENT_DENIED',
    ]);
    assert.equal((await judge({ rules: glob, facts: scan(['pkg:npm/%40evilish/x@1.0.0']) })).verdict, 'allow');
  });

  test('ranges by package type; what cannot be compared for certain is an error', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:maven/org.apache.logging.log4j/log4j-core", versions: "<2.17.1" }] }');
    const log4j = (version: string): Partial<ImageFacts> =>
      scan([`pkg:maven/org.apache.logging.log4j/log4j-core@${version}`]);
    assert.deepEqual(codes(await judge({ rules, facts: log4j('2.14.0') })), ['fail COMPONENT_DENIED']);
    assert.equal((await judge({ rules, facts: log4j('2.17.1') })).verdict, 'allow');
    const unsure = await judge({ rules, facts: log4j('2.x-SNAPSHOT') });
    assert.deepEqual(codes(unsure), ['error VERSION_NOT_COMPARABLE']);
    assert.equal(unsure.exitCode, ExitCode.Usage);
  });

  test('a denied licence that an expression leaves no way around is LICENSE_DENIED', async () => {
    const rules = rule('{ licenses: { deny: [AGPL-3.0-only] } }');
    for (const licenses of [
      ['AGPL-3.0-only'],
      ['(agpl-3.0-only AND MIT)'],
      ['MIT AND (AGPL-3.0-only OR agpl-3.0-only WITH x)'],
      ['MIT OR ISC', 'AGPL-3.0-only'],
      ['MIT or AGPL-3.0-only (see file)'],
      ['MIT OR AGPL-3.0-only OR'],
      [`${'('.repeat(40)}MIT OR AGPL-3.0-only${')'.repeat(40)}`],
    ]) {
      assert.deepEqual(codes(await judge({ rules, facts: scan(['pkg:npm/x@1.0.0'], licenses) })), [
        'fail LICENSE_DENIED',
      ]);
    }
    assert.equal(
      (await judge({ rules, facts: scan(['pkg:npm/x@1.0.0'], ['AGPL-3.0-or-later', 'MIT']) })).verdict,
      'allow',
    );
  });

  test('a denied licence that is one choice of several is denied only where every choice is', async () => {
    const judged = async (deny: string, license: string): Promise<readonly string[]> =>
      codes(
        await judge({ rules: rule(`{ licenses: { deny: [${deny}] } }`), facts: scan(['pkg:npm/x@1.0.0'], [license]) }),
      );
    const both = ['fail LICENSE_DENIED', 'fail LICENSE_DENIED'];
    assert.deepEqual(await judged('GPL-2.0-only, GPL-3.0-only', 'GPL-2.0-only OR GPL-3.0-only'), both);
    for (const license of ['MIT OR GPL-3.0-only', 'ISC AND (GPL-3.0-only OR MIT)', 'gpl-3.0-only or mit and isc'])
      assert.ok(!(await judged('GPL-3.0-only', license)).includes('fail LICENSE_DENIED'), license);
  });

  test('components that state no licence are counted where licences are denied', async () => {
    const rules = rule('{ licenses: { deny: [AGPL-3.0-only] } }');
    const [result] = results(await judge({ rules, facts: scan(['pkg:npm/x@1.0.0', 'pkg:npm/y@1.0.0']) }));
    assert.equal(result?.reason, 'none of the 2 components is denied; 2 of them state no licence');
  });

  test('what the scan could not read may hide a denied component: COMPONENTS_UNCERTAIN', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:npm/x" }] }');
    const { facts = {} } = scan(['pkg:npm/y@1.0.0']);
    const unread = {
      count: 1,
      items: [{ code: 'file-too-large', source: 'image', path: '/srv/node_modules/x/package.json' }],
    };
    const decision = await judge({ rules, facts: { facts: { ...facts, unread } } });
    assert.deepEqual(codes(decision), ['fail COMPONENTS_UNCERTAIN']);
    assert.deepEqual(results(decision)[0]?.basis.paths, ['/srv/node_modules/x/package.json']);
    // what is denied and found is said all the same
    const found = { facts: { ...scan(['pkg:npm/x@1.0.0']).facts, unread } };
    assert.deepEqual(codes(await judge({ rules, facts: found })), ['fail COMPONENT_DENIED']);
  });

  test('without a scan the check is an error', async () => {
    const rules = rule('{ deny: [{ purl: "pkg:npm/x" }] }');
    assert.deepEqual(codes(await judge({ rules })), ['error SCAN_MISSING']);
  });
});
