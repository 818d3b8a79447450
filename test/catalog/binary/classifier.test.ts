import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CLASSIFIERS, type Classifier } from '../../../src/catalog/binary/classifier-table.ts';
import { chooseVersion } from '../../../src/catalog/binary/classifier-version.ts';
import { binaryCataloger } from '../../../src/catalog/binary/classifier.ts';
import { runCatalogers } from '../../../src/catalog/index.ts';
import type { CapturedFile, FileEntry } from '../../../src/filesystem/index.ts';
import type { PatternHit } from '../../../src/formats/index.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const ELF = '\u007fELF\u0002\u0001\u0001';

function find(files: Readonly<Record<string, MemoryEntry>>): readonly Package[] {
  const view = memoryView(files, { captures: binaryCataloger.captures });
  return binaryCataloger.catalog({ view, distribution: undefined }).packages;
}

function purls(files: Readonly<Record<string, MemoryEntry>>): readonly (string | undefined)[] {
  return find(files).map(packagePurl);
}

/** What the cataloger makes of captured bytes and an entry's details. */
function findCaptured(
  id: string,
  bytes: string,
  entry: Partial<FileEntry> = {},
): ReturnType<typeof binaryCataloger.catalog> {
  const whole: FileEntry = {
    id: 0,
    path: 'x/nginx',
    type: 'file',
    sizeBytes: 1,
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: 0,
    layer: 2,
    ...entry,
  };
  const file: CapturedFile = { entry: whole, bytes: Buffer.from(bytes) };
  const view = { ...memoryView({}), captured: (rule: string) => (rule === `binary/${id}` ? [file] : []) };
  return binaryCataloger.catalog({ view, distribution: undefined });
}

function hit(id: string, version: string, offset = 0): PatternHit {
  return { id, offset, text: `x\0${version}\n`, groups: { version } };
}

