import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ledgerDocument } from '../../src/ledger/index.ts';
import { schemaValidator } from '../support/cli/schemas.ts';
import { sampleLedger } from './sample.ts';

describe('ledgerDocument', () => {
  it('is lines of its schema: the image, packages, files, findings; the same bytes every time', () => {
    const subject = { tool: { name: 'waybill', version: '1' }, catalogers: [{ id: 'dpkg', version: 1 }] };
    const document = ledgerDocument(sampleLedger(), subject);
    const text = Buffer.from(document.bytes).toString();
    assert.ok(text.endsWith('}\n'));
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly kind: string });
    const validate = schemaValidator('ledger');
    for (const line of lines) assert.ok(validate(line), `${JSON.stringify(line)}: ${JSON.stringify(validate.errors)}`);
    const kinds = lines.map(({ kind }) => kind).filter((kind, index, all) => kind !== all[index - 1]);
    assert.deepEqual(kinds, ['ledger', 'package', 'rule', 'file', 'missing', 'not-checked']);
    assert.deepEqual(ledgerDocument(sampleLedger(), subject), document);
    assert.match(document.digest, /^sha256:[0-9a-f]{64}$/);
  });

  it('holds nothing that a terminal or a CI runner acts on, however the image is named', () => {
    const hostile = '\u009b2J\u202e ##[error]x';
    const subject = { platform: hostile, tool: { name: 'waybill', version: '1' }, catalogers: [] };
    const text = Buffer.from(ledgerDocument(sampleLedger(), subject).bytes).toString();
    assert.doesNotMatch(text, /[\u0080-\u009f\u202e]|##\[/);
    const [first] = text.split('\n');
    assert.ok(JSON.stringify(JSON.parse(first ?? '')).includes(hostile));
  });
});
