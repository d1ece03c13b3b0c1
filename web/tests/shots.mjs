// Pictures of every screen, to be looked at: light, dark, on a phone and on a wall.
//
//   node shots.mjs ADDRESS [NAME …]

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  FIRST, GROWTH, ROLLOUT, edit, failing, launch, rollout, run, seek, state, visit, whatif,
  words, write,
} from "./browser.mjs";

const folder = join(process.env.TARGET ?? "target", "fleetcast-web", "shots");
await mkdir(folder, { recursive: true });

const LOOKS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", deviceScaleFactor: 2 },
  wall: { viewport: { width: 2560, height: 1440 }, colorScheme: "dark" },
};

const SCREENS = {
  choose: async () => {},
  editor: (page) => edit(page, FIRST),
  problems: async (page) => {
    await edit(page, FIRST);
    await write(page, (text) => text.replace("count = 20", "count = twenty").replace("memory = \"16 GiB\"", "memory = \"16 GB\""));
    await state(page, "to mend");
  },
  replay: async (page) => {
    await run(page, GROWTH);
    await seek(page, 0.7);
    await page.waitForTimeout(500);
  },
  host: async (page) => {
    await run(page, GROWTH);
    await page.getByLabel("Host", { exact: true }).fill("h17");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "at this instant" }).waitFor();
  },
  refusal: async (page) => {
    await run(page, FIRST);
    await page.locator(".chips button").first().click();
    await page.getByRole("heading", { name: "What would make it fit" }).waitFor();
  },
  rollout,
  down: failing,
  whatif,
  image: async (page) => {
    await run(page, ROLLOUT);
    await page.locator(".legend select").selectOption("image");
    await seek(page, 0.565);
    await page.waitForTimeout(500);
  },
  compare: async (page) => {
    await edit(page, FIRST);
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByRole("button", { name: "Add a variant" }).click();
    await page.getByRole("button", { name: "Run all" }).click();
    await page.getByText("5 of 5 seeds").nth(2).waitFor();
    await page.waitForTimeout(400);
  },
};

const browser = await launch();
let taken = 0;
for (const [screen, go] of Object.entries(SCREENS)) {
  for (const [look, options] of Object.entries(LOOKS)) {
    const name = `${screen}-${look}`;
    if (words.length && !words.some((word) => name.includes(word))) continue;
    const page = await visit(browser, options);
    try {
      await go(page);
    } catch (error) {
      console.log(`${name}: ${error.message.split("\n")[0]}`, page.wrongs);
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(100);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    if (page.wrongs.length) console.log(name, page.wrongs);
    await page.context().close();
    taken += 1;
  }
}
await browser.close();
console.log(`${taken} pictures in ${folder}`);
