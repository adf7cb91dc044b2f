// Makes images/icon.png from images/icon.svg, which the marketplace does not take. `node scripts/icon.mjs CHROMIUM`

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [chromium = "chromium"] = process.argv.slice(2);
const image = (name) => fileURLToPath(new URL(`../images/${name}`, import.meta.url));
execFileSync(chromium, [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--hide-scrollbars",
  "--default-background-color=00000000",
  "--window-size=128,128",
  `--screenshot=${image("icon.png")}`,
  image("icon.svg"),
]);
