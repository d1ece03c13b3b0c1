import { launch, visit, run, verdict, GROWTH } from "./browser.mjs";
const browser = await launch();
const page = await visit(browser);
await page.waitForTimeout(1500);
for (let i = 0; i < 6; i += 1) {
  const took = await page.evaluate((name) => new Promise((then) => {
    const begun = performance.now();
    new MutationObserver((_, o) => { if (document.querySelector("#verdict")) { o.disconnect(); then(performance.now() - begun); } }).observe(document.body, { childList: true, subtree: true });
    document.querySelector(`[aria-label="${name}"]`).click();
  }), `Run ${GROWTH}`);
  console.log("page run", i, took.toFixed(0));
  await page.waitForTimeout(500);
  await page.getByRole("button", { name: "Choose" }).click();
  await page.waitForTimeout(300);
}
const page2 = await visit(browser);
const { readFile } = await import("node:fs/promises");
const text = await readFile("../../scenarios/mercadolibre.toml", "utf8");
await page2.waitForTimeout(1000);
// in a bare worker-ish: main thread
console.log(await page2.evaluate(async (text) => {
  const m = await import("./worker.js"); const t0 = performance.now(); await m.default(); const out = ["init " + (performance.now() - t0).toFixed(0)];
  for (let i = 0; i < 6; i++) { const b = performance.now(); m.run("mercadolibre.toml", text, {}); out.push((performance.now() - b).toFixed(0)); }
  return out;
}, text));
await browser.close();
