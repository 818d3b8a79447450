import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { CaptureMatcher, transferables } from '../../filesystem/index.ts';
import { ChunkInbox, withStoredBytes } from './chunk-inbox.ts';
import { ExpansionAccount } from './expansion-account.ts';
import { drainChunks } from './chunk-pipe.ts';
import type { LayerJob, LayerResult } from './layer-job.ts';
import { LayerPass } from './layer-pass.ts';
import { readStored } from './stored-pass.ts';
import { toFailure, type FromWorker, type ParseSetup, type ToWorker } from './worker-messages.ts';

/** Entry of the worker thread that hashes and parses layers, one after another, and without another thread that does it decompresses them too. */
function main(port: MessagePort, setup: ParseSetup): void {
  const matcher = new CaptureMatcher(setup.plan);
  const progress = new BigInt64Array(setup.progress);
  const account = new ExpansionAccount(setup.expansion);
  const inbox = new ChunkInbox(port);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'job') void run(message.job);
    else inbox.receive(message);
  });

  async function run(job: LayerJob): Promise<void> {
    try {
      const pass = new LayerPass(job, matcher, setup.limits);
      const result = setup.pipe ? readPipe(pass) : await readAlone(job, pass);
      // undefined: the bytes were not what they should be, and the other thread says how
      if (result) port.postMessage({ kind: 'result', result } satisfies FromWorker, transferables(result.records));
      else port.postMessage({ kind: 'stored' } satisfies FromWorker, []);
    } catch (error) {
      port.postMessage({ kind: 'failure', failure: toFailure(error) } satisfies FromWorker, []);
    }
  }

  function readPipe(pass: LayerPass): LayerResult | undefined {
    const good = setup.pipe && drainChunks(setup.pipe, (chunk) => pass.write(chunk));
    return good ? pass.finish() : undefined;
  }

  async function readAlone(job: LayerJob, pass: LayerPass): Promise<LayerResult> {
    await withStoredBytes(job, inbox, (source) =>
      readStored(job, source, {
        limits: setup.limits,
        account,
        onData: (chunk) => pass.write(chunk),
        onProgress: (bytes) => void Atomics.add(progress, 0, BigInt(bytes)),
      }),
    );
    return pass.finish();
  }
}

if (parentPort) main(parentPort, workerData as ParseSetup);
