// What journeys, pictures and measurements share: a browser, and how a person finds their way.

import { chromium } from "playwright-core";

export const [address, ...words] = process.argv.slice(2);

/** How long anything is waited for before it counts as not coming, ms: a busy machine is slow. */
const PATIENCE = 180_000;

/** Headless Chromium; nothing of it goes to a network. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    chromiumSandbox: false,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A person with a fresh profile on the first page. What goes wrong unseen is in `page.wrongs`. */
export async function visit(browser, { fragment = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.wrongs = [];
  page.elsewhere = [];
  page.on("pageerror", (error) => page.wrongs.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.wrongs.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("blob:") && !url.startsWith("data:")) page.elsewhere.push(url);
  });
  await page.goto(address + (fragment && `#${fragment}`));
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** Runs a scenario of the box by its title, up to its verdict. */
export async function run(page, title) {
  await page.getByRole("button", { name: `Run ${title}` }).click();
  await verdict(page);
}

/** The verdict, once it is there and all charts are. */
export async function verdict(page) {
  const words = page.locator("#verdict");
  await words.waitFor();
  await page.locator('.charts[aria-busy="false"]').waitFor();
  return words.textContent();
}

/** Opens a scenario of the box in the editor, checked. */
export async function edit(page, title) {
  await page.getByRole("button", { name: `Edit ${title}` }).click();
  await state(page, "no problems");
}

/** Waits until the editor says this. */
export async function state(page, words) {
  await page.locator(".workshop .state", { hasText: words }).waitFor();
}

/** Replaces the editor's text. */
export async function write(page, change) {
  const area = page.getByRole("textbox", { name: "Scenario" });
  await area.fill(change(await area.inputValue()));
}

/** Moves the time slider to a share of the run. */
export async function seek(page, part) {
  await page.locator("#slider").evaluate((slider, part) => {
    slider.value = String(part * Number(slider.max));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, part);
}

export const FIRST = "First steps: twenty hosts for a year";
export const GROWTH = "MercadoLibre: 100 to 2,000 servers";
export const ROLLOUT = "Rolling at peak";

/** The first scenario of the box, with hosts that fail. */
export async function failing(page) {
  await edit(page, FIRST);
  await write(page, (text) => `${text}\n[failures]\nhosts = "6 per year"\nrepair = "30 days"\n`);
  await state(page, "no problems");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await verdict(page);
  await seek(page, 0.5);
}

/** The course of a rollout that stood still at peak. */
export async function rollout(page) {
  await run(page, ROLLOUT);
  await page.getByRole("button", { name: "Rollout", exact: true }).click();
  await page.getByRole("heading", { name: "What it waited for" }).waitFor();
}

/** Turns each number of the run that is shown, to the end. */
export async function turned(page) {
  await page.getByRole("button", { name: "Turn each number" }).click();
  await page.locator(".tornado").first().waitFor();
}

/** The first scenario of the box with its assumptions, and what turning its numbers does. */
export async function whatif(page) {
  await run(page, FIRST);
  await page.getByText("Assumptions", { exact: true }).click();
  await turned(page);
}
