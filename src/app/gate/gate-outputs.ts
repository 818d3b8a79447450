import { splitOutput, writeFileAtomic } from '../../core/index.ts';
import { canonicalDecision, type Decision } from '../../policy/index.ts';
import { appError } from '../errors.ts';

/** How a decision can be written. `json` is the decision itself, canonical; the others are made for people and other tools. */
export const GATE_FORMATS = ['text', 'json', 'sarif', 'junit', 'markdown', 'github'] as const;

export type GateFormat = (typeof GATE_FORMATS)[number];

/** One `-o` of the command line. */
export interface GateOutput {
  readonly format: GateFormat;
  /** Absent: standard output. */
  readonly file?: string;
}

/** Spells a decision for standard output or a file; without a newline at the end. */
export type DecisionSpeller = (decision: Decision, output: GateOutput) => string;

/**
 * Reads `FORMAT[=FILE]` of every `-o`; the file `-` is standard output. Text goes to standard output unless another output does.
 * @param options.json standard output is for the report
 * @throws AppError OUTPUT_FORMAT_UNKNOWN, OUTPUT_CONFLICT
 */
export function parseGateOutputs(texts: readonly string[], options: { readonly json: boolean }): readonly GateOutput[] {
  const outputs = texts.map(parseGateOutput);
  const toStdout = outputs.filter((output) => output.file === undefined);
  if (toStdout.length > 1) {
    throw appError('OUTPUT_CONFLICT', 'two outputs go to stdout', {
      hint: `give all but one a file: -o ${toStdout[1]?.format}=FILE`,
    });
  }
  if (toStdout[0] !== undefined && options.json) {
    throw appError('OUTPUT_CONFLICT', `--json and -o ${toStdout[0].format} both want stdout`, {
      hint: `give the output a file: -o ${toStdout[0].format}=FILE`,
    });
  }
  return toStdout.length === 0 && !options.json ? [{ format: 'text' }, ...outputs] : outputs;
}

function parseGateOutput(text: string): GateOutput {
  const { format: name, ...target } = splitOutput(text);
  const format = GATE_FORMATS.find((known) => known === name);
  if (format === undefined || target.file === '') {
    const reason = format === undefined ? `no format ${JSON.stringify(name.slice(0, 80))}` : 'the file name is missing';
    throw appError('OUTPUT_FORMAT_UNKNOWN', `cannot write ${JSON.stringify(text.slice(0, 200))}: ${reason}`, {
      hint: `use ${GATE_FORMATS.join(', ')}, and =FILE to write to a file`,
    });
  }
  return { format, ...target };
}

/** Files that outputs go to. */
export function outputFilesOf(outputs: readonly GateOutput[]): readonly string[] {
  return outputs.flatMap((output) => output.file ?? []);
}

/** Writes the outputs that go to files, and returns what goes to standard output. */
export async function writeGateOutputs(
  decision: Decision,
  outputs: readonly GateOutput[],
  spell: DecisionSpeller,
): Promise<string> {
  let stdout = '';
  for (const output of outputs) {
    if (output.file === undefined) stdout = spell(decision, output);
    else {
      const text = output.format === 'json' ? canonicalDecision(decision) : spell(decision, output);
      await writeFileAtomic(output.file, `${text}\n`, { ifExists: 'replace' });
    }
  }
  return stdout;
}
