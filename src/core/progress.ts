/** What long work reports. Shown on stderr when it is a terminal; ignored elsewhere. */
export type ProgressEvent =
  | { readonly kind: 'phase'; readonly label: string }
  | {
      readonly kind: 'layers';
      /** Compressed bytes read so far, over all layers. */
      readonly doneBytes: number;
      /** Compressed bytes of all layers. */
      readonly totalBytes: number;
      readonly doneLayers: number;
      readonly totalLayers: number;
    }
  | {
      readonly kind: 'transfer';
      readonly label: string;
      readonly doneBytes: number;
      readonly totalBytes: number | undefined;
    }
  | { readonly kind: 'warning'; readonly message: string };

export type ProgressListener = (event: ProgressEvent) => void;
