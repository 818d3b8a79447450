import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import { canonicalRepository, formatImageReference, parseImageReference } from '../../src/image/index.ts';

const HEX = 'a'.repeat(64);

describe('parseImageReference', () => {
  const canonical: Readonly<Record<string, string>> = {
    debian: 'docker.io/library/debian:latest',
    'debian:12': 'docker.io/library/debian:12',
    'user/app': 'docker.io/user/app:latest',
    'docker://debian': 'docker.io/library/debian:latest',
    'index.docker.io/debian': 'docker.io/library/debian:latest',
    'registry-1.docker.io/library/debian': 'docker.io/library/debian:latest',
    'docker.io:443/debian': 'docker.io/library/debian:latest',
    'GHCR.IO/owner/app:1': 'ghcr.io/owner/app:1',
    'ghcr.io:443/owner/app:1': 'ghcr.io/owner/app:1',
    'onlyhost:443/app': 'onlyhost:443/app:latest',
    'localhost/app': 'localhost/app:latest',
    'localhost:5000/a/b/c:x': 'localhost:5000/a/b/c:x',
    'localhost:5000': 'docker.io/library/localhost:5000',
    '[::1]:5000/app:1': '[::1]:5000/app:1',
    [`app@sha256:${HEX}`]: `docker.io/library/app@sha256:${HEX}`,
    [`r.example/app:1@sha256:${HEX}`]: `r.example/app:1@sha256:${HEX}`,
    'r.example/a__b/c--d/e.f:T_1.2-3': 'r.example/a__b/c--d/e.f:T_1.2-3',
    'oci:dir': 'oci:dir',
    'oci:/x/y:v1': 'oci:/x/y:v1',
    'oci:../y:registry.example/app:1': 'oci:../y:registry.example/app:1',
    [`oci:dir@sha256:${HEX}`]: `oci:dir@sha256:${HEX}`,
    [`oci-archive:a.tar:v1@sha256:${HEX}`]: `oci-archive:a.tar:v1@sha256:${HEX}`,
    'docker-archive:a.tar:docker.io/library/app:1': 'docker-archive:a.tar:docker.io/library/app:1',
    'dir:/root:fs': 'dir:/root:fs',
  };
  for (const [text, expected] of Object.entries(canonical)) {
    test(`reads ${text.replace(HEX, 'HEX')}`, () => {
      assert.equal(formatImageReference(parseImageReference(text)), expected);
    });
  }

  const refused = [
    '',
    ' debian',
    'debian ',
    'débian',
    'Debian',
    'r.example/App',
    'r.example/a/../b',
    'r.example/..',
    'r.example//a',
    'r.example/a/',
    'r.example/a:',
    'r.example/a@',
    'r.example/a@sha256:12',
    `r.example/a@sha256:${'A'.repeat(64)}`,
    `r.example/a@md5:${HEX}`,
    `r.example/a:${'t'.repeat(129)}`,
    `r.example/${'a'.repeat(300)}`,
    'r.example:0/a',
    'r.example:99999/a',
    'r.example:5x/a',
    '-r.example/a',
    'r..example/a',
    'user:pass@r.example/a',
    'https://r.example/a',
    './a',
    '/a',
    '../a',
    HEX,
    'a_-b/c',
    'a\u202eb',
    'oci:',
    'oci::tag',
    'oci:dir:',
    'oci:dir:ta g',
    'oci:dir@sha256:12',
    'oci:a\0b',
    'dir:',
    'a'.repeat(10_000),
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(
        () => parseImageReference(text),
        (error) =>
          isAppError(error) && error.code === 'REFERENCE_INVALID' && error.exitCode === 2 && error.hint !== undefined,
      );
    });
  }

  test('names transports that are not supported yet', () => {
    assert.throws(() => parseImageReference('containers-storage:x'), { code: 'TRANSPORT_UNSUPPORTED' });
  });

  test('takes the names that a container engine takes, completed with latest, and image ids', () => {
    const id = 'a'.repeat(64);
    for (const [name, path] of [
      ['app', 'app:latest'],
      ['shop/app:1', 'shop/app:1'],
      ['localhost:5000/app', 'localhost:5000/app:latest'],
      [id, id],
      [`sha256:${id}`, `sha256:${id}`],
      [`app@sha256:${id}`, `app@sha256:${id}`],
    ] as const) {
      assert.deepEqual(parseImageReference(`docker-daemon:${name}`), { transport: 'docker-daemon', path });
      assert.equal(formatImageReference(parseImageReference(`docker-daemon:${name}`)), `docker-daemon:${path}`);
    }
    // what may be the beginning of an image id as well
    const short = { transport: 'docker-daemon', path: '60a4ed8858c5:latest', idPrefix: '60a4ed8858c5' };
    assert.deepEqual(parseImageReference('docker-daemon:60a4ed8858c5'), short);
    for (const name of ['60a4ed8858c5:1', 'shop/60a4ed8858c5', '60a', 'app'])
      assert.ok(!('idPrefix' in parseImageReference(`docker-daemon:${name}`)), name);
    for (const name of ['', '../x', 'a b', 'x?y', 'app:', 'APP@sha256:1']) {
      assert.throws(() => parseImageReference(`docker-daemon:${name}`), { code: 'REFERENCE_INVALID' });
    }
  });

  test('canonicalRepository is what policies match', () => {
    const reference = parseImageReference('INDEX.docker.io/debian:12');
    assert.ok(reference.transport === 'registry');
    assert.equal(canonicalRepository(reference), 'docker.io/library/debian');
  });

  test('any text is parsed or refused, and what is parsed has one canonical form', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '0',
      '.',
      ':',
      '/',
      '@',
      '-',
      '_',
      '..',
      'localhost',
      'docker.io',
      '443',
      'sha256',
      HEX,
      'oci:',
      'dir:',
      '[',
      ']',
      'é',
      '\0',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        let formatted: string;
        try {
          formatted = formatImageReference(parseImageReference(input));
        } catch (error) {
          assert.ok(isAppError(error), String(error));
          return;
        }
        assert.equal(formatImageReference(parseImageReference(formatted)), formatted);
        assert.deepEqual(parseImageReference(formatted), parseImageReference(input));
      }),
      { numRuns: 3000 },
    );
  });
});
