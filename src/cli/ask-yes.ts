import { createInterface } from 'node:readline';
import { coreError } from '../core/index.ts';

/**
 * Asks a question on the terminal; anything but yes is no. CI never hangs.
 * @throws AppError USAGE when there is no terminal to ask on; INTERRUPTED on Ctrl-C
 */
export async function askYes(question: string, hint: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw coreError('USAGE', `${question.split('\n').at(-1)}: there is no terminal to ask on`, { hint });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.on('SIGINT', () => reject(coreError('INTERRUPTED', 'interrupted')));
      // the end of input is no answer
      lines.on('close', () => resolve(''));
      lines.question(`${question}? [y/N] `, resolve);
    });
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
