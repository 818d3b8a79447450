import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  attestStatement,
  createStatement,
  matchesPredicateType,
  matchSubject,
  pae,
  parseStatement,
  resolvePredicateType,
  signStatement,
} from '../../src/attestation/index.ts';
import { isAppError, LIMITS, parseDigest, sha256Digest } from '../../src/core/index.ts';

const SUBJECT = sha256Digest('an image');
const HEX = SUBJECT.slice('sha256:'.length);

function statement(changes: Record<string, unknown> = {}): Uint8Array {
  const base = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: HEX } }],
    predicateType: 'https://example.com/x',
    predicate: {},
  };
  return Buffer.from(JSON.stringify({ ...base, ...changes }));
}

describe('signStatement', () => {
  it("is cosign's statement of an image signature: no name, sorted annotations, an empty predicate", () => {
    assert.equal(
      Buffer.from(signStatement(SUBJECT, { zone: 'b', env: 'prod' })).toString(),
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${HEX}"},"annotations":{"env":"prod","zone":"b"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
    );
  });
});

describe('attestStatement', () => {
  it('embeds the predicate byte for byte', () => {
    const predicate = '{ "b": 1.0,\n "a": 12345678901234567890, "\\u0061b": [1e2] }\n';
    const payload = attestStatement({
      predicateType: 'https://cyclonedx.org/bom',
      predicateJson: Buffer.from(predicate),
      subjectName: 'registry.example.com/app',
      subject: SUBJECT,
    });
    assert.equal(
      Buffer.from(payload).toString(),
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example.com/app","digest":{"sha256":"${HEX}"}}],"predicateType":"https://cyclonedx.org/bom","predicate":${predicate}}`,
    );
  });

  it('refuses a predicate that would end its own member, or is not strict JSON', () => {
    const hostile = ['{},"subject":[]', '{"a":1,"a":2}', '', '{}{}', '\ufeff{}', '{"__proto__":{}}', '['.repeat(500)];
    for (const text of hostile) {
      const options = { predicateType: 'https://example.com/x', predicateJson: Buffer.from(text), subject: SUBJECT };
      assert.throws(() => attestStatement(options), { code: 'PREDICATE_INVALID' }, text.slice(0, 20));
    }
    const large = {
      predicateType: 'https://e.x/',
      predicateJson: Buffer.alloc(LIMITS.bundleBytes + 1, 32),
      subject: SUBJECT,
    };
    assert.throws(() => attestStatement(large), { code: 'PREDICATE_INVALID' });
  });

  it('round-trips any JSON predicate', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, name) => {
        fc.pre(!json.includes('__proto__'));
        const options = {
          predicateType: 'https://e.x/',
          predicateJson: Buffer.from(json),
          subject: SUBJECT,
          subjectName: name,
        };
        const parsed = parseStatement(attestStatement(options));
        assert.deepEqual(parsed.predicate, JSON.parse(json));
        assert.equal(parsed.subjects[0]?.name ?? '', name);
      }),
    );
  });
});

describe('createStatement', () => {
  it('refuses what its own parser would refuse: no subject, a bad digest', () => {
    const predicate = { predicateType: 'https://e.x/', predicateJson: Buffer.from('{}') };
    assert.throws(() => createStatement({ ...predicate, subjects: [] }), { code: 'STATEMENT_MALFORMED' });
    assert.throws(() => createStatement({ ...predicate, subjects: [{ digest: { sha256: 'XYZ' } }] }), {
      code: 'STATEMENT_MALFORMED',
    });
  });
});

