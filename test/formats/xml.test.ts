import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tryParseXml, type XmlElement } from '../../src/formats/index.ts';

const plain = (element: XmlElement | undefined): unknown =>
  element === undefined
    ? undefined
    : [element.name, element.text, Object.fromEntries(element.attributes), ...element.children.map(plain)];

describe('tryParseXml', () => {
  it('reads elements, text, attributes, references and CDATA; namespaces are left out', () => {
    const text = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y"> ]><!-- <no/> --><m:a xmlns:m="u" k='1 > 0' e="&lt;">
      x &amp; &#65;&#x42; &x; <b/><![CDATA[<c>]]><d>  z </d></m:a>`;
    assert.deepEqual(plain(tryParseXml(text)), [
      'a',
      'x & AB &x; <c>',
      { m: 'u', k: '1 > 0', e: '<' },
      ['b', '', {}],
      ['d', 'z', {}],
    ]);
  });

  it('goes on after tags that close wrongly or never', () => {
    assert.deepEqual(plain(tryParseXml('<a><b>1<c>2</b></x><d>3</a>')), [
      'a',
      '',
      {},
      ['b', '1', {}, ['c', '2', {}]],
      ['d', '3', {}],
    ]);
    assert.deepEqual(plain(tryParseXml('<a><b>1')), ['a', '', {}, ['b', '1', {}]]);
  });

  it('finds nothing in other text', () => {
    for (const text of ['', 'text', '<', '<!--', '<![CDATA[', '<?', '<!DOCTYPE', '</a>']) {
      assert.equal(tryParseXml(text), undefined);
    }
  });

  it('leaves out what is nested too deeply, and stops after so many elements', () => {
    const deep = tryParseXml(`${'<a>'.repeat(100_000)}x${'</a>'.repeat(100_000)}`);
    let depth = 0;
    for (let at = deep; at !== undefined; at = at.children[0]) depth += 1;
    assert.equal(depth, 64);
    assert.equal(tryParseXml(`<a>${'<b/>'.repeat(1000)}</a>`, { maxElements: 11 })?.children.length, 10);
  });

  it('takes linear time for what others choke on', () => {
    for (const text of [
      '<!x>',
      '<a b',
      '&#1;',
      '<a b="',
      "<a '",
      '</a>',
      '<!--',
      '<a ' + 'x'.repeat(60_000) + '>',
      ']]>',
      '<![',
    ]) {
      tryParseXml(`<r>${text.repeat(Math.ceil(2_000_000 / text.length))}`);
    }
  });

  it('never throws', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b c="d">',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&lt;',
      '<?',
      '?>',
      '<',
      '>',
      '"',
      'x',
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void tryParseXml(pieces.join(''))));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void tryParseXml(text)));
  });
});
