import { hash } from 'node:crypto';
import { parseStrictJson, redactSecrets, runHelper, safeText, type JsonValue, type Runtime } from '../../core/index.ts';
import {
  parsePublicKey,
  signatureHash,
  verifySignature,
  type KeySigner,
  type PublicKeyIdentity,
} from '../../keys/index.ts';
import { signingError } from '../errors.ts';
import { base64, base64Of, memberOf, textOf } from '../service/json-members.ts';

/** The protocol's name and version, first member of every request. */
export const PLUGIN_PROTOCOL = 'waybill-signer/1';

export interface PluginReference {
  /** A plain name, found on PATH, or an absolute path. */
  readonly command: string;
  /** Which of its keys; the plug-in's own language (a path, an ARN, a label). */
  readonly keyRef: string;
}

export interface PluginOptions extends PluginReference {
  readonly runtime: Pick<Runtime, 'env' | 'signal'>;
  /** Variables that the plug-in may see beside PATH, HOME, LANG, TMPDIR and every `WAYBILL_SIGNER_*`. */
  readonly passVariables?: readonly string[];
  /** For each request; a minute unless told, as people may have to touch a token. */
  readonly timeoutMs?: number;
  readonly runHelper?: typeof runHelper;
}

const PREFIX = 'plugin:';
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;
const COMMON_VARIABLES = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
const MAX_ANSWER_BYTES = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * `plugin:NAME#KEY` (the program `waybill-signer-NAME` on PATH) or `plugin:/absolute/path#KEY`; undefined for anything else.
 * @throws AppError SIGNER_PLUGIN_FAILED for a reference that starts so and is neither
 */
export function parsePluginReference(text: string): PluginReference | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const [program = '', ...key] = text.slice(PREFIX.length).split('#');
  const keyRef = key.join('#');
  if (keyRef !== '' && program.startsWith('/')) return { command: program, keyRef };
  if (keyRef !== '' && PLAIN_NAME.test(program)) return { command: `waybill-signer-${program}`, keyRef };
  throw signingError('SIGNER_PLUGIN_FAILED', 'a signer plug-in is named plugin:NAME#KEY or plugin:/absolute/path#KEY');
}

/**
 * A key that an external program holds: a KMS, an HSM, a token.
 *
 * **Protocol.** The program is started for each request, without a shell and arguments, with a scrubbed environment and a deadline. It reads one line of
 * JSON from standard input, writes one line of JSON to standard output, and exits with status 0. Standard error is for people. Binary values are base64.
 * A program that is given several lines answers them in their order; unknown members are ignored on both sides.
 *
 * | request | answer |
 * |---|---|
 * | `{"protocol":"waybill-signer/1","command":"public-key","keyRef":"..."}` | `{"publicKey":"-----BEGIN PUBLIC KEY-----..."}` |
 * | `{"protocol":"waybill-signer/1","command":"sign","keyRef":"...","algorithm":"ecdsa-p256","hash":"sha256","digest":"..."}` | `{"signature":"..."}` |
 * | the same for `"algorithm":"ed25519"`, with `"message":"..."` in place of `hash` and `digest` | `{"signature":"..."}` |
 * | any that fails | `{"error":"one sentence for people"}` |
 *
 * `algorithm` follows from the public key: `ecdsa-p256`, `ecdsa-p384`, `ecdsa-p521` (signatures in DER), `rsa` (PKCS#1 v1.5), `ed25519`. The program signs
 * the digest as it is, without hashing it again. Every signature is checked against the public key before it is used.
 * @throws AppError SIGNER_PLUGIN_FAILED, HELPER_NOT_FOUND, HELPER_FAILED, and those of reading public keys
 */
export async function openPluginSigner(options: PluginOptions): Promise<KeySigner> {
  const publicKey = parsePublicKey(textIn(await ask(options, { command: 'public-key' }), 'publicKey', options));
  return { publicKey, sign: (data) => signWith(options, publicKey, data) };
}

async function signWith(options: PluginOptions, publicKey: PublicKeyIdentity, data: Uint8Array): Promise<Uint8Array> {
  const { algorithm } = publicKey;
  const name = signatureHash(algorithm);
  const content =
    name === undefined ? { message: base64(data) } : { hash: name, digest: base64(hash(name, data, 'buffer')) };
  const answer = await ask(options, { command: 'sign', algorithm, ...content });
  const signature = base64Of(textIn(answer, 'signature', options));
  if (signature === undefined) throw failed(options, 'its signature is not base64');
  if (!verifySignature(publicKey, data, signature)) throw failed(options, 'its signature does not verify with its key');
  return signature;
}

async function ask(options: PluginOptions, request: Readonly<Record<string, string>>): Promise<JsonValue> {
  const { env, signal } = options.runtime;
  const passed = Object.keys(env).filter((name) => name.startsWith('WAYBILL_SIGNER_'));
  const variables = [...COMMON_VARIABLES, ...passed, ...(options.passVariables ?? [])];
  const { command, ...rest } = request;
  const result = await (options.runHelper ?? runHelper)({
    command: options.command,
    args: [],
    input: `${JSON.stringify({ protocol: PLUGIN_PROTOCOL, command, keyRef: options.keyRef, ...rest })}\n`,
    env: Object.fromEntries(variables.map((name) => [name, env[name]])),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxOutputBytes: MAX_ANSWER_BYTES,
    signal,
  });
  const answer = parseAnswer(result.stdout);
  const error = textOf(memberOf(answer, 'error'));
  if (error !== undefined) throw failed(options, harmless(error));
  if (result.exitCode !== 0) {
    throw failed(options, `it ended with status ${result.exitCode}: ${harmless(result.stderr) || 'it says nothing'}`);
  }
  if (answer === undefined) throw failed(options, 'its answer is not one line of JSON');
  return answer;
}

function parseAnswer(stdout: Uint8Array): JsonValue | undefined {
  try {
    return parseStrictJson(stdout, 'the answer', { maxBytes: MAX_ANSWER_BYTES, maxDepth: 8 });
  } catch {
    return undefined;
  }
}

function textIn(answer: JsonValue, name: string, options: PluginOptions): string {
  const text = textOf(memberOf(answer, name));
  if (text === undefined) throw failed(options, `its answer has no ${name}`);
  return text;
}

function harmless(text: string): string {
  return safeText(redactSecrets(text.trim()).replaceAll(/\s+/g, ' '), 300);
}

function failed(options: PluginOptions, why: string): Error {
  return signingError('SIGNER_PLUGIN_FAILED', `the signer plug-in ${options.command} failed: ${why}`);
}
