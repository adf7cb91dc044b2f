// VS Code as code-server has it: the server with its extensions, and its workbench in Chromium.

import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { LIMIT } from "./until.cjs";

/** Starts VS Code's server with what is given. `close` ends it with all that it started. */
export async function startServer({ program, directory, extensions, settings, environment }) {
  rmSync(directory, { recursive: true, force: true });
  const [data, installed] = [join(directory, "data"), join(directory, "extensions")];
  mkdirSync(join(data, "data/User"), { recursive: true });
  mkdirSync(join(data, "data/Machine"), { recursive: true });
  writeFileSync(join(data, "data/Machine/settings.json"), JSON.stringify(settings));
  mkdirSync(installed, { recursive: true });
  // No gallery: nothing is asked of the network.
  const env = { ...process.env, ...environment, EXTENSIONS_GALLERY: '{"serviceUrl":""}', HOME: directory };
  const common = ["--server-data-dir", data, "--extensions-dir", installed, "--accept-server-license-terms"];
  const install = extensions.flatMap((vsix) => ["--install-extension", vsix]);
  const told = spawnSync(process.execPath, [program, ...common, ...install], { env, timeout: LIMIT, encoding: "utf8" });
  if (told.status !== 0 || /Failed Installing/.test(told.stderr)) {
    throw new Error(`the extensions were not installed: ${told.stdout}${told.stderr}`);
  }
  const port = await freePort();
  const flags = ["--host", "127.0.0.1", "--port", String(port), "--without-connection-token", "--telemetry-level", "off"];
  const server = spawn(process.execPath, [program, ...common, ...flags, "--disable-workspace-trust"], {
    env,
    // It complains of modules that are not compiled here, and that it can do without.
    stdio: ["ignore", "pipe", openSync(join(directory, "complaints.log"), "w")],
    // A group of its own, so that what it starts ends with it.
    detached: true,
  });
  await within(LIMIT, "the server of VS Code", (resolve) => {
    server.stdout.on("data", (text) => String(text).includes("Extension host agent listening") && resolve());
    server.on("exit", resolve);
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      try {
        process.kill(-server.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    },
  };
}

export function startBrowser(program) {
  const quiet = ["--disable-gpu", "--disable-background-networking", "--disable-sync", "--disable-component-update", "--no-first-run"];
  return chromium.launch({ executablePath: program, args: ["--no-sandbox", ...quiet], timeout: LIMIT });
}

/** The address of the workbench with a `folder` or a `workspace`, and paths that it is told. */
export function address(origin, kind, place, told) {
  const payload = Object.entries(told).map(([key, path]) => [key, `vscode-remote://${new URL(origin).host}${path}`]);
  return `${origin}/?${kind}=${encodeURIComponent(place)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function within(limit, what, start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} took longer than ${limit / 1000} s`)), limit);
    start((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
