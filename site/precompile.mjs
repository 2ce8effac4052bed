// Compile Python files by the browser's own Python, which alone knows its bytecode:
//
//     node precompile.mjs FOLDER-OF-PYODIDE IN.zip OUT.zip START UNREAD [IN.zip OUT.zip ...]
//
// START are the modules that a page imports at first; empty: a library, all of it, without sources.
// The first job is the library, the last one oomlab; what that imports must be in the library.
// UNREAD are the folders and files whose sources nothing reads.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, ...jobs] = process.argv.slice(2);
try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
  const python = await loadPyodide({ indexURL: folder });
  const script = readFileSync(new URL("precompile.py", import.meta.url), "utf8");
  python.runPython(script);
  const compile = python.globals.get("compile_archive");
  for (let at = 0; at < jobs.length; at += 4) {
    python.FS.writeFile("/in.zip", readFileSync(jobs[at]));
    compile("/in.zip", "/out.zip", jobs[at + 2], jobs[at + 3]);
    writeFileSync(jobs[at + 1], python.FS.readFile("/out.zip"));
  }
  // What the last archive asks for must be in the first, the library that was made.
  const asked = python.globals.get("asked_for")("/in.zip");
  const lean = await loadPyodide({ indexURL: folder, stdLibURL: jobs[1] });
  lean.runPython(script);
  lean.globals.get("import_all")(asked);
} catch (wrong) {
  console.error(wrong.message);  // without the megabyte of the line that threw it
  process.exit(1);
}
