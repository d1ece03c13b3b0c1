// Runs every scenario in WebAssembly and compares it with its line in scenarios/expected.txt, then
// holds the module to what its documentation says of arguments and errors.
//
//   node parity.mjs DIST_DIR SCENARIOS_DIR

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [distDir, scenariosDir] = process.argv.slice(2);
const fleetcast = await import(pathToFileURL(resolve(distDir, "worker.js")));
await fleetcast.default({ module_or_path: await readFile(join(distDir, "worker_bg.wasm")) });

let passed = 0;
let failed = 0;

async function test(claim, body) {
  const begun = performance.now();
  try {
    await body();
    passed += 1;
    console.log(`wasm ${claim} ... ok (${Math.round(performance.now() - begun)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`wasm ${claim} ... FAILED`);
    console.log(error.problems ? JSON.stringify(error.problems, null, 2) : error);
  }
}

// Scenarios.

const names = (await readdir(scenariosDir, { recursive: true })).map((name) => name.replaceAll("\\", "/"));
const scenarios = names.filter((name) => /^[^/]+\.(toml|json)$/.test(name)).sort();
const [header, ...lines] = (await readFile(join(scenariosDir, "expected.txt"), "utf8")).trimEnd().split("\n");
assert.match(header, /^# scenario /);
const expected = new Map(lines.map((line) => [line.split(" ", 1)[0], line]));

/** The files whose name stands in the text. */
async function filesOf(text) {
  const named = names.filter((name) => /\.(csv|gz)$/.test(name) && text.includes(name));
  return new Map(await Promise.all(named.map(async (name) => [name, await readFile(join(scenariosDir, name))])));
}

for (const name of scenarios) {
  await test(`${name} gives its expected line`, async () => {
    const text = await readFile(join(scenariosDir, name), "utf8");
    const report = fleetcast.run(name, text, await filesOf(text));
    assert.equal(fleetcast.expectedLine(name, report), expected.get(name));
  });
}
await test("every expected line has its scenario", () => {
  assert.deepEqual([...expected.keys()], scenarios);
});

// Arguments and errors.

const SCENARIO = `
name = "two VMs, one host"
[host-models.small]
cpu = 2
memory = "4 GiB"
[[pools]]
name = "kvm"
hosts = { model = "small", count = 1 }
[[demand]]
name = "vms"
trace = "requests.csv"
`;
const REQUESTS = new TextEncoder().encode("arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n60,120,2,1024\n");
const asObject = { "requests.csv": REQUESTS };
const asMap = new Map(Object.entries(asObject));

await test("files are an object or a map", () => {
  const report = fleetcast.run("two.toml", SCENARIO, asObject);
  assert.deepEqual([report.requests, report.placed, report.refused], [2, 1, 1]);
  assert.deepEqual(fleetcast.run("two.toml", SCENARIO, asMap), report);
});
await test("maps of the report are objects", () => {
  const report = fleetcast.run("two.toml", SCENARIO, asMap);
  assert.deepEqual(Object.keys(report.utilisation), ["cpu", "memory"]);
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});
await test("overrides are pairs, and a seed keeps its digits", () => {
  const seedOf = (seed) => fleetcast.run("two.toml", SCENARIO, asMap, [["seed", seed]]).seed;
  assert.equal(seedOf("7"), 7);
  assert.equal(seedOf("9007199254740993"), 9007199254740993n);
  assert.equal(fleetcast.run("two.toml", SCENARIO, asMap, new Map([["seed", "7"]])).seed, 7);
});
await test("a right scenario has no problems", () => {
  assert.deepEqual(fleetcast.check("two.toml", SCENARIO, asMap), { list: [], more: 0 });
});
await test("a wrong one has the same problems checked and run", () => {
  const wrong = SCENARIO.replace(`"small", count`, `"smal", count`);
  const problems = fleetcast.check("two.toml", wrong, asMap);
  assert.equal(problems.list[0].severity, "error");
  assert.deepEqual([problems.list[0].place.file, problems.list[0].place.line], ["two.toml", 8]);
  assert.throws(() => fleetcast.run("two.toml", wrong, asMap), (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.message, problems.list[0].message);
    assert.deepEqual(error.problems, problems);
    return true;
  });
});
await test("arguments of the wrong type are said by name", () => {
  assert.throws(() => fleetcast.run("two.toml", SCENARIO, "requests.csv"), /^Error: files: /);
  assert.throws(() => fleetcast.run("two.toml", SCENARIO, {}, 7), /^Error: overrides: /);
  assert.throws(() => fleetcast.expectedLine("two.toml", {}), /missing field/);
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
