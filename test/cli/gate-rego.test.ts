import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { findPeer, missingPeers } from '../support/peers.ts';
import { REGO_BUNDLES } from '../support/rego-bundles.ts';

const policy = (rules: string): string => `apiVersion: waybill.dev/v1
kind: Policy
name: test
identities:
  release: { key: ours.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }
rules:
${rules}`;
const SHOP = 'name: shop, images: ["registry.example.com/shop/**"]';
const LABELS = policy(`  - { ${SHOP}, rego: [{ bundle: examples.tar.gz, entrypoint: waybill/labels/deny }] }\n`);
const SOURCE = policy(`  - { ${SHOP}, rego: [{ bundle: extra.rego, entrypoint: waybill/deny }] }\n`);
const AS = '--as registry.example.com/shop/app';

interface Decision {
  readonly verdict: string;
  readonly notes: readonly { readonly code: string }[];
  readonly images: readonly {
    readonly platforms: readonly {
      readonly rules: readonly { readonly checks: readonly { readonly code: string }[] }[];
    }[];
  }[];
}

function codes({ images }: Decision): readonly string[] {
  const rules = images.flatMap(({ platforms }) => platforms.flatMap((platform) => platform.rules));
  return rules.flatMap(({ checks }) => checks.map(({ code }) => code));
}