describe('binaryCataloger', () => {
  it('tells where it looked, what it saw and how sure it is', () => {
    const [nginx] = find({ 'usr/sbin/nginx': { content: `${ELF}\0nginx/1.27.2\0`, layer: 3 } });
    assert.deepEqual(nginx, {
      type: 'generic',
      name: 'nginx',
      version: '1.27.2',
      locations: [{ path: '/usr/sbin/nginx', layer: 3 }],
      foundBy: 'binary',
      evidence: [
        { field: 'name', technique: 'binary-analysis', confidence: 0.9, value: 'nginx/1.27.2' },
        { field: 'version', technique: 'binary-analysis', confidence: 0.9, value: 'nginx/1.27.2' },
      ],
      licenses: [{ value: 'BSD-2-Clause' }],
      cpes: ['cpe:2.3:a:f5:nginx:1.27.2:*:*:*:*:*:*:*', 'cpe:2.3:a:nginx:nginx:1.27.2:*:*:*:*:*:*:*'],
      kind: 'application',
      files: ['/usr/sbin/nginx'],
      properties: { 'generic:classifier': 'nginx' },
      id: '/usr/sbin/nginx#nginx',
      dependsOn: [],
    });
  });

  it('tells forks of a program from it', () => {
    const redis = `${ELF}\x007.2.4\0c11-builtin\0`;
    assert.deepEqual(purls({ 'bin/redis-server': redis }), ['pkg:generic/redis@7.2.4']);
    assert.deepEqual(purls({ 'bin/redis-server': `${redis}valkey-server\0` }), []);
    assert.deepEqual(purls({ 'bin/keydb-server': `${redis}keydb-server\0` }), ['pkg:generic/keydb@7.2.4']);
    assert.deepEqual(purls({ 'bin/nginx': `${ELF}\0openresty/1.25.3.1\0nginx/1.25.3\0` }), [
      'pkg:generic/openresty@1.25.3.1',
    ]);
    assert.deepEqual(purls({ 'lib/libcrypto.so.1.1': `${ELF}\0OpenSSL 1.1.1 (compatible; AWS-LC 1.30.1)\0` }), [
      'pkg:generic/aws-lc@1.30.1',
    ]);
    assert.deepEqual(purls({ 'bin/mysqld': `${ELF}\x0010.11.6-MariaDB\0/mysql-8.0.30/\0` }), [
      'pkg:generic/mariadb@10.11.6',
    ]);
  });

  it('wants the version that the file is named after', () => {
    const both = `${ELF}PYTHONHOME\x003.9.1\0\x003.11.10\0`;
    assert.deepEqual(purls({ 'bin/python3.11': both }), ['pkg:generic/python@3.11.10']);
    assert.deepEqual(purls({ 'bin/python3.9': both }), ['pkg:generic/python@3.9.1']);
    assert.deepEqual(purls({ 'bin/python3.1': both }), []);
    assert.deepEqual(purls({ 'bin/python3.11': `${ELF}\x003.11.10\0` }), [], 'a version alone shows nothing');
    assert.deepEqual(purls({ 'bin/python3-config': both, 'bin/python3.11m.py': both }), []);
  });

  it('takes the first of versions that contradict each other as a guess, and tells the others', () => {
    const [node] = find({ 'bin/node': `${ELF}node.js/v22.9.0\0node.js/v20.1.0\0` });
    assert.equal(node?.version, '22.9.0');
    assert.equal(node.evidence[0]?.confidence, 0.3);
    assert.equal(node.properties?.['generic:otherVersions'], '20.1.0');
  });

  it('gives CPE names their parts', () => {
    const [ssh] = find({ 'usr/sbin/sshd': `${ELF}\0OpenSSH_9.9p2 Debian-1\0` });
    assert.equal(ssh?.version, '9.9p2');
    assert.deepEqual(ssh.cpes, ['cpe:2.3:a:openbsd:openssh:9.9:p2:*:*:*:*:*:*']);
  });

  it('makes versions of numbers that are written together', () => {
    assert.deepEqual(purls({ 'usr/lib/libxml2.so.2': `${ELF}\x0021209\0` }), ['pkg:generic/libxml2@2.12.9']);
  });

  it('names Go modules as the Go cataloger does', () => {
    const built = (module: string): string => `${ELF}path\t${module}/cmd\nmod\t${module}\tv2.10.7\th1:x=\n`;
    assert.deepEqual(purls({ 'bin/traefik': built('github.com/traefik/traefik/v2') }), [
      'pkg:golang/github.com/traefik/traefik/v2@v2.10.7',
    ]);
    assert.deepEqual(purls({ 'bin/traefik': built('github.com/traefik/other') }), []);
    const set = 'build\t-ldflags="-X main.version=1.2.3"\n';
    assert.deepEqual(purls({ 'bin/grafana': `${ELF}path\texample.com/grafana\n${set}` }), []);
    assert.deepEqual(purls({ 'bin/grafana': `${ELF}path\tgithub.com/grafana/grafana/pkg/cmd/grafana\n${set}` }), [
      'pkg:golang/github.com/grafana/grafana@v1.2.3',
    ]);
  });

  it('reads texts where the version is in one', () => {
    assert.deepEqual(purls({ 'usr/local/go/VERSION': 'go1.23.4\ntime 2024-11-27T20:27:20Z\n' }), [
      'pkg:generic/go@1.23.4',
    ]);
    assert.deepEqual(purls({ 'srv/VERSION': 'go1.23.4\n' }), []);
  });

  it('owns the folders that came with a program, where they are', () => {
    const packages = find({
      'usr/local/bin/ruby': `${ELF}ruby 3.3.5 (2024-09-03 revision ef084cc8f4) [x]\0`,
      'usr/local/lib/ruby/3.3.0/set.rb': '',
      'usr/local/lib/ruby/site_ruby/x.rb': '',
      'usr/local/go/VERSION': 'go1.23.4\n',
      'usr/local/go/src/fmt/print.go': '',
      'opt/sources/x.go': '',
      'usr/local/go/lib': { link: '/opt/sources' },
      'usr/local/go/misc': { link: '/' },
      'usr/local/go/doc': 'no folder',
    });
    assert.deepEqual(
      packages.map(({ name, directories }) => [name, directories]),
      [
        ['go', ['/usr/local/go/src']],
        ['ruby', ['/usr/local/lib/ruby/3.3.0']],
      ],
    );
  });

  it('merges what is the same version at several places, and takes links for no finding', () => {
    const content = `${ELF}BusyBox v1.36.1 (2024)\0`;
    const view = memoryView(
      {
        'bin/busybox': content,
        'opt/busybox': content,
        'bin/sh': { link: 'busybox' },
        'bin/busybox.static': { link: 'busybox' },
      },
      { captures: binaryCataloger.captures },
    );
    const { packages } = runCatalogers({ view, catalogers: [binaryCataloger], rethrow: true });
    assert.deepEqual(
      packages.map(({ name, version, locations }) => [name, version, locations.map(({ path }) => path)]),
      [['busybox', '1.36.1', ['/bin/busybox', '/opt/busybox']]],
    );
  });

  it('counts executables only where the pass knows what a file is', () => {
    const bytes = JSON.stringify([hit('0', '1.27.2')]);
    assert.equal(findCaptured('nginx', bytes, { content: 'elf' }).packages.length, 1);
    assert.equal(findCaptured('nginx', bytes, { content: 'script' }).packages.length, 0);
    const script = { path: 'bin/elixir', content: 'elf' } as const;
    assert.equal(findCaptured('elixir', bytes, script).packages.length, 0);
    assert.equal(findCaptured('elixir', bytes, { ...script, content: 'script' }).packages.length, 1);
  });

  it('notes malformed findings and goes on', () => {
    for (const bytes of [
      '',
      '{',
      '{}',
      'null',
      '[1]',
      '[{"id":"0"}]',
      '[{"id":"0","offset":1,"text":"","groups":{"version":1}}]',
    ]) {
      const { packages, diagnostics } = findCaptured('nginx', bytes);
      assert.deepEqual([packages.length, diagnostics.map(({ code }) => code)], [0, ['unreadable-binary']], bytes);
    }
    assert.deepEqual(findCaptured('nginx', '[]'), { packages: [], diagnostics: [] });
  });

  it('lets no version through that is none', () => {
    for (const version of ['', '../1', '1 2', '1\u202e', `1${'0'.repeat(64)}`, '%2e'])
      assert.deepEqual(findCaptured('nginx', JSON.stringify([hit('0', version)])).packages, [], version);
  });
});

