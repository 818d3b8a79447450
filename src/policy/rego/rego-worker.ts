import { parentPort } from 'node:worker_threads';
import { isAppError } from '../../core/index.ts';
import { evaluateModule } from './evaluate-module.ts';
import { compilePolicyModule } from './wasm-module.ts';
import type { RegoAnswer, RegoJob } from './worker-messages.ts';

function serve(port: NonNullable<typeof parentPort>): void {
  const modules = new Map<string, WebAssembly.Module>();
  const answer = (message: RegoAnswer): void => port.postMessage(message);
  const run = async (job: RegoJob): Promise<string> => {
    const module = modules.get(job.moduleDigest) ?? compilePolicyModule(job.module);
    modules.set(job.moduleDigest, module);
    return evaluateModule(module, { ...job, moduleBytes: job.module.byteLength });
  };
  port.on('message', (job: RegoJob) => {
    run(job).then(
      (json) => answer({ kind: 'result', json }),
      (error: unknown) =>
        answer({
          kind: 'failure',
          code: isAppError(error) ? error.code : undefined,
          message: error instanceof Error ? error.message : String(error),
        }),
    );
  });
  answer({ kind: 'ready' });
}

if (parentPort !== null) serve(parentPort);