describe('parseStatement', () => {
  it('accepts v0.1 and v1, and a statement without predicate', () => {
    const older = parseStatement(statement({ _type: 'https://in-toto.io/Statement/v0.1', predicate: undefined }));
    assert.equal(older.type, 'https://in-toto.io/Statement/v0.1');
    assert.equal(older.predicate, null);
  });

  it('refuses everything else', () => {
    const many = Array.from({ length: 1025 }, () => ({ digest: { sha256: HEX } }));
    const hostile: readonly Uint8Array[] = [
      Buffer.alloc(0),
      Buffer.from('[]'),
      Buffer.from('"x"'),
      Buffer.from([0xff, 0xfe]),
      statement({ _type: 'https://in-toto.io/Statement/v2' }),
      statement({ _type: null }),
      statement({ subject: [] }),
      statement({ subject: {} }),
      statement({ subject: many }),
      statement({ subject: ['x'] }),
      statement({ subject: [{ name: 'x' }] }),
      statement({ subject: [{ digest: {} }] }),
      statement({ subject: [{ digest: { sha256: HEX.toUpperCase() } }] }),
      statement({ subject: [{ digest: { sha256: [HEX] } }] }),
      statement({ subject: [{ name: 7, digest: { sha256: HEX } }] }),
      statement({ subject: [{ digest: { sha256: HEX }, annotations: [] }] }),
      statement({ predicateType: '' }),
      statement({ predicateType: 7 }),
      Buffer.from(`{"predicateType":"a","predicateType":"b",${Buffer.from(statement()).toString().slice(1)}`),
      statement({ predicate: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown }),
    ];
    for (const payload of hostile) {
      const shown = Buffer.from(payload).toString().slice(0, 160);
      assert.throws(() => parseStatement(payload), { code: 'STATEMENT_MALFORMED' }, shown);
    }
  });

  it('throws nothing but AppError for any bytes', () => {
    const near = fc.record({
      _type: fc.constant('https://in-toto.io/Statement/v1'),
      subject: fc.jsonValue(),
      predicateType: fc.jsonValue(),
    });
    const input = fc.oneof(
      fc.uint8Array(),
      near.map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          parseStatement(bytes);
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
    );
  });
});

describe('matchSubject', () => {
  it('compares algorithm and digest, never names or inherited members', () => {
    const parsed = parseStatement(
      statement({ subject: [{ name: SUBJECT, digest: { sha512: HEX, constructor: HEX } }] }),
    );
    assert.equal(matchSubject(parsed, SUBJECT), undefined);
    const sha512 = parseDigest(`sha512:${HEX}${HEX}`);
    assert.equal(matchSubject(parsed, sha512), undefined);
    assert.ok(matchSubject(parseStatement(statement({ subject: [{ digest: { sha512: `${HEX}${HEX}` } }] })), sha512));
    assert.ok(matchSubject(parseStatement(statement()), SUBJECT));
  });
});

describe('resolvePredicateType', () => {
  it('knows short names, takes URIs, refuses the rest', () => {
    assert.equal(resolvePredicateType('cyclonedx').uri, 'https://cyclonedx.org/bom');
    assert.equal(resolvePredicateType('https://example.com/mine/v1').uri, 'https://example.com/mine/v1');
    for (const name of ['', 'sbom', 'constructor', 'https://e.x/\u202e', 'https:// x']) {
      assert.throws(() => resolvePredicateType(name), { code: 'PREDICATE_TYPE_UNKNOWN' });
    }
  });

  it('accepts declared spellings only', () => {
    const cyclonedx = resolvePredicateType('cyclonedx');
    assert.equal(matchesPredicateType(cyclonedx, 'https://cyclonedx.org/bom/v1.4'), true);
    assert.equal(matchesPredicateType(cyclonedx, 'https://cyclonedx.org/bomb'), false);
    assert.equal(matchesPredicateType(cyclonedx, 'https://cyclonedx.org/vex'), false);
    assert.equal(
      matchesPredicateType(resolvePredicateType('slsaprovenance1'), 'https://slsa.dev/provenance/v0.2'),
      false,
    );
  });
});

describe('pae', () => {
  it('counts bytes, not characters', () => {
    assert.equal(Buffer.from(pae('té', Buffer.from('hello'))).toString(), 'DSSEv1 3 té 5 hello');
  });
});
