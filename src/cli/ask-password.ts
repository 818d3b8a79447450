import { coreError } from '../core/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Asks for a password on the terminal without showing it. The environment variable (if set, even empty) answers instead, so that CI never hangs.
 * @throws AppError USAGE when there is neither variable nor terminal; INTERRUPTED on Ctrl-C
 */
async function askPassword(prompt: string, env: Environment): Promise<string> {
  const given = env['COSIGN_PASSWORD'] ?? env['WAYBILL_PASSWORD'];
  if (given !== undefined) return given;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw coreError('USAGE', `${prompt}: there is no terminal to ask on`, {
      hint: 'set COSIGN_PASSWORD (empty for no password)',
    });
  }
  return readHidden(`${prompt}: `);
}

/**
 * Asks twice, as a password that nobody can repeat is a lost key.
 * @throws AppError USAGE when the two differ, and as `askPassword`
 */
export async function askNewPassword(prompt: string, env: Environment): Promise<string> {
  const password = await askPassword(prompt, env);
  if ((await askPassword(`${prompt}, again`, env)) === password) return password;
  throw coreError('USAGE', 'the two passwords differ', { hint: 'run the command again' });
}

function readHidden(prompt: string): Promise<string> {
  const { stdin } = process;
  // before the prompt: what is typed ahead must not be shown either
  stdin.setRawMode(true);
  process.stderr.write(prompt);
  stdin.resume();
  stdin.setEncoding('utf8');
  let answer = '';
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.removeListener('data', onData);
      process.stderr.write('\n');
      if (error) reject(error);
      else resolve(answer);
    };
    const onData = (chunk: string): void => {
      for (const char of chunk) {
        if (char === '\r' || char === '\n' || char === '\u0004') return finish();
        if (char === '\u0003') return finish(coreError('INTERRUPTED', 'interrupted'));
        if (char === '\u007f' || char === '\b') answer = answer.slice(0, -1);
        else answer += char;
      }
    };
    stdin.on('data', onData);
  });
}

/** A private key file as use cases take it; its password is asked for only when it turns out to be encrypted. */
export function keyAccess(
  keyFile: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly keyFile: string; readonly password: () => Promise<string> } {
  return { keyFile, password: () => askPassword(`Password for ${keyFile}`, env) };
}
