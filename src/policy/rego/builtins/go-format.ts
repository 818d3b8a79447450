import { isList, termText, type RegoNumber, type Term } from './term.ts';

/** What Go's `fmt` is given for a term: OPA turns everything but strings and numbers into text first. */
type Operand =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'int64'; readonly value: bigint }
  | { readonly kind: 'float64'; readonly value: number };

interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly verb: string;
}

const DIRECTIVE = /%([-+# 0]*)([1-9][0-9]{0,3})?(?:\.([0-9]{0,3}))?(.)?/gsu;

/**
 * Go's `fmt.Sprintf` as OPA's `sprintf` calls it. Numbers beyond 64 bits, `*` and explicit argument indexes are not supported.
 * @throws Error for what is not supported
 * @see https://pkg.go.dev/fmt
 */
export function goSprintf(format: string, terms: readonly Term[]): string {
  const operands = terms.map(operandOf);
  let used = 0;
  const text = format.replaceAll(
    DIRECTIVE,
    (_all, flags: string, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (verb === '*' || verb === '[' || verb === '.') throw new Error(`sprintf: %${verb} is not supported`);
      const operand = operands[used];
      if (operand === undefined) return `%!${verb}(MISSING)`;
      used += 1;
      const directive = {
        flags,
        width: Number(width ?? 0),
        precision: precision === undefined ? undefined : Number(precision),
        verb,
      };
      return pad(formatOperand(operand, directive), directive, operand.kind !== 'string');
    },
  );
  const extra = operands.slice(used);
  if (extra.length === 0) return text;
  return `${text}%!(EXTRA ${extra.map((operand) => `${operand.kind === 'int64' ? 'int64' : operand.kind}=${plain(operand)}`).join(', ')})`;
}

function operandOf(term: Term): Operand {
  if (typeof term === 'string') return { kind: 'string', text: term };
  if (typeof term === 'object' && term !== null && !isList(term) && 'number' in term) return numberOperand(term);
  return { kind: 'string', text: termText(term, goQuote) };
}

function numberOperand({ number }: RegoNumber): Operand {
  if (/[.eE]/.test(number)) return { kind: 'float64', value: Number(number) };
  const value = BigInt(number);
  if (BigInt.asIntN(64, value) !== value) throw new Error('sprintf: numbers beyond 64 bits are not supported');
  return { kind: 'int64', value };
}

function plain(operand: Operand): string {
  if (operand.kind === 'string') return operand.text;
  return operand.kind === 'int64' ? String(operand.value) : shortFloat(operand.value);
}

function formatOperand(operand: Operand, directive: Directive): string {
  const text =
    operand.kind === 'string'
      ? formatString(operand.text, directive)
      : operand.kind === 'int64'
        ? formatInteger(operand.value, directive)
        : formatFloat(operand.value, directive);
  return text ?? `%!${directive.verb}(${operand.kind}=${plain(operand)})`;
}

function formatString(text: string, { verb, precision, flags }: Directive): string | undefined {
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('');
  switch (verb) {
    case 'v':
      if (flags.includes('#')) return goQuote(cut);
      return cut;
    case 's':
      return cut;
    case 'q':
      return goQuote(cut);
    case 'x':
    case 'X': {
      const hex = Buffer.from(cut).toString('hex');
      return verb === 'x' ? hex : hex.toUpperCase();
    }
    default:
      return undefined;
  }
}

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, x: 16, X: 16, o: 8, b: 2 };

function formatInteger(value: bigint, { verb, precision, flags }: Directive): string | undefined {
  if (verb === 'c') return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\u{FFFD}';
  if (!Object.hasOwn(BASES, verb)) return undefined;
  const digits = (value < 0n ? -value : value).toString(BASES[verb]).padStart(precision ?? 1, '0');
  const prefix = flags.includes('#') ? ({ x: '0x', X: '0X', o: '0', b: '0b' }[verb] ?? '') : '';
  return signOf(value < 0n, flags) + prefix + (verb === 'X' ? digits.toUpperCase() : digits);
}

function formatFloat(value: number, { verb, precision, flags }: Directive): string | undefined {
  const size = Math.abs(value);
  const sign = signOf(value < 0 || Object.is(value, -0), flags);
  switch (verb) {
    case 'f':
    case 'F':
      return sign + size.toFixed(precision ?? 6);
    case 'e':
      return sign + twoDigitExponent(size.toExponential(precision ?? 6));
    case 'v':
    case 'g':
      if (precision !== undefined) throw new Error(`sprintf: %.${precision}${verb} is not supported`);
      return sign + shortFloat(size);
    default:
      return undefined;
  }
}

/** The shortest text that reads back as the same number, as Go's `%g` chooses its form: with an exponent below 0.0001 and from a million on. */
function shortFloat(value: number): string {
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) return twoDigitExponent(`${mantissa}e${power}`);
  const digits = mantissa.replace(/[-.]/g, '');
  const sign = mantissa.startsWith('-') ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return sign + whole + (fraction === '' ? '' : `.${fraction}`);
}

function twoDigitExponent(text: string): string {
  return text.replace(
    /e([+-]?)([0-9]+)$/,
    (_all, sign: string, digits: string) => `e${sign || '+'}${digits.padStart(2, '0')}`,
  );
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

function pad(text: string, { flags, width, precision, verb }: Directive, numeric: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  const zeros = flags.includes('0') && (numeric ? precision === undefined || 'feg'.includes(verb) : true);
  if (!zeros) return ' '.repeat(missing) + text;
  const sign = numeric ? (/^[-+ ]/.exec(text)?.[0] ?? '') : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** Go's `strconv.Quote`: what cannot be printed is escaped. */
export function goQuote(text: string): string {
  const inner = text.replaceAll(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
    const known = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
    if (known !== undefined) return known;
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${inner}"`;
}
