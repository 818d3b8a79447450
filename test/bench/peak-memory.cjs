// Preloaded into a measured program: writes the peak resident set of the whole process, in bytes, to the file that BENCH_PEAK_FILE names.
const { isMainThread } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');

if (isMainThread && process.env.BENCH_PEAK_FILE) {
  process.on('exit', () => writeFileSync(process.env.BENCH_PEAK_FILE, String(process.resourceUsage().maxRSS * 1024)));
}
