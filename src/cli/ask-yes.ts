import { coreError } from '../core/index.ts';
import { askLine } from './ask-text.ts';

/**
 * Asks a question on the terminal; anything but yes is no. CI never hangs.
 * @throws AppError USAGE when there is no terminal to ask on; INTERRUPTED on Ctrl-C
 */
export async function askYes(question: string, hint: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw coreError('USAGE', `${question.split('\n').at(-1)}: there is no terminal to ask on`, { hint });
  }
  return /^y(?:es)?$/i.test((await askLine(`${question}? [y/N] `)) ?? '');
}
