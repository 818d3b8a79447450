import type { JsonValue } from '../../../core/index.ts';
import { answerJson, callService } from '../../service/call-service.ts';
import { memberOf, textOf } from '../../service/json-members.ts';
import type { IdentityContext } from '../contract.ts';

export interface FormAnswer {
  readonly json: JsonValue;
  /** OAuth's error code, of answers that are refusals. */
  readonly error?: string;
}

/**
 * Posts a form to an endpoint of OAuth 2. The refusals that the protocol foresees (status 400 and 401 with an error code) are answers.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export async function postForm(
  url: URL,
  fields: Readonly<Record<string, string>>,
  context: IdentityContext,
): Promise<FormAnswer> {
  const call = {
    what: 'the issuer of identities',
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: Buffer.from(new URLSearchParams(fields).toString()),
    timeLimitMs: 30_000,
    maxAnswerBytes: 256 * 1024,
    accept: [400, 401],
    secrets: Object.values(fields).filter((value) => value.length >= 24),
    signal: context.runtime.signal,
  } as const;
  const answer = await callService(context.client, call);
  const json = answerJson(answer, call);
  const error = textOf(memberOf(json, 'error')) ?? (answer.status >= 400 ? 'invalid_request' : undefined);
  return { json, ...(error === undefined ? {} : { error: error.replaceAll(/[^a-z_]/g, '').slice(0, 60) }) };
}
