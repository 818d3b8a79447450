import { createInterface } from 'node:readline';
import { coreError } from '../core/index.ts';

export interface TextQuestion {
  /** Without a colon. */
  readonly question: string;
  /** What an empty answer means; without one, the question is asked again. */
  readonly otherwise?: string;
}

/** How often somebody who gives no answer is asked again. */
const MAX_TRIES = 5;

/** Whether there is somebody to ask: a terminal on both sides, and no CI. */
export function canAsk(env: Readonly<Record<string, string | undefined>>): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && (env['CI'] ?? '') === '';
}

/**
 * Asks for a line of text on the terminal, where `canAsk`.
 * @throws AppError INTERRUPTED on Ctrl-C, USAGE when no answer is given
 */
export async function askText({ question, otherwise }: TextQuestion): Promise<string> {
  const shown = otherwise === undefined || otherwise === '' ? `${question}: ` : `${question} [${otherwise}]: `;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const answer = (await askLine(shown)) ?? '';
    if (answer !== '') return answer;
    if (otherwise !== undefined) return otherwise;
  }
  throw coreError('USAGE', `${question}: no answer was given`);
}

/** One line of answer without blanks around it; undefined at the end of input. @throws AppError INTERRUPTED on Ctrl-C */
export async function askLine(prompt: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      lines.on('SIGINT', () => reject(coreError('INTERRUPTED', 'interrupted')));
      // the end of input is no answer
      lines.on('close', () => resolve(undefined));
      lines.question(prompt, (answer) => resolve(answer.trim()));
    });
  } finally {
    lines.close();
  }
}
