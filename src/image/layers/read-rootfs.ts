import { realpath } from 'node:fs/promises';
import { abortError, throwIfAborted, workerUrl } from '../../core/index.ts';
import type { CapturePlan, LayerStack } from '../../filesystem/index.ts';
import { refusePartial } from './captured-layers.ts';
import { layerError } from './errors.ts';
import { DEFAULT_LAYER_LIMITS, needsSecondLook, NO_SECOND_LOOK, type LayerLimits } from './layer-job.ts';
import { LayerThread } from './layer-thread.ts';
import type { RootfsJob } from './rootfs-walk.ts';
import type { RootfsSetup } from './worker-messages.ts';

export interface ReadRootfsOptions {
  /** The directory; links in this path itself are followed. */
  readonly path: string;
  readonly plan: CapturePlan;
  readonly limits?: Partial<LayerLimits>;
  /** As for `readLayers`. */
  readonly allowsPartial?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads an unpacked root file system (`dir:ROOTFS`) in a worker thread, as one layer with the number -1. Never leaves the directory: links
 * inside are recorded and not followed, devices and pipes not opened, mounted file systems not entered. Names are kept byte for byte.
 * @throws AppError ROOTFS_NOT_FOUND, LAYER_TOO_MANY_ENTRIES, LAYER_CAPTURES_TOO_LARGE, INTERRUPTED
 */
export async function readRootfs(options: ReadRootfsOptions): Promise<LayerStack> {
  const { signal } = options;
  throwIfAborted(signal);
  const path = await realpath(options.path).catch((cause: unknown) => {
    throw layerError('ROOTFS_NOT_FOUND', `there is no directory ${options.path}`, { cause });
  });
  const setup: RootfsSetup = { plan: options.plan, limits: { ...DEFAULT_LAYER_LIMITS, ...options.limits } };
  const thread = new LayerThread<RootfsJob>(workerUrl(import.meta.url, 'rootfs-worker'), setup);
  const onAbort = (): void => thread.stop(abortError(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    let result = await thread.run({ path, secondLook: NO_SECOND_LOOK }, undefined);
    if (result && needsSecondLook(result)) result = await thread.run({ path, secondLook: result.missing }, undefined);
    if (!result) throw new Error('the worker gave no result');
    if (options.allowsPartial !== true) refusePartial(result);
    return { layers: [result.records], firstLayer: -1, diagnostics: result.diagnostics };
  } finally {
    signal.removeEventListener('abort', onAbort);
    await thread.terminate();
  }
}
