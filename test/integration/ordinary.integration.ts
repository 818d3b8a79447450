import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openOciLayout, type Image, type LayerEntry, type OciLayoutStore } from '../../src/image/index.ts';
import type { CheckResult, Decision } from '../../src/policy/index.ts';
import { makeImage } from '../support/images.ts';
import { prepareOrdinarySteps } from './debian-images.ts';
import { load } from './gate-images.ts';
import { mustPass, waybillIn } from './run-command.ts';

/** What ordinary Dockerfiles do, and what a strict policy says of it beside passing: `outcome code paths`. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  apt: [],
  locales: [],
  pip: [],
  npm: [],
  useradd: [],
  alternatives: ['warn BASE_CHANGED /usr/share/man/man1/pager.1.gz'],
  timezone: ['warn BASE_CHANGED /etc/localtime /etc/timezone'],
  clean: ['warn BASE_CHANGED'],
  // a company's own authority is critical until the policy names its place; the store that update-ca-certificates makes of it is explained
  certificates: [
    'fail BASE_TAMPERED /usr/local/share/ca-certificates/company.crt',
    'warn BASE_CHANGED /etc/ssl/certs/ca-certificates.crt',
  ],
  // programs that no package brings are the one thing that such a policy refuses
  chmod: ['warn BASE_CHANGED /srv', 'fail FILES_UNACCOUNTED /usr/local/bin/start', 'fail IMG024 /usr/local/bin/start'],
  ldconfig: ['fail FILES_UNACCOUNTED /usr/local/lib/libours.so.1', 'fail IMG024 /usr/local/lib/libours.so.1'],
};

const policy = (base: string): string => `
apiVersion: waybill.dev/v1
kind: Policy
name: ordinary
bases:
  lock: bases.lock.jsonl
  entries: [{ name: debian, image: registry.example.com/base/debian, tags: ["12"] }]
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    base: { allow: [debian], evidence: content, tamper: deny${base} }
    files: { unaccountedExecutables: 0, modifiedPackageFiles: 0, setuidBeyondBase: 0 }
    image:
      checks: { IMG008: deny, IMG010: deny, IMG016: deny, IMG017: deny, IMG019: deny, IMG021: deny, IMG024: deny, IMG025: deny }
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${Buffer.from('not of any vendor').toString('base64')}\n-----END CERTIFICATE-----\n`;
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

const prepared = await prepareOrdinarySteps(Object.keys(STEPS));
const skip = 'skip' in prepared ? prepared.skip : false;
const images = 'skip' in prepared ? '' : prepared.folder;

describe('what ordinary Dockerfiles do', { skip }, () => {
  let folder: string;
  let store: OciLayoutStore;
  let base: Image;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-ordinary-'));
    await cp(join(images, 'base-certs'), join(folder, 'twins'), { recursive: true });
    store = openOciLayout(join(folder, 'twins'));
    base = await load(store, 'base-certs');
    await writeFile(join(folder, 'policy.yaml'), policy(''));
    await writeFile(join(folder, 'company.yaml'), policy(', tamperAllow: ["/usr/local/share/ca-certificates/**"]'));
    const source = `debian:12=oci:${images}/base-certs:base-certs`;
    await mustPass(waybillIn(folder)(['base', 'lock', '--policy', join(folder, 'policy.yaml'), '--source', source]));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const results = async (reference: string, name = 'policy.yaml'): Promise<readonly CheckResult[]> => {
    const decided = join(folder, 'decision.json');
    const args = ['--as', 'registry.example.com/shop/app', '--policy', join(folder, name), '--decision-out', decided];
    await waybillIn(folder)(['gate', 'check', reference, ...args]);
    const decision = JSON.parse(await readFile(decided, 'utf8')) as Decision;
    await rm(decided);
    return decision.images.flatMap(({ checks, platforms }) => [
      ...checks,
      ...platforms.flatMap(({ rules }) => rules.flatMap((rule) => rule.checks)),
    ]);
  };

  for (const [step, wanted] of Object.entries(STEPS)) {
    test(`${step}: ${wanted.length === 0 ? 'passes' : wanted.join(', ')}`, async () => {
      const found = (await results(`oci:${images}/${step}:${step}`)).filter(({ outcome }) => outcome !== 'pass');
      const said = found.map(({ outcome, code, basis }) => {
        // cleaning takes hundreds of files
        const paths = (basis.paths?.length ?? 0) > 5 ? [] : (basis.paths ?? []);
        return [outcome, code, ...paths].join(' ');
      });
      assert.deepEqual(said, wanted, JSON.stringify(found, undefined, 1));
    });
  }

  test('a company’s authority passes where the policy names its place', async () => {
    const found = await results(`oci:${images}/certificates:certificates`, 'company.yaml');
    assert.deepEqual(
      found.filter(({ outcome }) => outcome === 'fail' || outcome === 'error'),
      [],
    );
  });

  /** The twins of those steps that are none of it, and the path that gives each away. */
  const twin = async (tag: string, layer: readonly LayerEntry[]): Promise<readonly CheckResult[]> => {
    await makeImage(join(folder, 'twins'), { layers: [layer], base: { image: base, store }, tag });
    return (await results(`oci:${folder}/twins:${tag}`, 'company.yaml')).filter(({ outcome }) => outcome === 'fail');
  };
  test('a replaced libc', async () => {
    const path = 'usr/lib/x86_64-linux-gnu/libc.so.6';
    const failed = await twin('libc', [{ path, content: '\u007fELF evil', mode: 0o755 }]);
    const codes = failed.map(({ code }) => code);
    assert.ok(codes.includes('BASE_TAMPERED') && codes.includes('FILES_MODIFIED'), codes.join(' '));
    assert.ok(failed.every(({ basis }) => basis.paths?.includes(`/${path}`)));
  });

  test('an authority in the store that no certificate file explains', async () => {
    const failed = await twin('authority', [{ path: BUNDLE, content: CERTIFICATE }]);
    assert.deepEqual(
      failed.map(({ code, basis }) => [code, basis.paths]),
      [['BASE_TAMPERED', [`/${BUNDLE}`]]],
    );
  });

  test('a rule for sudo', async () => {
    const failed = await twin('sudoers', [
      { path: 'etc/sudoers.d/app', content: 'app ALL=(ALL) NOPASSWD: ALL\n', mode: 0o440 },
    ]);
    assert.deepEqual(
      failed.map(({ code, basis }) => [code, basis.paths]),
      [['BASE_TAMPERED', ['/etc/sudoers.d/app']]],
    );
  });

  test('another root in /etc/passwd, without a password', async () => {
    const passwd = 'root:x:0:0:root:/root:/bin/bash\ntoor::0:0::/root:/bin/sh\n';
    const failed = await twin('passwd', [{ path: 'etc/passwd', content: passwd }]);
    assert.deepEqual(failed.map(({ code }) => code).toSorted(), ['BASE_TAMPERED', 'IMG016', 'IMG017']);
  });

  test('a setuid shell, a preload and a deleted package database', async () => {
    const failed = await twin('rest', [
      { path: 'usr/local/bin/x', content: '#!/bin/sh\n', mode: 0o4755 },
      { path: 'etc/ld.so.preload', content: '/usr/lib/x.so\n' },
      { path: 'var/lib/dpkg/.wh.status', content: '' },
    ]);
    const codes = new Set(failed.map(({ code }) => code));
    for (const code of ['BASE_TAMPERED', 'FILES_SETUID', 'IMG008', 'IMG021', 'IMG025'])
      assert.ok(codes.has(code), `${code} in ${[...codes].join(' ')}`);
  });

  test('a key that a later layer deletes', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    const layers = [[{ path: 'root/deploy.key', content: key }], [{ path: 'root/.wh.deploy.key', content: '' }]];
    await makeImage(join(folder, 'twins'), { layers, base: { image: base, store }, tag: 'key' });
    const failed = (await results(`oci:${folder}/twins:key`)).filter(({ outcome }) => outcome === 'fail');
    assert.deepEqual(
      failed.map(({ code, basis }) => [code, basis.paths]),
      [['IMG010', ['/root/deploy.key']]],
    );
  });
});
