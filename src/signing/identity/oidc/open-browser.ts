import { isAppError, runHelper, type Runtime } from '../../../core/index.ts';

const OPENERS: Readonly<Record<string, string>> = { darwin: 'open', linux: 'xdg-open' };
/** What programs that open browsers need to find the user's session. */
const VARIABLES = [
  'PATH',
  'HOME',
  'LANG',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_RUNTIME_DIR',
  'XDG_CURRENT_DESKTOP',
  'XDG_SESSION_TYPE',
  'DBUS_SESSION_BUS_ADDRESS',
  'BROWSER',
];

/** Tries to open a web page in the user's browser; false when that cannot be done, which is no error: the URL is shown as well. */
export async function openBrowser(
  url: URL,
  runtime: Pick<Runtime, 'env' | 'signal'>,
  platform: string,
): Promise<boolean> {
  const command = Object.hasOwn(OPENERS, platform) ? OPENERS[platform] : undefined;
  if (command === undefined) return false;
  try {
    const { exitCode } = await runHelper({
      command,
      args: [url.href],
      env: Object.fromEntries(VARIABLES.map((name) => [name, runtime.env[name]])),
      timeoutMs: 10_000,
      maxOutputBytes: 64 * 1024,
      signal: runtime.signal,
    });
    return exitCode === 0;
  } catch (error) {
    if (isAppError(error) && error.code !== 'INTERRUPTED') return false;
    throw error;
  }
}
