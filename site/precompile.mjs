// Compile Python files by the browser's own Python, which alone knows its bytecode:
//
//     node precompile.mjs FOLDER-OF-PYODIDE IN.zip OUT.zip START [IN.zip OUT.zip START ...]
//
// START are the modules that a page imports at first; empty: a library, all of it, without sources.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, ...jobs] = process.argv.slice(2);
try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
  const python = await loadPyodide({ indexURL: folder });
  python.runPython(readFileSync(new URL("precompile.py", import.meta.url), "utf8"));
  const compile = python.globals.get("compile_archive");
  for (let at = 0; at < jobs.length; at += 3) {
    python.FS.writeFile("/in.zip", readFileSync(jobs[at]));
    compile("/in.zip", "/out.zip", jobs[at + 2]);
    writeFileSync(jobs[at + 1], python.FS.readFile("/out.zip"));
  }
} catch (wrong) {
  console.error(wrong.message);  // without the megabyte of the line that threw it
  process.exit(1);
}
