import type { Term } from './term.ts';

/**
 * A built-in function of Rego that compiled policies leave to their host. It depends on nothing but its operands: no clock, no randomness, no network, no
 * files. The deadline of the evaluation bounds what it costs.
 */
export interface HostBuiltin {
  /** As in OPA: `time.parse_rfc3339_ns`. */
  readonly name: string;
  /**
   * Gives what OPA gives for the same operands; undefined where OPA has an error, which makes the expression undefined there too.
   * @throws Error for what OPA can do and this function cannot: the evaluation ends with REGO_TRAP instead of another result
   */
  call(...operands: readonly Term[]): Term | undefined;
}
