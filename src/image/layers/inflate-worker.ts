import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { ChunkInbox, withStoredBytes } from './chunk-inbox.ts';
import { ExpansionAccount } from './expansion-account.ts';
import type { LayerJob } from './layer-job.ts';
import { ChunkWriter } from './chunk-pipe.ts';
import { readStored } from './stored-pass.ts';
import { toFailure, type FromWorker, type InflateSetup, type ToWorker } from './worker-messages.ts';

/** Entry of the worker thread that reads, hashes and decompresses layers for another thread, which hashes and parses what comes out. */
function main(port: MessagePort, setup: InflateSetup): void {
  const progress = new BigInt64Array(setup.progress);
  const account = new ExpansionAccount(setup.expansion);
  const inbox = new ChunkInbox(port);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'job') void run(message.job);
    else inbox.receive(message);
  });

  async function run(job: LayerJob): Promise<void> {
    const writer = new ChunkWriter(setup.pipe);
    try {
      await withStoredBytes(job, inbox, (source) =>
        readStored(job, source, {
          limits: setup.limits,
          account,
          onData: (chunk, isOwn) => writer.write(chunk, isOwn),
          onProgress: (bytes) => void Atomics.add(progress, 0, BigInt(bytes)),
        }),
      );
      writer.close(true);
      port.postMessage({ kind: 'stored' } satisfies FromWorker, []);
    } catch (error) {
      writer.close(false);
      port.postMessage({ kind: 'failure', failure: toFailure(error) } satisfies FromWorker, []);
    }
  }
}

if (parentPort) main(parentPort, workerData as InflateSetup);
