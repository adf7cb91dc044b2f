// Here and in the extension host, which loads CommonJS only.

/** What is waited for comes within this time, or the test fails. */
const LIMIT = 30_000;

/** Waits until `look` gives something, and gives that. */
async function until(what, look, limit = LIMIT) {
  const end = Date.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen) {
      return seen;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${limit / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

exports.LIMIT = LIMIT;
exports.until = until;
