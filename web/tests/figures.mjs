// The figures of the web app, measured in headless Chromium on this machine, beside what each is
// held against. Times are medians of 5 unless the row says otherwise.
//
//   node figures.mjs ADDRESS

import { spawnSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { FIRST, GROWTH, address, edit, launch, run, state, verdict, visit, write } from "./browser.mjs";

const { DIST: dist, TARGET: target } = process.env;
const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => at(sorted(values), 0.5);
const ms = (value) => `${value.toFixed(1)} ms`;
const rows = [];
const figure = (what, found, wanted, held) => {
  rows.push([what, found, wanted, held ? "held" : "MISSED"]);
  console.log(`${what}: ${found} (${wanted})`);
};

const browser = await launch();

// The same run, natively and in WebAssembly, one after the other.

const native = [];
const wasm = [];
{
  const page = await visit(browser);
  const text = await readFile("scenarios/mercadolibre.toml", "utf8");
  await page.evaluate(async () => {
    window.fleetcast = await import("./worker.js");
    await window.fleetcast.default();
  });
  for (let round = 0; round < 6; round += 1) {
    const begun = performance.now();
    const done = spawnSync(join(target, "release", "fleetcast"), ["run", "scenarios/mercadolibre.toml", "--json", "--quiet"]);
    native.push(performance.now() - begun);
    if (done.status !== 0) throw new Error(String(done.stderr));
    wasm.push(await page.evaluate((text) => {
      const begun = performance.now();
      window.fleetcast.run("mercadolibre.toml", text, {});
      return performance.now() - begun;
    }, text));
  }
  await page.context().close();
}
// The first of each warms caches and compilers.
const nativeMs = median(native.slice(1));
const wasmMs = median(wasm.slice(1));
const ratio = wasmMs / nativeMs;
figure("WebAssembly ÷ native, mercadolibre.toml", `${ratio.toFixed(2)} (${ms(wasmMs)} ÷ ${ms(nativeMs)})`, "≤ 1.5", ratio <= 1.5);

// Frames.

/** Counts what each animation frame costs, from before the page begins. */
async function watched() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript(() => {
    window.work = [];
    window.intervals = [];
    let last = 0;
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (then) => ask((now) => {
      if (last) window.intervals.push(now - last);
      last = now;
      const begun = performance.now();
      then(now);
      window.work.push(performance.now() - begun);
    });
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: "longtask", buffered: true });
  });
  const page = await context.newPage();
  await page.goto(address);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** What a loop costs that only puts pixels on a canvas. */
const bare = (page) => page.evaluate(async () => {
  const map = document.querySelector("#map");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [map.width, map.height];
  document.querySelector("main").append(canvas);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  window.work = [];
  window.intervals = [];
  for (let frame = 0; frame < 100; frame += 1) {
    image.data.fill(frame);
    await new Promise((then) => requestAnimationFrame(() => {
      context.putImageData(image, 0, 0);
      then();
    }));
  }
  canvas.remove();
  return { work: window.work, intervals: window.intervals };
});
const p95 = ({ work, intervals }) => ({ work: at(sorted(work), 0.95), interval: at(sorted(intervals), 0.95) });
const said = (found) => `${ms(found.work)} of work, ${ms(found.interval)} from frame to frame`;

{
  const page = await watched();
  await run(page, GROWTH);
  await page.getByLabel("Speed").selectOption("8");
  await page.evaluate(() => { window.work = []; window.intervals = []; });
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.waitForTimeout(6_000);
  const played = await page.evaluate(() => ({ work: window.work, intervals: window.intervals }));
  const found = p95(played);
  figure("a frame at 2,000 hosts while playing, p95", `${said(found)} (${played.work.length} frames)`, "≤ 16 ms", found.work <= 16);
  figure("  beside it a bare canvas loop, p95", said(p95(await bare(page))), "for comparison", true);
  await page.context().close();
}

