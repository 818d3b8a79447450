import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import {
  parseSigningConfig,
  requireAuthority,
  servicesFromConfig,
  servicesFromUrls,
  type SigningServices,
} from '../../src/signing/index.ts';

const NOW = new Date('2026-06-01T00:00:00Z');

interface Entry {
  readonly url?: string;
  readonly majorApiVersion?: number;
  readonly validFor?: { readonly start?: string; readonly end?: string };
  readonly operator?: string;
}

function service(host: string, more: Entry = {}): Entry {
  return {
    url: `https://${host}`,
    majorApiVersion: 1,
    validFor: { start: '2020-01-01T00:00:00Z' },
    operator: host,
    ...more,
  };
}

function config(members: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json', ...members }));
}

function services(members: object): SigningServices {
  return servicesFromConfig(parseSigningConfig(config(members)), NOW);
}

function hosts({ candidates }: SigningServices['logs']): readonly string[] {
  return candidates.map(({ url }) => url.host);
}

describe('parseSigningConfig', () => {
  it('reads a whole configuration', () => {
    const parsed = parseSigningConfig(
      config({
        caUrls: [service('ca')],
        oidcUrls: [service('oidc')],
        rekorTlogUrls: [
          service('log', {
            majorApiVersion: 2,
            validFor: { start: '2025-01-01T00:00:00.5Z', end: '2027-01-01T00:00:00Z' },
          }),
        ],
        rekorTlogConfig: { selector: 'EXACT', count: 1 },
        tsaUrls: [service('tsa')],
        tsaConfig: { selector: 'ANY' },
      }),
    );
    assert.deepEqual(parsed.logSelector, { kind: 'exact', count: 1 });
    assert.deepEqual(parsed.timestampSelector, { kind: 'any' });
    assert.equal(parsed.logs[0]?.end?.toISOString(), '2027-01-01T00:00:00.000Z');
  });

  it('takes an empty one: a configuration without services is one', () => {
    const empty = services({ rekorTlogConfig: {}, tsaConfig: {} });
    assert.deepEqual(empty, {
      logs: { candidates: [], needed: 0 },
      timestampAuthorities: { candidates: [], needed: 0 },
      namesOperators: true,
    });
  });

  it('refuses other versions, unknown members, and services without start, operator, version or URL', () => {
    const without = (name: string): object =>
      Object.fromEntries(Object.entries(service('x')).filter(([key]) => key !== name));
    const bad: readonly (Buffer | object)[] = [
      Buffer.from(''),
      Buffer.from('[]'),
      Buffer.from('{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json"}'),
      Buffer.from(`{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[],"caUrls":[]}`),
      { caUrl: [] },
      { caUrls: {} },
      { caUrls: ['https://x'] },
      { caUrls: [{ ...service('x'), more: 1 }] },
      ...['url', 'majorApiVersion', 'validFor', 'operator'].map((name) => ({ caUrls: [without(name)] })),
      { caUrls: [service('x', { validFor: {} })] },
      { caUrls: [service('x', { validFor: { start: 'yesterday' } })] },
      { caUrls: [service('x', { validFor: { start: '2020-13-01T00:00:00Z' } })] },
      { caUrls: [service('x', { majorApiVersion: 0 })] },
      { caUrls: Array.from({ length: 100 }, () => service('x')) },
      { rekorTlogUrls: [service('x')] },
      { rekorTlogUrls: [service('x')], rekorTlogConfig: { selector: 'SOME' } },
      { rekorTlogUrls: [service('x')], rekorTlogConfig: { selector: 'EXACT' } },
      { rekorTlogUrls: [service('x')], rekorTlogConfig: { selector: 'EXACT', count: -1 } },
      { rekorTlogUrls: [service('x')], rekorTlogConfig: { selector: 'ANY', more: 1 } },
    ];
    for (const entry of bad) {
      const bytes = Buffer.isBuffer(entry) ? entry : config(entry);
      assert.throws(
        () => parseSigningConfig(bytes),
        { code: 'SIGNING_CONFIG_INVALID', exitCode: 2 },
        bytes.toString().slice(0, 200),
      );
    }
  });
});

