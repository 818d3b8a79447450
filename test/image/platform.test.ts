import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatPlatform, isSamePlatform, parsePlatform } from '../../src/image/index.ts';
import { contradictsPlatform, platformRank } from '../../src/image/platform.ts';

describe('platforms', () => {
  const written: Readonly<Record<string, string>> = {
    'linux/amd64': 'linux/amd64',
    'Linux/x86_64': 'linux/amd64',
    'linux/aarch64': 'linux/arm64',
    'linux/arm64/v8': 'linux/arm64',
    'linux/arm': 'linux/arm/v7',
    'linux/armhf': 'linux/arm/v7',
    'linux/arm/6': 'linux/arm/v6',
    'linux/i386': 'linux/386',
    'linux/amd64/v3': 'linux/amd64/v3',
  };
  for (const [text, expected] of Object.entries(written)) {
    test(`parsePlatform reads ${text} as ${expected}`, () =>
      assert.equal(formatPlatform(parsePlatform(text)), expected));
  }

  test('parsePlatform refuses what is no platform', () => {
    for (const text of ['', 'linux', 'linux/', '/amd64', 'a/b/c/d', 'linux/am d64', 'linux/constructor/..\n']) {
      assert.throws(() => parsePlatform(text), { code: 'PLATFORM_INVALID' });
    }
  });

  test('isSamePlatform resolves aliases and default variants', () => {
    assert.ok(
      isSamePlatform({ os: 'linux', architecture: 'arm64' }, { os: 'linux', architecture: 'aarch64', variant: 'v8' }),
    );
    assert.ok(
      !isSamePlatform({ os: 'linux', architecture: 'arm', variant: 'v6' }, { os: 'linux', architecture: 'arm' }),
    );
  });

  test('platformRank prefers the exact variant, then older ones, never newer ones', () => {
    const rank = (wanted: string, offered: string): number | undefined =>
      platformRank(parsePlatform(wanted), parsePlatform(offered));
    assert.equal(rank('linux/arm', 'linux/arm/v7'), 0);
    assert.equal(rank('linux/arm/v7', 'linux/arm/v6'), 1);
    assert.equal(rank('linux/arm/v6', 'linux/arm/v7'), undefined);
    assert.equal(rank('linux/amd64', 'linux/amd64/v3'), undefined);
    assert.equal(rank('linux/amd64/v3', 'linux/amd64'), 2);
    assert.equal(rank('linux/arm64', 'linux/arm'), undefined);
    assert.equal(rank('windows/amd64', 'linux/amd64'), undefined);
  });

  test('contradictsPlatform lets what is left out be', () => {
    const arm = { os: 'linux', architecture: 'arm' };
    assert.ok(!contradictsPlatform({ ...arm, variant: 'v5' }, arm));
    assert.ok(contradictsPlatform({ ...arm, variant: 'v5' }, { ...arm, variant: 'v7' }));
    assert.ok(contradictsPlatform(arm, { os: 'linux', architecture: 'arm64' }));
  });
});