{
  const page = await watched();
  await edit(page, FIRST);
  await write(page, (text) => text
    .replace("count = 20", "count = 100000")
    .replace(/^name +=.*"main"$/m, 'name = "main"\nzones = 4\nracks-per-zone = 50')
    .replace("from = 50, to = 150", "from = 100000, to = 350000")
    .replace('"1 year"', '"30 days"'));
  await state(page, "no problems");
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  await verdict(page);
  await page.waitForTimeout(1_000);
  const scrubbed = await page.evaluate(async () => {
    const slider = document.querySelector("#slider");
    window.work = [];
    window.intervals = [];
    for (let step = 0; step < 120; step += 1) {
      slider.value = String(((step * 37) % 120) / 120 * Number(slider.max));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((then) => setTimeout(then, 60));
    }
    return { work: window.work, intervals: window.intervals };
  });
  const found = { ...p95(scrubbed) };
  figure("a frame at 100,000 hosts while scrubbing, p95", `${ms(found.work)} of work (${scrubbed.work.length} frames)`, "≤ 50 ms", found.work <= 50);
  figure("  beside it a bare canvas loop, p95", said(p95(await bare(page))), "for comparison", true);
  await page.context().close();
}

// The page while a simulation runs.
{
  const page = await watched();
  await page.waitForTimeout(500);
  await page.evaluate(() => { window.longest = 0; });
  await browser.startTracing(page, { categories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] });
  for (let round = 0; round < 3; round += 1) {
    await run(page, GROWTH);
    await page.getByRole("button", { name: "Choose" }).click();
  }
  await page.waitForTimeout(300);
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const longest = await page.evaluate(() => window.longest);
  const found = longest === 0 ? "none of 50 ms or more" : ms(longest);
  figure("the longest task of the page while mercadolibre.toml runs, 3 runs", found, "≤ 50 ms", longest <= 50);
  // A task also lasts while others have the processor: on a busy machine this is the fair figure.
  const pages = traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
  const ofPage = new Set(pages.map((event) => `${event.pid} ${event.tid}`));
  const tasks = traceEvents.filter((event) => event.name === "RunTask" && ofPage.has(`${event.pid} ${event.tid}`));
  const busiest = Math.max(...tasks.map((event) => (event.tdur ?? 0) / 1e3));
  figure("  the most processor time of one of its tasks", ms(busiest), "≤ 50 ms", busiest <= 50);
  await page.context().close();
}

// From the click to the verdict.
{
  const clicks = [];
  for (let round = 0; round < 5; round += 1) {
    const page = await visit(browser);
    await page.waitForTimeout(1_000);
    clicks.push(await page.evaluate((name) => new Promise((then) => {
      const begun = performance.now();
      new MutationObserver((_, observer) => {
        if (document.querySelector("#verdict")) {
          observer.disconnect();
          then(performance.now() - begun);
        }
      }).observe(document.body, { childList: true, subtree: true });
      document.querySelector(`[aria-label="${name}"]`).click();
    }), `Run ${GROWTH}`));
    await page.context().close();
  }
  const bound = 2 * nativeMs + 300;
  figure("from click to verdict, mercadolibre.toml", ms(median(clicks)), `≤ 2 × native + 300 ms = ${ms(bound)}`, median(clicks) <= bound);
}
await browser.close();

// Bytes.
{
  const size = async (names) => {
    let sum = 0;
    for (const name of names) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
      sum += brotliCompressSync(await readFile(join(dist, name)), { params }).length;
    }
    return sum / 1_000;
  };
  const names = (await readdir(dist)).filter((name) => /\.(html|js|css|wasm|svg|webmanifest)$/.test(name));
  const ofWorker = (name) => /^work/.test(name) || name === "sw.js";
  const first = await size(names.filter((name) => !ofWorker(name)));
  const all = await size(names);
  figure("bytes for the first view, brotli", `${first.toFixed(0)} kB; ${all.toFixed(0)} kB with the worker, which is fetched after it`, "≤ 400 kB", first <= 400);
}

console.log(`\n| what | found | wanted | |\n|---|---|---|---|`);
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
const missed = rows.filter((row) => row[3] !== "held").length;
console.log(missed ? `${missed} of ${rows.length} missed` : `all ${rows.length} held`);
process.exit(missed ? 1 : 0);