describe('parseSigningConfig with hostile input', () => {
  it('throws nothing but AppErrors', () => {
    const names = ['caUrls', 'oidcUrls', 'rekorTlogUrls', 'rekorTlogConfig', 'tsaUrls', 'tsaConfig'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), (members) => {
        try {
          parseSigningConfig(config(members));
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
    );
  });
});

describe('servicesFromConfig', () => {
  it('uses no service before its start or after its end', () => {
    const caUrls = [
      service('future', { validFor: { start: '2026-06-02T00:00:00Z' } }),
      service('past', { validFor: { start: '2020-01-01T00:00:00Z', end: '2026-05-31T00:00:00Z' } }),
      service('now', { validFor: { start: '2020-01-01T00:00:00Z', end: '2026-06-01T00:00:00Z' } }),
    ];
    assert.equal(services({ caUrls }).certificateAuthority?.url.host, 'now');
    const none = services({ caUrls: caUrls.slice(0, 2) });
    assert.equal(none.certificateAuthority, undefined);
    assert.throws(() => requireAuthority(none), { code: 'SIGNING_CONFIG_UNSATISFIED', hint: /--fulcio-url/ });
    assert.equal(requireAuthority(services({ caUrls })).host, 'now');
  });

  it('takes the highest version that is spoken, then the newest start', () => {
    const logs = (...rekorTlogUrls: readonly Entry[]): readonly string[] =>
      hosts(services({ rekorTlogUrls, rekorTlogConfig: { selector: 'ANY' } }).logs);
    const one = { operator: 'one' };
    assert.deepEqual(
      logs(
        service('v1', { ...one, validFor: { start: '2026-01-01T00:00:00Z' } }),
        service('v2', { ...one, majorApiVersion: 2 }),
        service('v3', { ...one, majorApiVersion: 3 }),
      ),
      ['v2'],
    );
    assert.deepEqual(
      logs(service('old', one), service('new', { ...one, validFor: { start: '2025-01-01T00:00:00Z' } })),
      ['new'],
    );
    assert.equal(services({ caUrls: [service('v2', { majorApiVersion: 2 })] }).certificateAuthority, undefined);
  });

  it('counts operators, not services', () => {
    const rekorTlogUrls = [service('a1', { operator: 'a' }), service('a2', { operator: 'a' }), service('b')];
    const logs = (selector: object): SigningServices['logs'] =>
      services({ rekorTlogUrls, rekorTlogConfig: selector }).logs;
    assert.deepEqual([hosts(logs({ selector: 'ALL' })), logs({ selector: 'ALL' }).needed], [['a1', 'b'], 2]);
    assert.deepEqual([hosts(logs({ selector: 'ANY' })), logs({ selector: 'ANY' }).needed], [['a1', 'b'], 1]);
    assert.equal(logs({ selector: 'EXACT', count: 2 }).needed, 2);
    assert.throws(() => logs({ selector: 'EXACT', count: 3 }), { code: 'SIGNING_CONFIG_UNSATISFIED' });
  });

  it('refuses to sign without a log when the configuration wants one and none can be used', () => {
    const rekorTlogUrls = [service('future', { validFor: { start: '2027-01-01T00:00:00Z' } })];
    for (const selector of ['ALL', 'ANY'])
      assert.throws(() => services({ rekorTlogUrls, rekorTlogConfig: { selector } }), {
        code: 'SIGNING_CONFIG_UNSATISFIED',
      });
  });

  it('refuses services in the clear, but for timestamp authorities', () => {
    const clear = [service('x', { url: 'http://x' })];
    assert.throws(() => services({ caUrls: clear }), { code: 'SIGNING_URL_INVALID' });
    assert.throws(() => services({ rekorTlogUrls: clear, rekorTlogConfig: { selector: 'ANY' } }), {
      code: 'SIGNING_URL_INVALID',
    });
    assert.deepEqual(hosts(services({ tsaUrls: clear, tsaConfig: { selector: 'ANY' } }).timestampAuthorities), ['x']);
  });
});

describe('servicesFromUrls', () => {
  it('uses every service that is named', () => {
    const { logs, timestampAuthorities } = servicesFromUrls({
      logs: [
        { url: 'https://a.example', apiVersion: 1 },
        { url: 'https://b.example', apiVersion: 2 },
      ],
      timestampAuthorities: ['http://tsa.example/stamp'],
    });
    assert.deepEqual([logs.needed, timestampAuthorities.needed], [2, 1]);
  });

  it('refuses what is no https URL', () => {
    for (const url of [
      'ftp://x',
      'x',
      'http://x.example',
      'https://user:secret@x.example',
      'https://x.example/#y',
      `https://${'x'.repeat(3000)}`,
    ])
      assert.throws(
        () => servicesFromUrls({ certificateAuthority: url }),
        (error) => !String(error).includes('secret'),
        url,
      );
    assert.ok(servicesFromUrls({ certificateAuthority: 'http://127.0.0.1:5555' }));
  });
});
