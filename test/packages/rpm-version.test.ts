import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { compareVersions } from '../../src/packages/index.ts';

const noRpm = spawnSync('rpm', ['--version']).status === 0 ? false : 'no rpm on this machine';

const VERSIONS = [
  '1.0',
  '1.0-1',
  '1.0-1.el9',
  '1.0-1.el9_4.2',
  '1.0-1.el9_10.1',
  '1.0-10.el9',
  '1.00-1',
  '1.0.0-1',
  '1.0~rc1-1',
  '1.0~rc1^git2-1',
  '1.0^git20260301-0.1',
  '1.0^-1',
  '1.0a-1',
  '1.0.a-1',
  '1.0.1-1',
  '1.a-1',
  '1.Z-1',
  '010-1',
  '10-1',
  '2:0.1-1',
  '0:1.0-1',
  '20240705.00000000000000000001-1',
  '20240705.2-1',
  '1..0-1',
  '1_0-1',
  '1.0~~-1',
];

describe('compareVersions: rpm', () => {
  test('stand in the order of rpm itself', { skip: noRpm }, () => {
    const pairs = VERSIONS.flatMap((a) => VERSIONS.map((b) => [a, b] as const)).filter(
      ([a, b]) => a.includes('-') && b.includes('-'),
    );
    const script = pairs.map(([a, b]) => `print(rpm.vercmp("${a}","${b}") .. "\\n")`).join(' ');
    const said = execFileSync('rpm', ['--eval', `%{lua: ${script}}`], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    for (const [index, [a, b]] of pairs.entries()) {
      assert.equal(Math.sign(compareVersions('rpm', a, b) ?? Number.NaN), Number(said[index]), `${a} ${b}`);
    }
  });

  test('are told apart with nothing at hand too', () => {
    assert.ok((compareVersions('rpm', '3.0.7-27.el9', '1:3.0.7-5.el9') ?? 0) < 0);
    assert.ok((compareVersions('rpm', '3.0.7-27.el9', '3.0.7-5.el9') ?? 0) > 0);
    assert.ok((compareVersions('rpm', '1.0~rc1-1', '1.0-1') ?? 0) < 0);
    assert.equal(compareVersions('rpm', '1.00-1', '1.0-1'), 0);
  });

  test('a release that only one has, and what is no version, say nothing', () => {
    assert.equal(compareVersions('rpm', '1.0', '1.0-1'), undefined);
    assert.equal(compareVersions('rpm', '1.0-1', 'a b'), undefined);
    assert.equal(compareVersions('rpm', '', '1.0-1'), undefined);
    assert.equal(compareVersions('rpm', `1.${'0'.repeat(300)}`, '1.0'), undefined);
    assert.ok((compareVersions('rpm', '1.0', '2.0-1') ?? 0) < 0);
  });
});

describe('compareVersions: opkg', () => {
  test('as dpkg', () => {
    assert.ok((compareVersions('opkg', '1.2.4-r0', '1.2.4-r10') ?? 0) < 0);
    assert.ok((compareVersions('opkg', '2024.09.08~36a6a8f6-r1', '2024.09.08-r1') ?? 0) < 0);
  });
});