describe('waybill gate with Rego', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    copyFileSync(REGO_BUNDLES.examples.output, join(bench.path, 'examples.tar.gz'));
    const write = (name: string, text: string): void => writeFileSync(join(bench.path, name), text);
    write('labels.yaml', LABELS);
    write('source.yaml', SOURCE);
    write('plain.yaml', policy(`  - { ${SHOP}, base: { allow: [tiny] } }\n`));
    write(
      'two.yaml',
      policy(
        `  - { ${SHOP}, base: { allow: [tiny] } }\n  - { ${SHOP.replace('shop,', 'more,')}, base: { allow: [tiny] } }\n`,
      ),
    );
    write(
      'extra.rego',
      'package waybill\ndeny contains sprintf("%s is left-pad", [c.purl]) if { some c in input.sbom.components; c.name == "left-pad" }\n',
    );
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('base lock --policy plain.yaml --source tiny:13=oci:images:base'), 0);
    ended(await bench.run('release oci:images:app --key ours.key'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  const input = async (options: string): Promise<Record<string, unknown>> =>
    parseResult('gate-input', ended(await bench.run(`gate input ${options}`), 0).stdout);

  test('gate input prints the document, the same as text and as JSON', async () => {
    const document = await input(`oci:images:app --policy plain.yaml ${AS}`);
    const { image, platform, base, sbom, signatures, attestations, unverified } = document as Record<
      string,
      Record<string, unknown> & unknown[]
    >;
    assert.deepEqual(
      [image?.['ref'], image?.['name'], platform?.['name'], base?.['level']],
      ['oci:images:app', 'registry.example.com/shop/app', 'linux/amd64', 'content'],
    );
    assert.match(JSON.stringify(sbom), /"pkg:npm\/left-pad@1\.3\.0"/);
    assert.deepEqual([signatures?.length, attestations?.length, unverified?.length], [1, 1, 0]);
    const asOf = '--as-of 2026-11-24T12:00:00Z';
    const text = ended(await bench.run(`gate input oci:images:app --policy plain.yaml ${AS} ${asOf}`), 0).stdout;
    const json = ended(await bench.run(`gate input oci:images:app --policy plain.yaml ${AS} ${asOf} --json`), 0).stdout;
    assert.equal(text, json);
    assert.equal((JSON.parse(text) as { time: string }).time, '2026-11-24T12:00:00.000Z');
  });

  test('gate input of evidence is what the policy saw', async () => {
    ended(await bench.run(`gate check oci:images:app --policy labels.yaml ${AS} --evidence-out evidence.json`), 1);
    const document = await input('--evidence evidence.json --policy labels.yaml');
    const evidence = JSON.parse(readFileSync(join(bench.path, 'evidence.json'), 'utf8')) as { collectedAt: string };
    assert.equal(document['time'], evidence.collectedAt);
    // collected for a policy that looks at less
    ended(await bench.run(`gate check oci:images:app --policy plain.yaml ${AS} --evidence-out less.json`), 0);
    failed(await bench.run('gate input --evidence less.json --policy labels.yaml'), 6, 'REGO_INPUT_INCOMPLETE');
  });

  test('gate input wants one document to be meant', async () => {
    const two = `oci:images:app --policy two.yaml ${AS}`;
    assert.match(failed(await bench.run(`gate input ${two}`), 2, 'INPUT_CHOICE').stderr, /--rule shop; .*--rule more/);
    assert.equal((await input(`${two} --rule more`))['rule'], 'more');
    failed(await bench.run(`gate input ${two} --rule other`), 2, 'INPUT_CHOICE');
    failed(await bench.run(`gate input ${two} --rule shop --platform linux/arm64`), 2, 'INPUT_CHOICE');
    failed(await bench.run('gate input oci:images:app --policy two.yaml'), 2, 'INPUT_CHOICE');
    failed(await bench.run('gate input --policy two.yaml'), 2, 'INPUT_CHOICE');
    failed(await bench.run('gate input oci:images:app --evidence x.json --policy two.yaml'), 2, 'INPUT_CHOICE');
    failed(await bench.run(`gate input oci:images:nope --policy plain.yaml ${AS}`), 6, 'MANIFEST_NOT_FOUND');
    const multi = `oci:images:multi --policy plain.yaml ${AS}`;
    failed(await bench.run(`gate input ${multi}`), 2, 'INPUT_CHOICE');
    assert.match(JSON.stringify((await input(`${multi} --platform linux/arm64`))['sbom']), /right-pad/);
  });

  test('gate check with a bundle: what it says is in the decision, and replays to the same bytes', async () => {
    const files = '--evidence-out labels.json --decision-out decision.json';
    const check = ended(await bench.run(`gate check oci:images:app --policy labels.yaml ${AS} ${files}`), 1);
    assert.match(check.stdout, /REGO_DENIED\]: the label org\.opencontainers\.image\.source is missing/);
    const replay = ended(await bench.run('gate replay labels.json --policy labels.yaml -o json'), 1).stdout;
    assert.equal(replay.trim(), readFileSync(join(bench.path, 'decision.json'), 'utf8').trim());
  });

  test('a Rego source is an error without opa, exit 2', async () => {
    const check = ended(await bench.run(`gate check oci:images:app --policy source.yaml ${AS} --json`), 2);
    const { decision } = parseResult('gate-check', check.stdout) as { decision: Decision };
    assert.deepEqual([decision.verdict, codes(decision)], ['deny', ['REGO_NOT_COMPILED']]);
    failed(await bench.run(`gate check oci:images:app --policy source.yaml ${AS} --opa ./opa`), 2, 'USAGE');
  });

  test('a Rego source is compiled with the opa that is given', { skip: missingPeers('opa') }, async () => {
    const opa = `--opa ${findPeer('opa') ?? ''}`;
    const files = '--evidence-out source.json --decision-out decision.json';
    ended(await bench.run(`gate check oci:images:app --policy source.yaml ${AS} ${opa} ${files}`), 1);
    const written = readFileSync(join(bench.path, 'decision.json'), 'utf8');
    const decision = JSON.parse(written) as Decision;
    assert.deepEqual(codes(decision), ['REGO_DENIED']);
    assert.match(written, /pkg:npm\/left-pad@1\.3\.0 is left-pad/);
    assert.ok(decision.notes.some(({ code }) => code === 'REGO_COMPILED'));
    const replay = ended(await bench.run(`gate replay source.json --policy source.yaml ${opa} -o json`), 1).stdout;
    assert.equal(replay.trim(), written.trim());
    ended(await bench.run(`policy try --evidence source.json --policy source.yaml ${opa} --fail-on-denied`), 1);
    writeFileSync(
      join(bench.path, 'shop.test.yaml'),
      `apiVersion: waybill.dev/v1
kind: PolicyTests
policy: source.yaml
cases:
  - { name: left-pad is denied, evidence: source.json, expect: { verdict: deny } }
`,
    );
    ended(await bench.run(`policy test shop.test.yaml ${opa}`), 0);
    writeFileSync(join(bench.path, 'extra.rego'), 'package waybill\ndeny contains "x" if time.now_ns() > 0\n');
    failed(await bench.run(`gate replay source.json --policy source.yaml ${opa}`), 2, 'REGO_COMPILE_FAILED');
  });
});
