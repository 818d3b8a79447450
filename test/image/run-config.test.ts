import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/image/index.ts';

const parse = (config: unknown) =>
  parseConfig(
    Buffer.from(
      JSON.stringify({ os: 'linux', architecture: 'amd64', config, rootfs: { type: 'layers', diff_ids: [] } }),
    ),
  );

describe('parseConfig', () => {
  test('reads volumes, exposed ports and the health check', () => {
    const { volumes, exposedPorts, healthcheck } = parse({
      Volumes: { '/data': {} },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Healthcheck: { Test: ['CMD', '/check'], Interval: 5 },
    });
    assert.deepEqual(volumes, ['/data']);
    assert.deepEqual(exposedPorts, ['80/tcp', '53/udp']);
    assert.deepEqual(healthcheck, ['CMD', '/check']);
  });

  test('takes null and absence for none, and a check without a command for none', () => {
    for (const config of [
      undefined,
      null,
      {},
      { Volumes: null, ExposedPorts: null, Healthcheck: null },
      { Healthcheck: {} },
    ]) {
      const { volumes, exposedPorts, healthcheck } = parse(config);
      assert.deepEqual([volumes, exposedPorts, healthcheck], [[], [], undefined]);
    }
  });

  for (const config of [
    { Volumes: ['/x'] },
    { ExposedPorts: '80' },
    { Healthcheck: 'x' },
    { Healthcheck: { Test: [1] } },
  ]) {
    test(`refuses ${JSON.stringify(config)}`, () => {
      assert.throws(() => parse(config), { code: 'CONFIG_INVALID' });
    });
  }

  test('refuses members that some tools read as others', () => {
    assert.throws(() => parse({ volumes: { '/': {} } }), { code: 'MANIFEST_AMBIGUOUS' });
    assert.throws(() => parse({ Healthcheck: { test: ['NONE'] } }), { code: 'MANIFEST_AMBIGUOUS' });
  });
});
