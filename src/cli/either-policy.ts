import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { coreError } from '../core/index.ts';

/** The policy file as the argument of commands that may also have it from `--policy`. */
export const eitherPolicyArg = stringArg({ name: 'FILE', description: 'Policy file (YAML or JSON).', required: false });

/** The policy file as gate commands take it, for commands that take it as an argument too. */
export const eitherPolicyFlag = string({ summary: 'Policy file, in place of the argument.', helpValue: 'FILE' });

/** The file that was named, as an argument or with `--policy`. @throws AppError USAGE unless exactly one of them was given */
export function eitherPolicy(argument: string | undefined, flag: string | undefined): string {
  if (argument !== undefined && flag !== undefined) {
    throw coreError('USAGE', 'the policy file is given twice: as an argument and with --policy');
  }
  const file = argument ?? flag;
  if (file !== undefined) return file;
  throw coreError('USAGE', 'no policy file is given', { hint: 'name it as an argument, or with --policy FILE' });
}
