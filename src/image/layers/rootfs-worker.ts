import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { CaptureMatcher, transferables } from '../../filesystem/index.ts';
import { walkRootfs, type RootfsJob } from './rootfs-walk.ts';
import { toFailure, type FromWorker, type RootfsSetup, type ToWorker } from './worker-messages.ts';

/** Entry of the worker thread that reads a directory tree. */
function main(port: MessagePort, setup: RootfsSetup): void {
  const matcher = new CaptureMatcher(setup.plan);
  port.on('message', (message: ToWorker<RootfsJob>) => {
    if (message.kind !== 'job') return;
    try {
      const result = walkRootfs(message.job, { matcher, limits: setup.limits });
      port.postMessage({ kind: 'result', result } satisfies FromWorker, transferables(result.records));
    } catch (error) {
      port.postMessage({ kind: 'failure', failure: toFailure(error) } satisfies FromWorker, []);
    }
  });
}

if (parentPort) main(parentPort, workerData as RootfsSetup);
