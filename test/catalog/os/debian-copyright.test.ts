import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { debianLicenses } from '../../../src/catalog/os/debian-copyright.ts';

const read = (text: string): readonly string[] => debianLicenses(new TextEncoder().encode(text));
const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';

describe('debianLicenses', () => {
  it('takes the License field of each Files stanza, not of license texts', () => {
    const text = `${FORMAT}Upstream-Name: x\n\nFiles: *\nCopyright: me\n  you\nLicense: GPL-2+ and Expat\n text\n .\n text\n\nFiles: debian/*\nlicense:  ISC \n\nFiles: c\nLicense: ISC\n\nLicense: Other\n text\n`;
    assert.deepEqual(read(text), ['GPL-2+ and Expat', 'ISC']);
  });

  it('takes the license of the header when no Files stanza has one', () => {
    assert.deepEqual(read(`\n${FORMAT}License: MPL-2.0\n\nLicense: Text\n x\n`), ['MPL-2.0']);
  });

  it('reads CRLF and names outside ASCII', () => {
    assert.deepEqual(read(`${FORMAT}\r\nFiles: *\r\nLicense: Lizenz-\u00fc\r\n`.replace('1.0/\n', '1.0/\r\n')), [
      'Lizenz-\u00fc',
    ]);
  });

  it('falls back to references when a machine-readable file names nothing', () => {
    assert.deepEqual(read(`${FORMAT}\nFiles: *\nCopyright: me\n\nsee /usr/share/common-licenses/Apache-2.0.\n`), [
      'Apache-2.0',
    ]);
  });

  const prose: readonly (readonly [string, readonly string[]])[] = [
    ["On Debian see `/usr/share/common-licenses/GPL-2'.", ['GPL-2']],
    ['version 2, or (at your option) any later version: /usr/share/common-licenses/GPL-2.', ['GPL-2+']],
    [
      'any later version /usr/share/common-licenses/GPL-2 /usr/share/common-licenses/LGPL-2.1 /usr/share/common-licenses/BSD',
      ['/usr/share/common-licenses/GPL-2', '/usr/share/common-licenses/LGPL-2.1', 'BSD'],
    ],
    ['any later version, /usr/share/common-licenses/GPL', ['GPL']],
    ['Format: something else\nLicense: MIT', []],
    ['', []],
  ];
  for (const [text, values] of prose) {
    it(`finds ${values.join(', ') || 'nothing'} in prose`, () => assert.deepEqual(read(text), values));
  }

  it('neither hangs nor throws on hostile files', () => {
    read(`${FORMAT}${'License: x\n'.repeat(200_000)}`);
    read(`${FORMAT}${'\n\nLicense: x'.repeat(100_000)}`);
    read(`/usr/share/common-licenses/a${'.'.repeat(500_000)}b`);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('\n', '\n\n', 'Files: *', 'License: ', ':'))),
        (parts) => {
          read(FORMAT + parts.join(''));
        },
      ),
    );
  });
});