describe('chooseVersion', () => {
  const classifier: Classifier = {
    id: 'x',
    title: 'X',
    purl: 'pkg:generic/x@{version}',
    patterns: [0.9, 0.6].map((confidence) => ({ needle: 'xxx', pattern: 'xxx', before: 0, after: 3, confidence })),
  };

  it('prefers the more specific pattern, and the longer of two versions of which one is the beginning', () => {
    const found = chooseVersion(classifier, [hit('1', '9.9.9'), hit('0', '1.2', 5), hit('0', '1.2.3', 9)], []);
    assert.deepEqual([found?.version, found?.confidence, found?.others], ['1.2.3', 0.9, []]);
    assert.equal(found?.seen, 'x 1.2.3');
    const second = chooseVersion(classifier, [hit('1', '9.9.9'), hit('0', '1.2')], ['9']);
    assert.deepEqual([second?.version, second?.confidence], ['9.9.9', 0.6]);
  });

  it('does not depend on the order of matches', () => {
    const numbers = fc.array(fc.tuple(fc.constantFrom('0', '1'), fc.constantFrom('1', '1.2', '1.2.3', '2.0')), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(numbers, fc.boolean(), (pairs, reverse) => {
        const hits = pairs.map(([id, version], offset) => hit(id, version, offset));
        const found = chooseVersion(classifier, reverse ? hits.toReversed() : hits, []);
        assert.deepEqual(found, chooseVersion(classifier, hits, []));
        assert.equal(found === undefined, hits.length === 0);
      }),
    );
  });
});

describe('patterns of classifiers.json', () => {
  it('match in time that grows with the window only', () => {
    const hostile = ['0', '1.', '\0', 'a', ' ', '0.0', '-', '(', 'v1.1', '\x001'].map((unit) =>
      unit.repeat(512).slice(0, 512),
    );
    for (const { patterns, not = [] } of CLASSIFIERS) {
      for (const { needle, pattern } of [...patterns, ...not]) {
        const regex = new RegExp(pattern, 'g');
        for (const filler of hostile) for (const text of [needle + filler, filler + needle]) text.match(regex);
      }
    }
  });
});
